/*
 * app_image.h: ESP application and bootloader images, and the description in them.
 *
 * Sources: ESP-IDF bootloader_support (esp_image_header_t, esp_image_segment_header_t) and
 * esp_app_format (esp_app_desc_t, magic ABCD5432 at the start of the first segment's data);
 * ESP8266_RTOS_SDK (the same after a header of 8 bytes, the description in the second segment);
 * esptool's documentation of the image formats of the ESP8266; gen_appbin of the NonOS SDK (header
 * of magic EA 04, CRC-32); readme of rBoot (checksum with or without the first segment);
 * elf2bin of the Arduino core for the ESP8266 (length and CRC-32 within, segments of any length).
 */
#ifndef EB_FORMAT_APP_IMAGE_H
#define EB_FORMAT_APP_IMAGE_H

#include "espbackup/image.h"

/* Bytes from the start of an image that eb_app_image_peek needs: header, segment header, desc. */
#define EB_APP_IMAGE_PEEK_BYTES (24u + 8u + 256u)

/* Look at the first bytes only: state is NONE, UNCHECKED, DAMAGED or OPAQUE; length is 0. */
void eb_app_image_peek(const uint8_t *bytes, size_t len, eb_app_image_t *out);

/* Read bytes at an offset within the image; false when it cannot. */
typedef bool (*eb_image_read_fn)(void *user, uint32_t offset, void *bytes, uint32_t count);

/* Walk all segments, checksum and hash: VALID or DAMAGED. limit: bytes that the slot holds. */
void eb_app_image_check(eb_image_read_fn read, void *user, uint32_t limit, eb_app_image_t *out);

/* Only headers of the segments, and whether the appended hash is erased: length_bytes without
 * hashing; state UNCHECKED or DAMAGED. A digest that no header announces is not in length_bytes. */
void eb_app_image_measure(eb_image_read_fn read, void *user, uint32_t limit, eb_app_image_t *out);

#endif
