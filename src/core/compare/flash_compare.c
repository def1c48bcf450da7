/*
 * flash_compare.c: where the board differs from wanted bytes.
 *
 * Most of the time goes into the chip's hashing (1 to 4 s a MiB), little into round trips. So
 * pieces start at 64 KiB, grow where the board has been equal for a while until round trips do not
 * count, shrink where it was not, and what differs is cut in four. Right behind a differing sector
 * the next ones are asked for one by one, so that a board with other content is hashed once and not
 * once a level.
 */
#include "flash_compare.h"

#include "bytes.h"
#include "clock.h"
#include "digest.h"
#include "link_speed.h"
#include "range.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_START_BYTES EB_BLOCK_BYTES
#define PIECE_AFTER_BYTES (EB_BLOCK_BYTES / 4) /* where something differed: more may */
#define PIECE_SURE_BYTES  (512u * 1024u)       /* where nothing should differ */
#define PIECE_MAX_BYTES   (1024u * 1024u)
#define GROW_AFTER        4    /* equal pieces in a row */
#define ROUND_TRIP_SHARE  0.05 /* of a piece's time; larger ones only cost more when they differ */
#define PARTS             4
#define TRIES_MAX         12 /* until two answers on a sector agree */

typedef struct compare {
    eb_retry_t retry;
    const eb_events_t *ev;
    eb_wanted_fn wanted;
    void *user;
    eb_spans_t *spans;
    eb_range_t range;
    eb_compare_ahead_t *ahead;
    eb_digest_t *md5;
    uint8_t *bytes;     /* EB_BLOCK_BYTES of what is wanted */
    uint64_t dense_end; /* end of a sector that differs and is not erased */
    uint64_t old_bytes; /* found to differ so far, or taken for it */
    bool was_cut;       /* the last piece had to be cut */
    bool doubted;       /* two digests of the same bytes differed */
} compare_t;

static eb_code_t add_span(compare_t *c, uint32_t addr, uint32_t size, eb_span_state_t state,
                          eb_err_t *err)
{
    eb_code_t code = eb_spans_add(c->spans, addr, size, state, err);

    if (code == EB_OK) {
        c->old_bytes += state == EB_SPAN_OLD ? size : 0;
        eb_event_progress(c->ev, EB_PHASE_CHECK, (uint64_t)addr + size - c->range.addr,
                          c->range.size);
    }
    return code;
}

/* The board was asked about it. */
static eb_code_t add_asked(compare_t *c, uint32_t addr, uint32_t size, bool equal, eb_err_t *err)
{
    eb_compare_ahead_compared(c->ahead, size, equal);
    return add_span(c, addr, size, equal ? EB_SPAN_SAME : EB_SPAN_OLD, err);
}

/* Bytes from addr to the next multiple of `step`, or to the end of the range if that is nearer. */
static uint32_t bytes_to_border(const compare_t *c, uint32_t addr, uint32_t step)
{
    return eb_min_u32(step - addr % step, c->range.size - (addr - c->range.addr));
}

static eb_code_t hash_wanted(compare_t *c, eb_range_t piece, uint8_t md5[EB_MD5_BYTES],
                             eb_err_t *err)
{
    eb_code_t code = EB_OK;

    eb_digest_reset(c->md5);
    for (uint32_t done = 0, count; done < piece.size && code == EB_OK; done += count) {
        count = eb_min_u32(piece.size - done, EB_BLOCK_BYTES);
        code = c->wanted(c->user, piece.addr + done, count, c->bytes, err);
        eb_digest_update(c->md5, c->bytes, count);
    }
    eb_digest_finish(c->md5, md5);
    return code;
}

/* What the chip says of a piece. */
typedef struct eb_answer {
    uint8_t md5[EB_MD5_BYTES];
    bool equal;
    bool erased; /* differs, and all its bytes are 0xFF */
} eb_answer_t;

