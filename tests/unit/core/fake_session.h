/*
 * fake_session.h: a board in memory behind the functions of espbackup/session.h, with faults that
 * come from a seed. Time does not pass; what a real board would take is added up.
 */
#ifndef FAKE_SESSION_H
#define FAKE_SESSION_H

#include "espbackup/session.h"

struct eb_session {
    eb_chip_info_t chip;
    eb_flash_info_t flash;
    eb_session_stats_t stats;
    uint8_t *bytes; /* flash.size_bytes of them; owned */
    bool has_digest;

    /* faults */
    uint64_t seed;
    double error_rate;  /* a byte on the wire */
    bool only_flips;    /* else drops, stalls, resets and unplugs too */
    int gone;           /* recoveries that fail before the port is back; -1: never back */
    bool broken;        /* every call fails until it is recovered */
    bool other_board;   /* recovery finds another MAC */
    uint64_t lost_at;   /* wire bytes after which the port is gone for good; 0: never */
    uint64_t cancel_at; /* wire bytes after which cancel is asked for; 0: never */

    /* what was done */
    uint64_t wire_bytes, read_bytes, digest_bytes;
    unsigned reads, digests, recoveries, slowdowns;
    uint8_t *told; /* one a byte: sent over the wire or hashed by the chip since fake_forget */
};

eb_session_t *fake_new(uint64_t flash_bytes, uint64_t seed);
void fake_free(eb_session_t *s);
/* A new run on the same board: counters and faults are reset, the flash stays. */
void fake_forget(eb_session_t *s);

/* splitmix64: the same numbers everywhere. */
uint64_t fake_random(uint64_t *seed);
void fake_fill(eb_session_t *s, uint32_t addr, uint32_t size, uint64_t seed);

#endif
