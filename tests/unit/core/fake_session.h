/*
 * fake_session.h: a board in memory behind the functions of espbackup/session.h, with faults that
 * come from a seed. Time does not pass; what a real board would take is added up.
 */
#ifndef FAKE_SESSION_H
#define FAKE_SESSION_H

#include "espbackup/session.h"

#define STUB_FRAME 4096u
#define ROM_FRAME  64u

/* What a board does that acknowledges a write and does not make it. */
typedef enum fake_lie {
    FAKE_HONEST,
    FAKE_LIE_KEEP, /* the flash stays as it is */
    FAKE_LIE_FLIP, /* one bit is programmed wrong */
    FAKE_LIE_SHORT /* the last page of the sector stays erased */
} fake_lie_t;

/* One bit of one request is turned over on the way; counted down from the next one
 * of its kind. */
typedef struct fake_damage {
    unsigned read, digest; /* that one goes to its address ^ (1 << bit); 0: none */
    unsigned erasing_read; /* that one arrives as ERASE_FLASH; 0: none */
    unsigned bit;
} fake_damage_t;

struct eb_session {
    eb_chip_info_t chip;
    eb_flash_info_t flash;
    eb_session_stats_t stats;
    uint8_t *bytes;       /* flash.size_bytes of them; owned */
    uint64_t reach_bytes; /* what the stub can address; 0: all */

    /* faults */
    uint64_t seed;
    double error_rate;    /* a byte on the wire */
    bool only_flips;      /* else drops, stalls, resets and unplugs too */
    uint32_t frame_bytes; /* what comes at once in a read: STUB_FRAME, which fake_new sets, or
                             ROM_FRAME */
    double wrong_rate;    /* a digest that is damaged on the way and nobody notices */
    double
        wrong_address_rate; /* a request whose address is damaged on the way and nobody notices */
    fake_damage_t damage;   /* one request, and no other fault */
    int gone;    /* recoveries that fail before the board is back; -1: its port never is */
    bool broken; /* every call fails until it is recovered */
    uint32_t max_write_baud; /* above this rate no block of a write arrives whole; 0: any rate */
    bool other_board;        /* recovery finds another MAC */
    uint64_t lost_at;        /* wire bytes after which the port is gone for good; 0: never */
    uint64_t shaky_at;       /* wire bytes after which a fault was noticed and got over; 0: never */
    uint64_t cancel_at;      /* wire bytes after which cancel is asked for; 0: never */

    /* faults of writing; the flash is NOR: erased to ones, programmed to zeroes only */
    fake_lie_t lie;
    int lies_after;           /* sectors that it makes well before */
    int lies_left;            /* sectors; -1: for ever */
    uint32_t alias_bytes;     /* the flash is no larger than that and repeats itself; 0: no */
    uint32_t refuse_addr;     /* the sector there is refused with a status; UINT32_MAX: none */
    int refuse_left;          /* times; -1: for ever */
    uint8_t protect_status;   /* status register; its BP bits make the flash ignore writes */
    bool protect_unknown;     /* it cannot be asked for */
    uint32_t erase_extra;     /* the next erase takes so many bytes more than it was told to */
    uint32_t firmware_writes; /* after a reset its firmware changes a byte there; 0: no */

    /* what was done */
    uint64_t wire_bytes, read_bytes, digest_bytes;
    unsigned reads, digests, recoveries, slowdowns;
    uint64_t written_bytes;       /* programmed */
    unsigned writes, erase_calls; /* calls */
    unsigned *erases;             /* of each sector */
    uint8_t *told; /* one a byte: sent over the wire or hashed by the chip since it was changed */
};

eb_session_t *fake_new(uint64_t flash_bytes, uint64_t seed);
void fake_free(eb_session_t *s);
/* A new run on the same board: counters and faults are reset, the flash stays. */
void fake_forget(eb_session_t *s);
/* Sectors erased so far, and how often all of them together. */
unsigned fake_sectors_touched(const eb_session_t *s);
uint64_t fake_sector_erases(const eb_session_t *s);

/* splitmix64: the same numbers everywhere. */
uint64_t fake_random(uint64_t *seed);
void fake_fill(eb_session_t *s, uint32_t addr, uint32_t size, uint64_t seed);

#endif
