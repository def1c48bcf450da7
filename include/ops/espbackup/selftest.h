/* selftest.h: what a self-test of a board is asked for, and what it found. */
#ifndef ESPBACKUP_SELFTEST_H
#define ESPBACKUP_SELFTEST_H

#include "espbackup/err.h"
#include "espbackup/facts.h"
#include "espbackup/measure.h"
#include "paths.h"
#include "restore_options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_SELFTEST_RESETS_MAX  8
#define EB_SELFTEST_RATES_MAX   8
#define EB_SELFTEST_SCRATCH_MAX (256u * 1024u) /* so that a slow line is done in time */

typedef struct eb_selftest_options {
    bool has_scratch;      /* change a range too, and restore it: */
    uint32_t addr, size;   /* whole sectors, at most EB_SELFTEST_SCRATCH_MAX */
    const char *dir;       /* folder for the bytes of that range while they are changed */
    eb_confirm_fn confirm; /* asked before all else, with a scratch range; NULL: go on */
    void *confirm_user;
} eb_selftest_options_t;

/* Of a part: EB_OK, or why figures of it are missing. EB_ERR_UNSUPPORTED: this board or port has no
 * such thing. EB_ERR_TIMEOUT also: there was no time left. */

/* The ROM bootloader, or the stub. A figure of 0 was not measured. */
typedef struct eb_selftest_program {
    eb_code_t code;
    uint32_t baud; /* of these figures; 0: the port has no rate */
    int64_t round_trip_us;
    int64_t round_trip_wire_us; /* of that, what the line needs for the bytes */
    int64_t digest_us_per_mib;
    uint32_t read_bytes_per_s;
} eb_selftest_program_t;

/* A reset sequence into download mode, tried several times; how often each came about. */
typedef struct eb_selftest_reset {
    const char *name; /* static storage */
    uint32_t tries;
    uint32_t entered, left; /* as in eb_reset_trial_t */
    uint32_t named_flash;   /* the boot text named a start from the flash */
} eb_selftest_reset_t;

typedef struct eb_selftest_rate {
    uint32_t baud;
    eb_code_t code;  /* of the change, the read, or the way back */
    bool holds;      /* data came, verified by the chip's MD5, without a retry */
    bool steps_back; /* to EB_ROM_BAUD, afterwards */
    uint32_t retries;
    uint32_t read_bytes_per_s;
} eb_selftest_rate_t;

/* Whether the stub reaches what lies above 16 MB. */
typedef enum eb_selftest_far {
    EB_FAR_NOT_MEASURED,
    EB_FAR_NOT_APPLICABLE, /* the flash is not larger */
    EB_FAR_WORKS,
    EB_FAR_SAME, /* each place above holds the same as the one 16 MB below: it may be that place */
    EB_FAR_FAILS
} eb_selftest_far_t;

typedef struct eb_selftest_scratch {
    eb_code_t code;
    uint32_t addr, size;
    bool restored;                  /* all bytes are as before, by the chip's MD5 */
    uint32_t baud;                  /* of these figures; 0: the port has no rate */
    int64_t sector_erase_us;        /* 4 KB */
    int64_t block_erase_us;         /* 64 KB; 0 also: no such block lies in the range */
    uint32_t program_bytes_per_s;   /* of zeroes, which take no time on the line */
    uint32_t write_bytes_per_s;     /* of random bytes */
    char saved_path[EB_PATH_BYTES]; /* the bytes before, if they are still needed; else empty */
} eb_selftest_scratch_t;

typedef struct eb_selftest_result {
    eb_port_info_t port;
    eb_chip_info_t chip;
    eb_flash_info_t flash;
    eb_code_t reset_code;
    eb_selftest_reset_t resets[EB_SELFTEST_RESETS_MAX];
    size_t reset_count;
    eb_selftest_program_t rom, stub;
    uint32_t rom_reads_in_flight; /* of EB_ROM_READ_BYTES, all answered; 0: not measured */
    uint32_t stub_upload_us;      /* until its last byte was acknowledged */
    uint32_t stub_start_us;       /* from then until it greeted */
    char stub_version[16];
    eb_selftest_rate_t rates[EB_SELFTEST_RATES_MAX]; /* lowest first */
    size_t rate_count;
    eb_selftest_far_t far;
    bool has_scratch;
    eb_selftest_scratch_t scratch;
    double seconds; /* 0: the test did not begin */
} eb_selftest_result_t;

#endif