static eb_code_t ask(compare_t *c, eb_range_t piece, eb_answer_t *out, eb_err_t *err)
{
    uint8_t ours[EB_MD5_BYTES];

    eb_code_t code = eb_event_check(c->ev, err);
    if (code != EB_OK || (code = hash_wanted(c, piece, ours, err)) != EB_OK) {
        return code;
    }
    int64_t started_us = eb_clock_us();
    if ((code = eb_retry_digest(&c->retry, piece.addr, piece.size, out->md5, err)) != EB_OK) {
        return code;
    }
    eb_cost_add(&c->ahead->digest_cost, piece.size, eb_clock_us() - started_us);
    out->equal = memcmp(ours, out->md5, sizeof(ours)) == 0;
    out->erased = !out->equal && eb_retry_answer_is_erased(&c->retry, piece.size);
    return EB_OK;
}

/* A digest has no check of its own: one damaged on the line would pass for a difference. So two in
 * a row have to agree on it; a digest that is as wanted needs no second one. */
static eb_code_t ask_again(compare_t *c, eb_range_t sector, eb_answer_t *answer, eb_err_t *err)
{
    for (int i = 1; i < TRIES_MAX && !answer->equal && !answer->erased; i++) {
        uint8_t before[EB_MD5_BYTES];
        memcpy(before, answer->md5, sizeof(before));
        eb_code_t code = ask(c, sector, answer, err);
        if (code != EB_OK || memcmp(before, answer->md5, sizeof(before)) == 0) {
            return code;
        }
        c->doubted = true;
    }
    if (answer->equal || answer->erased) {
        return EB_OK;
    }
    return eb_err_set(err, EB_ERR_UNVERIFIED, "%d digests of 0x%x + 0x%x differ", TRIES_MAX,
                      sector.addr, sector.size);
}

/* The board is erased there: the wanted bytes alone tell what differs. */
static eb_code_t compare_with_erased(compare_t *c, eb_range_t piece, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    for (uint32_t done = 0, count; done < piece.size && code == EB_OK; done += count) {
        uint32_t addr = piece.addr + done;
        count = bytes_to_border(c, addr, EB_SECTOR_BYTES);
        if ((code = c->wanted(c->user, addr, count, c->bytes, err)) == EB_OK) {
            code = add_asked(c, addr, count, eb_bytes_erased(c->bytes, count), err);
        }
    }
    return code;
}

static eb_code_t compare_sector(compare_t *c, eb_range_t sector, eb_err_t *err)
{
    eb_answer_t answer;
    bool dense = c->dense_end == sector.addr;
    eb_code_t code = ask(c, sector, &answer, err);

    /* In a stretch of other content each would cost twice: there only a line with faults is
     * doubted. */
    if (code == EB_OK && (!dense || c->doubted || eb_line_had_faults(c->retry.session))) {
        code = ask_again(c, sector, &answer, err);
    }
    if (code != EB_OK) {
        return code;
    }
    if (!answer.equal && !answer.erased) {
        c->dense_end = (uint64_t)sector.addr + sector.size;
    }
    return add_asked(c, sector.addr, sector.size, answer.equal, err);
}

static eb_code_t compare_piece(compare_t *c, eb_range_t piece, uint32_t span, bool is_bad,
                               eb_err_t *err);

/* The parts of a piece; `known` tells that the piece was found to differ. */
static eb_code_t compare_parts(compare_t *c, eb_range_t piece, uint32_t span, bool known,
                               eb_err_t *err)
{
    uint32_t part_span = span / PARTS < EB_SECTOR_BYTES ? EB_SECTOR_BYTES : span / PARTS;
    uint64_t old_before = c->old_bytes;
    eb_code_t code = EB_OK;

    c->was_cut = true;
    for (uint32_t done = 0, size; done < piece.size && code == EB_OK; done += size) {
        uint32_t addr = piece.addr + done;
        size = eb_min_u32(part_span - addr % part_span, piece.size - done);
        bool last = done + size == piece.size;
        bool is_bad = known && last && c->old_bytes == old_before; /* the only part that is left */
        code = compare_piece(c, (eb_range_t){addr, size}, part_span, is_bad, err);
    }
    return code;
}

