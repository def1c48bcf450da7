/* leap.c: see leap.h. */
#include "leap.h"

#include "bytes.h"

/* What a flash takes, by the data sheets: a block erased, a page programmed. */
#define ERASE_S_PER_BYTE   (0.200 / 65536.0)
#define PROGRAM_S_PER_BYTE (0.0007 / 256.0)
/* Of what is written, what goes over the line after deflating: firmware, as a rule. */
#define DEFLATED_SHARE     0.65

#define SECTOR_BYTES   4096u
#define RUN_MIN_BYTES  (4 * SECTOR_BYTES)
#define LEAP_MAX_BYTES (256u * 1024u)
/* This much must have differed before, and this share of all: few changes are found exactly. */
#define OLD_MIN_BYTES  (64u * 1024u)
#define OLD_MIN_PARTS  32

void eb_leap_digest(eb_leap_t *leap, uint32_t size, int64_t us)
{
    leap->asked.digests++;
    leap->asked.bytes += size;
    leap->asked.us += us;
}

void eb_leap_asked(eb_leap_t *leap, uint32_t size, bool equal)
{
    if (equal) {
        leap->same_bytes += size;
        leap->run_bytes = 0;
        leap->is_other = false;
        return;
    }
    leap->old_bytes += size;
    leap->run_bytes = eb_min_u32(LEAP_MAX_BYTES, leap->run_bytes + size);
}

void eb_leap_taken(eb_leap_t *leap, uint32_t size)
{
    leap->unasked_bytes += size;
    leap->run_bytes = eb_min_u32(LEAP_MAX_BYTES, leap->run_bytes + size);
}

/* From erasing to the line, whichever is slower, and the proof that follows. */
static double write_s_per_byte(const eb_link_speed_t *speed, bool blank)
{
    double flash_s = ERASE_S_PER_BYTE + (blank ? 0 : PROGRAM_S_PER_BYTE);
    double line_s = blank ? 0 : DEFLATED_SHARE * speed->read_s_per_byte;

    return (flash_s > line_s ? flash_s : line_s) + speed->digest_s_per_byte;
}

uint32_t eb_leap_size(const eb_leap_t *leap, bool blank)
{
    const eb_link_speed_t *speed = &leap->speed;
    uint64_t old_min = leap->total_bytes / OLD_MIN_PARTS;
    uint32_t run = leap->run_bytes;
    /* Laplace: what the next sector is after those that were asked about. */
    double chance_same = (double)(leap->same_bytes + SECTOR_BYTES) /
                         (double)(leap->same_bytes + leap->old_bytes + 2 * SECTOR_BYTES);
    double look_s_per_byte = speed->digest_s_per_byte + speed->round_trip_s / SECTOR_BYTES;

    old_min = old_min > OLD_MIN_BYTES ? old_min : OLD_MIN_BYTES;
    if (leap->is_other) {
        old_min = 0;
        run = run > OLD_MIN_BYTES ? run : OLD_MIN_BYTES;
    }
    if (!leap->allowed || leap->old_bytes < old_min || run < RUN_MIN_BYTES ||
        chance_same * write_s_per_byte(speed, blank) > look_s_per_byte) {
        return 0;
    }
    return run - run % SECTOR_BYTES;
}
