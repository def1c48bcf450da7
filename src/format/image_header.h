/*
 * image_header.h: other flash settings in the header of an image, with its hash put right.
 *
 * Byte 2 of an image is the flash mode, byte 3 the size (upper half) and the frequency (lower
 * half). The checksum of an image covers segment data only, so it stays; the SHA-256 at its end
 * covers the header and is made anew. Sources: ESP-IDF bootloader_support (esp_image_header_t,
 * esp_image_spi_freq_t, esp_image_flash_size_t) and the tables of esptool.
 */
#ifndef EB_FORMAT_IMAGE_HEADER_H
#define EB_FORMAT_IMAGE_HEADER_H

#include "app_image.h"
#include "espbackup/err.h"

/* What to set, by the words of the options; NULL: keep. "keep" is the same as NULL. */
typedef struct eb_flash_settings {
    const char *mode; /* "qio", "qout", "dio", "dout" */
    const char *freq; /* "80m", "40m", ...; which there are depends on the chip */
    const char *size; /* "4MB" */
} eb_flash_settings_t;

typedef struct eb_header_patch {
    bool changed;        /* false: the image has these settings already */
    uint8_t settings[2]; /* bytes 2 and 3 of the image */
    bool has_hash;
    uint32_t hash_offset; /* within the image */
    uint8_t sha256[32];
} eb_header_patch_t;

/* Whether anything is to be set. */
bool eb_flash_settings_any(const eb_flash_settings_t *settings);

/*
 * Work out the change of the image that `read` gives; limit: bytes at hand. chip_id: of its header
 * format. EB_ERR_USAGE: a word that is not known, with those that are. EB_ERR_IMAGE_INVALID: no
 * image there, or one whose checksum or hash does not hold (it could not be told from other bytes).
 * EB_ERR_UNSUPPORTED: an image of the ESP8266, or for it; some have two headers.
 */
eb_code_t eb_header_patch_make(eb_image_read_fn read, void *user, uint32_t limit, uint32_t chip_id,
                               const eb_flash_settings_t *settings, eb_header_patch_t *out,
                               eb_err_t *err);

/* Put it into the bytes [offset, offset + size) of the image, whatever part of it they are. */
void eb_header_patch_apply(const eb_header_patch_t *patch, uint32_t offset, uint8_t *bytes,
                           uint32_t size);

#endif