/* `span`: what the borders of the piece are multiples of. is_bad: it is known to differ. */
static eb_code_t compare_piece(compare_t *c, eb_range_t piece, uint32_t span, bool is_bad,
                               eb_err_t *err)
{
    eb_answer_t answer;

    if (span <= EB_SECTOR_BYTES) {
        return compare_sector(c, piece, err);
    }
    if (c->dense_end == piece.addr || is_bad) {
        return compare_parts(c, piece, span, is_bad, err);
    }
    eb_code_t code = ask(c, piece, &answer, err);
    if (code != EB_OK) {
        return code;
    }
    if (answer.equal) {
        return add_asked(c, piece.addr, piece.size, true, err);
    }
    return answer.erased ? compare_with_erased(c, piece, err)
                         : compare_parts(c, piece, span, true, err);
}

/* -- skips --------------------------------------------------------------------------------- */

static eb_code_t is_blank_sector(compare_t *c, uint32_t addr, bool *blank, eb_err_t *err)
{
    eb_code_t code = c->wanted(c->user, addr, EB_SECTOR_BYTES, c->bytes, err);

    *blank = code == EB_OK && eb_bytes_erased(c->bytes, EB_SECTOR_BYTES);
    return code;
}

/* How far to skip from addr on; 0: not at all. Where data shall end and blank begin, or the other
 * way round, another thing begins on the board too: it is looked at. */
static eb_code_t choose_skip(compare_t *c, uint32_t addr, uint32_t *size, eb_err_t *err)
{
    bool blank, next;

    *size = 0;
    if (!c->ahead->allowed) {
        return EB_OK;
    }
    eb_code_t code = is_blank_sector(c, addr, &blank, err);
    uint32_t limit = code == EB_OK ? eb_compare_ahead_skip_bytes(c->ahead, blank) : 0;
    limit = eb_min_u32(limit, c->range.size - (addr - c->range.addr));
    while (code == EB_OK && *size < limit) {
        code = is_blank_sector(c, addr + *size, &next, err);
        if (next != blank) {
            break;
        }
        *size += EB_SECTOR_BYTES;
    }
    return code;
}

/* The sector behind a skip is as wanted: so may be what lies before it. *size: what is left of the
 * skip once its equal end is gone. */
static eb_code_t look_back(compare_t *c, uint32_t addr, uint32_t *size, eb_err_t *err)
{
    eb_answer_t answer;
    eb_code_t code = EB_OK;

    for (uint32_t part = *size / 2; part > 0 && code == EB_OK; part = eb_min_u32(part, *size)) {
        part += (EB_SECTOR_BYTES - part % EB_SECTOR_BYTES) % EB_SECTOR_BYTES;
        code = ask(c, (eb_range_t){addr + *size - part, part}, &answer, err);
        if (code == EB_OK && answer.equal) {
            *size -= part;
        } else if (part == EB_SECTOR_BYTES) {
            break;
        } else {
            part /= 2;
        }
    }
    return code;
}

/* Skip `size` bytes and look at the sector behind them, if there is one. *done: both. */
static eb_code_t skip_over(compare_t *c, uint32_t addr, uint32_t size, uint32_t *done,
                           eb_err_t *err)
{
    uint32_t left = c->range.size - (addr - c->range.addr) - size;
    eb_range_t behind = {addr + size, eb_min_u32(left, EB_SECTOR_BYTES)};
    eb_answer_t answer = {.equal = false};
    uint32_t unasked = size;
    eb_code_t code = EB_OK;

    if (behind.size > 0) {
        code = ask(c, behind, &answer, err);
    }
    if (code == EB_OK && answer.equal) {
        code = look_back(c, addr, &unasked, err);
    }
    if (code == EB_OK) {
        eb_compare_ahead_skipped(c->ahead, unasked);
        code = add_span(c, addr, unasked, EB_SPAN_OLD, err);
    }
    *done = size + behind.size;
    c->dense_end = answer.equal ? UINT64_MAX : (uint64_t)addr + *done;
    if (code == EB_OK && *done > unasked) {
        code = add_asked(c, addr + unasked, *done - unasked, answer.equal, err);
    }
    return code;
}

