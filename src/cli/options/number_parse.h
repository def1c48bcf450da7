/* number_parse.h: numbers and sizes as people type them. */
#ifndef EB_OPTIONS_NUMBER_PARSE_H
#define EB_OPTIONS_NUMBER_PARSE_H

#include "espbackup/err.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum eb_number_fault {
    EB_NUMBER_OK = 0,
    EB_NUMBER_SYNTAX, /* not a number */
    EB_NUMBER_SUFFIX, /* a number with something behind it */
    EB_NUMBER_OVERFLOW
} eb_number_fault_t;

/*
 * "65536", "0x10000"; with `suffixes` also K, KB, KiB, M, MB, MiB, G, GB, GiB in any case, all
 * times 1024, after decimal digits. No sign, no space, no fraction. *out is 0 on failure.
 */
eb_number_fault_t eb_number_parse(const char *text, bool suffixes, uint64_t *out);

/* ADDR and SIZE as words of the command line. EB_ERR_USAGE names the one that cannot be: both fit
 * 32 bits, the size is not 0, and the range ends within 4 GiB. */
eb_code_t eb_range_parse(const char *addr_text, const char *size_text, uint32_t *addr,
                         uint32_t *size, eb_err_t *err);

#endif
