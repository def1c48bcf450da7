#include "boot_text.h"

#include <string.h>

/* Of the bytes of a text at most this share (in percent) may be unprintable: a boot log is often
 * preceded by a few bytes of noise. */
#define UNPRINTABLE_PERCENT 25u

static bool is_printable(uint8_t byte)
{
    return (byte >= 0x20 && byte < 0x7F) || byte == '\r' || byte == '\n' || byte == '\t' ||
           byte == 0x1B;
}

/* Last place of `word` in bytes, NULL when it is not there. */
static const uint8_t *find_last(const uint8_t *bytes, size_t len, const char *word)
{
    const size_t size = strlen(word);

    for (size_t at = len; at >= size; at--) {
        if (memcmp(bytes + at - size, word, size) == 0) {
            return bytes + at - size;
        }
    }
    return NULL;
}

/* The whole line that holds `where`, without unprintable bytes, which are noise; else from `where`
 * to the first of them, because what follows in flash contents may be a secret. */
static void quote_line(const uint8_t *bytes, size_t len, const uint8_t *where, bool whole,
                       char quote[EB_BOOT_QUOTE_BYTES])
{
    const uint8_t *from = where;
    size_t used = 0;

    while (whole && from > bytes && from[-1] != '\n' && from[-1] != '\r') {
        from--;
    }
    for (; from < bytes + len && *from != '\r' && *from != '\n'; from++) {
        const bool printable = *from >= 0x20 && *from < 0x7F;

        if (!printable && !whole) {
            break;
        }
        if (printable && used + 1 < EB_BOOT_QUOTE_BYTES) {
            quote[used++] = (char)*from;
        }
    }
    quote[used] = '\0';
}

/* The last line with something in it. */
static void quote_last_line(const uint8_t *bytes, size_t len, char quote[EB_BOOT_QUOTE_BYTES])
{
    while (len > 0 && (bytes[len - 1] <= 0x20 || bytes[len - 1] >= 0x7F)) {
        len--;
    }
    if (len > 0) {
        quote_line(bytes, len, bytes + len - 1, true, quote);
    }
}

eb_talk_t eb_boot_text_classify(const uint8_t *bytes, size_t len, char quote[EB_BOOT_QUOTE_BYTES])
{
    const uint8_t *boot = find_last(bytes, len, "boot:0x");
    size_t unprintable = 0;

    quote[0] = '\0';
    if (len == 0) {
        return EB_TALK_NOTHING;
    }
    if (boot != NULL) {
        const size_t rest = len - (size_t)(boot - bytes);

        quote_line(bytes, len, boot, false, quote);
        return find_last(boot, rest, "DOWNLOAD") != NULL ||
                       find_last(boot, rest, "waiting for download") != NULL
                   ? EB_TALK_DOWNLOAD
                   : EB_TALK_BOOT;
    }
    for (size_t i = 0; i < len; i++) {
        unprintable += is_printable(bytes[i]) ? 0 : 1;
    }
    if (unprintable * 100u > len * UNPRINTABLE_PERCENT) {
        return EB_TALK_GARBAGE;
    }
    quote_last_line(bytes, len, quote);
    return quote[0] == '\0' ? EB_TALK_GARBAGE : EB_TALK_TEXT;
}

/* The banner that tells most; NULL: there is none. */
static const uint8_t *find_banner(const uint8_t *bytes, size_t len)
{
    static const char *const banners[] = {"Brownout detector", "rst:0x", "ESP-ROM:", "ets J"};
    const uint8_t *where = NULL;

    for (size_t i = 0; i < sizeof(banners) / sizeof(banners[0]) && where == NULL; i++) {
        where = find_last(bytes, len, banners[i]);
    }
    return where;
}

bool eb_boot_text_is_reset(const uint8_t *bytes, size_t len, char quote[EB_BOOT_QUOTE_BYTES])
{
    const uint8_t *where = find_banner(bytes, len);

    quote[0] = '\0';
    if (where != NULL) {
        quote_line(bytes, len, where, false, quote);
    }
    return where != NULL;
}

bool eb_boot_text_ends_in_reset(const uint8_t *bytes, size_t len, char quote[EB_BOOT_QUOTE_BYTES])
{
    const uint8_t *where = find_banner(bytes, len);

    quote[0] = '\0';
    for (const uint8_t *at = where; at != NULL && at < bytes + len; at++) {
        if (!is_printable(*at)) {
            return false;
        }
    }
    return eb_boot_text_is_reset(bytes, len, quote);
}