/* -- all of it ------------------------------------------------------------------------------ */

/* Larger pieces than that save no time. */
static uint32_t largest_piece(const compare_t *c)
{
    const eb_link_speed_t *speed = &c->ahead->speed;
    double digest_s = ROUND_TRIP_SHARE * PIECE_MAX_BYTES * speed->digest_s_per_byte;

    if (speed->round_trip_s >= digest_s) {
        return PIECE_MAX_BYTES;
    }
    double bytes = PIECE_MAX_BYTES * speed->round_trip_s / digest_s;
    return bytes > PIECE_START_BYTES ? (uint32_t)bytes : PIECE_START_BYTES;
}

static eb_code_t compare_all(compare_t *c, eb_err_t *err)
{
    uint32_t span = c->ahead->expects_same ? PIECE_SURE_BYTES : PIECE_START_BYTES;
    int whole_in_row = 0;
    eb_code_t code = EB_OK;

    for (uint32_t done = 0, size; done < c->range.size && code == EB_OK; done += size) {
        uint32_t addr = c->range.addr + done;
        code = choose_skip(c, addr, &size, err);
        c->was_cut = size > 0;
        if (code == EB_OK && size > 0) {
            code = skip_over(c, addr, size, &size, err);
        } else if (code == EB_OK) {
            size = bytes_to_border(c, addr, span);
            code = compare_piece(c, (eb_range_t){addr, size}, span, false, err);
        }
        whole_in_row = c->was_cut ? 0 : whole_in_row + 1;
        if (c->was_cut) {
            span = PIECE_AFTER_BYTES;
        } else if (whole_in_row >= GROW_AFTER && 2 * span <= largest_piece(c)) {
            span *= 2;
            whole_in_row = 0;
        }
    }
    return code;
}

eb_code_t eb_flash_compare(eb_session_t *s, uint32_t addr, uint32_t size, eb_wanted_fn wanted,
                           void *user, eb_compare_ahead_t *ahead, const eb_events_t *ev,
                           eb_spans_t *spans, eb_err_t *err)
{
    eb_compare_ahead_t none = {.speed = eb_link_speed_guess(s)};
    compare_t c = {.ev = ev, .wanted = wanted, .user = user, .spans = spans};
    eb_code_t code;

    memset(spans, 0, sizeof(*spans));
    if (!eb_range_within(addr, size, 1ull << 32)) {
        return eb_err_set(err, EB_ERR_USAGE, "range 0x%x + 0x%x passes 4 GiB", addr, size);
    }
    eb_retry_init(&c.retry, s, ev);
    c.range = (eb_range_t){addr, size};
    c.ahead = ahead != NULL ? ahead : &none;
    c.retry.speed = &c.ahead->speed;
    c.ahead->run_bytes = 0; /* what lies before is another thing */
    c.dense_end = UINT64_MAX;
    c.md5 = eb_digest_new(EB_DIGEST_MD5);
    c.bytes = malloc(EB_BLOCK_BYTES);
    if (c.md5 == NULL || c.bytes == NULL) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory to compare");
        goto done;
    }
    eb_event_progress(ev, EB_PHASE_CHECK, 0, size);
    code = compare_all(&c, err);
done:
    free(c.bytes);
    eb_digest_free(c.md5);
    if (code != EB_OK) {
        eb_spans_free(spans);
    }
    return code;
}
