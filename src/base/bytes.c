#include "bytes.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

void eb_hex_encode(const uint8_t *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = hex_digits[bytes[i] >> 4];
        out[2 * i + 1] = hex_digits[bytes[i] & 0x0F];
    }
    out[2 * len] = '\0';
}

bool eb_bytes_uniform(const uint8_t *bytes, size_t len)
{
    return len < 2 || memcmp(bytes, bytes + 1, len - 1) == 0;
}

bool eb_bytes_erased(const uint8_t *bytes, size_t len)
{
    return len == 0 || (bytes[0] == 0xFF && eb_bytes_uniform(bytes, len));
}

/* By hand, because isxdigit depends on the locale. */
int eb_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool eb_hex_decode(const char *text, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const int high = eb_hex_digit(text[2 * i]);
        const int low = high < 0 ? -1 : eb_hex_digit(text[2 * i + 1]);

        if (low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return text[2 * len] == '\0';
}
