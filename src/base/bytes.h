/* bytes.h: little-endian access, hex, the smaller and the larger of two. */
#ifndef EB_BASE_BYTES_H
#define EB_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t eb_get_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | (p[1] << 8));
}

static inline uint32_t eb_get_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | ((uint32_t)p[1] << 8) | ((uint32_t)p[2] << 16) | ((uint32_t)p[3] << 24);
}

static inline void eb_put_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void eb_put_le32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

static inline uint32_t eb_min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline uint64_t eb_min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t eb_max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Whether all are equal; true of none. */
bool eb_bytes_uniform(const uint8_t *bytes, size_t len);
/* Whether all are 0xFF, as in erased flash; true of none. */
bool eb_bytes_erased(const uint8_t *bytes, size_t len);

/* Value of a hex digit, either case; -1 when it is none. */
int eb_hex_digit(char c);
/* Lower-case hex; out gets 2 * len + 1 bytes. */
void eb_hex_encode(const uint8_t *bytes, size_t len, char *out);
/* Exactly 2 * len hex digits, either case; false otherwise. */
bool eb_hex_decode(const char *text, uint8_t *out, size_t len);

#endif
