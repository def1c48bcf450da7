#include "compare_ahead.h"

#include "bytes.h"

/* What a flash takes, by the data sheets: a block erased, a page programmed. */
#define ERASE_S_PER_BYTE   (0.200 / 65536.0)
#define PROGRAM_S_PER_BYTE (0.0007 / 256.0)
/* Of what is written, what goes over the line after deflating: firmware, as a rule. */
#define DEFLATED_SHARE     0.65

#define RUN_MIN_BYTES  (4 * EB_SECTOR_BYTES)
#define SKIP_MAX_BYTES (256u * 1024u)
/* This much must have differed before, and this share of all: few changes are found exactly. */
#define OLD_MIN_BYTES  (64u * 1024u)
#define OLD_MIN_PARTS  32

void eb_compare_ahead_compared(eb_compare_ahead_t *ahead, uint32_t size, bool equal)
{
    if (equal) {
        ahead->same_bytes += size;
        ahead->run_bytes = 0;
        ahead->is_other = false;
        return;
    }
    ahead->old_bytes += size;
    ahead->run_bytes = eb_min_u32(SKIP_MAX_BYTES, ahead->run_bytes + size);
}

void eb_compare_ahead_skipped(eb_compare_ahead_t *ahead, uint32_t size)
{
    ahead->skipped_bytes += size;
    ahead->run_bytes = eb_min_u32(SKIP_MAX_BYTES, ahead->run_bytes + size);
}

/* From erasing to the line, whichever is slower, and the verification that follows. */
static double write_s_per_byte(const eb_link_speed_t *speed, bool blank)
{
    double flash_s = ERASE_S_PER_BYTE + (blank ? 0 : PROGRAM_S_PER_BYTE);
    double line_s = blank ? 0 : DEFLATED_SHARE * speed->read_s_per_byte;

    return (flash_s > line_s ? flash_s : line_s) + speed->digest_s_per_byte;
}

uint32_t eb_compare_ahead_skip_bytes(const eb_compare_ahead_t *ahead, bool blank)
{
    const eb_link_speed_t *speed = &ahead->speed;
    uint64_t old_min = ahead->total_bytes / OLD_MIN_PARTS;
    uint32_t run = ahead->run_bytes;
    /* Laplace: what the next sector is after those that were asked about. */
    double chance_same = (double)(ahead->same_bytes + EB_SECTOR_BYTES) /
                         (double)(ahead->same_bytes + ahead->old_bytes + 2 * EB_SECTOR_BYTES);
    double look_s_per_byte = speed->digest_s_per_byte + speed->round_trip_s / EB_SECTOR_BYTES;

    old_min = old_min > OLD_MIN_BYTES ? old_min : OLD_MIN_BYTES;
    if (ahead->is_other) {
        old_min = 0;
        run = run > OLD_MIN_BYTES ? run : OLD_MIN_BYTES;
    }
    if (!ahead->allowed || ahead->old_bytes < old_min || run < RUN_MIN_BYTES ||
        chance_same * write_s_per_byte(speed, blank) > look_s_per_byte) {
        return 0;
    }
    return run - run % EB_SECTOR_BYTES;
}
