/*
 * boot_text.h: text that a board prints while it does not answer commands.
 *
 * Works on raw bytes as they came from the port. Quotes are one line of printable ASCII.
 */
#ifndef EB_WIRE_BOOT_TEXT_H
#define EB_WIRE_BOOT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_BOOT_QUOTE_BYTES 96

typedef enum eb_talk {
    EB_TALK_NOTHING,
    EB_TALK_DOWNLOAD, /* the ROM says that it waits for download */
    EB_TALK_BOOT,     /* a boot log of the ROM, and not of download mode */
    EB_TALK_TEXT,     /* other text: an application runs */
    EB_TALK_GARBAGE   /* not text: wrong baud rate, noise, another device */
} eb_talk_t;

/* quote: the line that tells most, empty for NOTHING and GARBAGE. */
eb_talk_t eb_boot_text_classify(const uint8_t *bytes, size_t len, char quote[EB_BOOT_QUOTE_BYTES]);

/* Whether a chip that worked has just started anew (banner of the ROM, brown-out message). */
bool eb_boot_text_is_reset(const uint8_t *bytes, size_t len, char quote[EB_BOOT_QUOTE_BYTES]);
/* The same of data that a restart may have cut off: only the boot log follows then. Data of a flash
 * holds such banners too, as strings of its programs, and other data follows them. */
bool eb_boot_text_ends_in_reset(const uint8_t *bytes, size_t len, char quote[EB_BOOT_QUOTE_BYTES]);

#endif
