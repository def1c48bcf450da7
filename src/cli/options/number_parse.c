/* number_parse.c: digits, then a multiplier; every step checked against overflow. */
#include "number_parse.h"

#include "bytes.h"

#include <stddef.h>
#include <strings.h>

/* Factor of a suffix; 0 when it is none. */
static uint64_t suffix_factor(const char *suffix)
{
    static const struct {
        const char *text;
        uint64_t factor;
    } suffixes[] = {
        {"", 1},
        {"K", 1024},
        {"KB", 1024},
        {"KiB", 1024},
        {"M", 1024 * 1024},
        {"MB", 1024 * 1024},
        {"MiB", 1024 * 1024},
        {"G", 1024 * 1024 * 1024},
        {"GB", 1024 * 1024 * 1024},
        {"GiB", 1024 * 1024 * 1024},
    };

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (strcasecmp(suffix, suffixes[i].text) == 0) {
            return suffixes[i].factor;
        }
    }
    return 0;
}

eb_number_fault_t eb_number_parse(const char *text, bool suffixes, uint64_t *out)
{
    int base = 10;
    uint64_t value = 0;
    uint64_t factor = 1;
    const char *p = text;

    *out = 0;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        base = 16;
        p += 2;
    }
    const char *digits = p;
    for (int digit = eb_hex_digit(*p); digit >= 0 && digit < base; digit = eb_hex_digit(*++p)) {
        if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value)) {
            return EB_NUMBER_OVERFLOW;
        }
    }
    if (p == digits) {
        return EB_NUMBER_SYNTAX;
    }
    if (*p != '\0') {
        factor = suffixes && base == 10 ? suffix_factor(p) : 0;
        if (factor == 0) {
            return EB_NUMBER_SUFFIX;
        }
    }
    if (__builtin_mul_overflow(value, factor, &value)) {
        return EB_NUMBER_OVERFLOW;
    }
    *out = value;
    return EB_NUMBER_OK;
}

static eb_code_t parse_u32(const char *what, const char *text, uint64_t least, uint32_t *out,
                           eb_err_t *err)
{
    uint64_t value;

    *out = 0;
    if (eb_number_parse(text, true, &value) != EB_NUMBER_OK || value < least ||
        value > UINT32_MAX) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "%s '%s': expected a size such as 0x10000, 65536, 64K or 4MB", what,
                          text);
    }
    *out = (uint32_t)value;
    return EB_OK;
}

eb_code_t eb_range_parse(const char *addr_text, const char *size_text, uint32_t *addr,
                         uint32_t *size, eb_err_t *err)
{
    eb_code_t code = parse_u32("ADDR", addr_text, 0, addr, err);

    if (code == EB_OK) {
        code = parse_u32("SIZE", size_text, 1, size, err);
    }
    if (code == EB_OK && (uint64_t)*addr + *size > (uint64_t)UINT32_MAX + 1) {
        code = eb_err_set(err, EB_ERR_USAGE, "ADDR '%s' with SIZE '%s': the range ends beyond 4 GB",
                          addr_text, size_text);
    }
    return code;
}
