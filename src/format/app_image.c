/*
 * app_image.c: ESP application and bootloader images.
 *
 * Layout: header of 24 bytes, of which ESP8266 has only the first 8; segments, each 8 bytes (load
 * address, length) and data; zeros up to the last byte of a 16-byte line, which is the checksum
 * (0xEF XOR all bytes of segment data); then, if the header says so, the SHA-256 of everything
 * before.
 */
#include "app_image.h"

#include "bytes.h"
#include "digest.h"
#include "flash_text.h"
#include "range.h"

#include <string.h>

#define MAGIC             0xE9u
#define HEADER_BYTES      24u
#define SHORT_HEADER      8u
#define SEGMENT_HEADER    8u
#define DESC_OFFSET       (HEADER_BYTES + SEGMENT_HEADER)
#define SEGMENTS_MAX      16u
#define SEGMENT_MAX_BYTES 0x1000000u
#define CHECKSUM_SEED     0xEFu
#define CHECKSUM_LINE     16u
#define HASH_BYTES        32u
#define DESC_BYTES        256u
#define DESC_MAGIC        0xABCD5432u
#define CHUNK_BYTES       4096u

typedef struct walk {
    eb_image_read_fn read;
    void *user;
    uint32_t limit;        /* bytes of the slot */
    uint32_t header_bytes; /* of the image header */
    uint8_t segment_count;
    eb_digest_t *sha; /* NULL: measure only, data is not read */
    uint8_t checksum;
    uint32_t offset; /* of what comes next; never over limit */
} walk_t;

/* Nothing in a header says how long it is. After 8 bytes comes either a load address, in the RAM of
 * the chip with the short one, or numbers of pins and their drive strengths, which are small. */
static uint32_t header_bytes(const uint8_t *bytes, size_t len)
{
    uint32_t addr;

    if (len < SHORT_HEADER + SEGMENT_HEADER) {
        return HEADER_BYTES;
    }
    addr = eb_get_le32(bytes + SHORT_HEADER);
    return (addr >= 0x3FFE8000u && addr < 0x40000000u) ||
                   (addr >= 0x40100000u && addr < 0x40110000u)
               ? SHORT_HEADER
               : HEADER_BYTES;
}

/* Fields of esp_app_desc_t by their offset. */
static void take_desc(const uint8_t *p, eb_app_desc_t *out)
{
    out->present = true;
    out->secure_version = eb_get_le32(p + 4);
    eb_text_clean(p + 16, 32, EB_TEXT_ONE_LINE, out->version);
    eb_text_clean(p + 48, 32, EB_TEXT_ONE_LINE, out->project);
    eb_text_clean(p + 80, 16, EB_TEXT_ONE_LINE, out->build_time);
    eb_text_clean(p + 96, 16, EB_TEXT_ONE_LINE, out->build_date);
    eb_text_clean(p + 112, 32, EB_TEXT_ONE_LINE, out->idf_version);
    memcpy(out->elf_sha256, p + 144, sizeof(out->elf_sha256));
}

void eb_app_image_peek(const uint8_t *bytes, size_t len, eb_app_image_t *out)
{
    const bool is_short = header_bytes(bytes, len) == SHORT_HEADER;

    memset(out, 0, sizeof(*out));
    out->state = EB_IMAGE_OPAQUE;
    if (len == 0 || bytes[0] != MAGIC) {
        if (len != 0 && eb_bytes_erased(bytes, len)) {
            out->state = EB_IMAGE_NONE;
        }
        return;
    }
    out->state = EB_IMAGE_DAMAGED;
    if (len < (is_short ? SHORT_HEADER : HEADER_BYTES) + SEGMENT_HEADER || bytes[1] == 0 ||
        bytes[1] > SEGMENTS_MAX || (!is_short && bytes[23] > 1)) {
        return;
    }
    out->state = EB_IMAGE_UNCHECKED;
    out->flash_mode = bytes[2];
    out->flash_freq_code = bytes[3] & 0x0Fu;
    out->flash_size_code = bytes[3] >> 4;
    out->entry_addr = eb_get_le32(bytes + 4);
    out->chip_id = EB_IMAGE_CHIP_NONE;
    if (is_short) {
        return;
    }
    out->chip_id = eb_get_le16(bytes + 12);
    out->hash_appended = bytes[23] == 1;
    if (len >= EB_APP_IMAGE_PEEK_BYTES && eb_get_le32(bytes + HEADER_BYTES + 4) >= DESC_BYTES &&
        eb_get_le32(bytes + DESC_OFFSET) == DESC_MAGIC) {
        take_desc(bytes + DESC_OFFSET, &out->desc);
    }
}

/* The steps of a walk give VALID to go on, DAMAGED, or UNCHECKED when bytes could not be read. */

/* Hash `size` bytes and go past them; segment data counts in the checksum too. */
static eb_image_state_t consume(walk_t *w, uint32_t size, bool is_data)
{
    uint8_t chunk[CHUNK_BYTES];

    while (size != 0) {
        uint32_t count = eb_min_u32(size, sizeof(chunk));

        if (!w->read(w->user, w->offset, chunk, count)) {
            return EB_IMAGE_UNCHECKED;
        }
        eb_digest_update(w->sha, chunk, count);
        for (uint32_t i = 0; is_data && i < count; i++) {
            w->checksum ^= chunk[i];
        }
        w->offset += count;
        size -= count;
    }
    return EB_IMAGE_VALID;
}

static eb_image_state_t walk_segment(walk_t *w)
{
    uint8_t header[SEGMENT_HEADER];
    uint32_t size;

    if (!eb_range_within(w->offset, SEGMENT_HEADER, w->limit)) {
        return EB_IMAGE_DAMAGED;
    }
    if (!w->read(w->user, w->offset, header, SEGMENT_HEADER)) {
        return EB_IMAGE_UNCHECKED;
    }
    size = eb_get_le32(header + 4);
    if (size % 4 != 0 || size >= SEGMENT_MAX_BYTES ||
        !eb_range_within((uint64_t)w->offset + SEGMENT_HEADER, size, w->limit)) {
        return EB_IMAGE_DAMAGED;
    }
    if (w->sha == NULL) {
        w->offset += SEGMENT_HEADER + size;
        return EB_IMAGE_VALID;
    }
    eb_digest_update(w->sha, header, SEGMENT_HEADER);
    w->offset += SEGMENT_HEADER;
    return consume(w, size, true);
}

/* An update that was cut off leaves erased flash at its end: no SHA-256 is all ones. */
static bool hash_is_erased(const walk_t *w, uint32_t offset)
{
    uint8_t stored[HASH_BYTES];

    return w->read(w->user, offset, stored, HASH_BYTES) && eb_bytes_erased(stored, HASH_BYTES);
}

/* Checksum line and appended hash. Sets length_bytes as soon as the image is known to fit. */
static eb_image_state_t walk_tail(walk_t *w, eb_app_image_t *out)
{
    uint32_t padding = CHECKSUM_LINE - w->offset % CHECKSUM_LINE; /* the checksum included */
    uint32_t tail = padding + (out->hash_appended ? HASH_BYTES : 0);
    uint8_t checksum, stored[HASH_BYTES], computed[HASH_BYTES];
    eb_image_state_t state;

    if (!eb_range_within(w->offset, tail, w->limit)) {
        return EB_IMAGE_DAMAGED;
    }
    out->length_bytes = w->offset + tail;
    if (w->sha == NULL) {
        return out->hash_appended && hash_is_erased(w, w->offset + padding) ? EB_IMAGE_DAMAGED
                                                                            : EB_IMAGE_VALID;
    }
    state = consume(w, padding, false);
    if (state != EB_IMAGE_VALID) {
        return state;
    }
    if (!w->read(w->user, w->offset - 1, &checksum, 1)) {
        return EB_IMAGE_UNCHECKED;
    }
    if (checksum != w->checksum) {
        return EB_IMAGE_DAMAGED;
    }
    if (!out->hash_appended) {
        return EB_IMAGE_VALID;
    }
    if (!w->read(w->user, w->offset, stored, HASH_BYTES)) {
        return EB_IMAGE_UNCHECKED;
    }
    eb_digest_finish(w->sha, computed);
    return memcmp(stored, computed, HASH_BYTES) == 0 ? EB_IMAGE_VALID : EB_IMAGE_DAMAGED;
}

static eb_image_state_t walk_body(walk_t *w, const uint8_t *header, eb_app_image_t *out)
{
    if (w->sha != NULL) {
        eb_digest_update(w->sha, header, w->header_bytes);
    }
    w->offset = w->header_bytes;
    w->checksum = CHECKSUM_SEED;
    for (uint8_t i = 0; i < w->segment_count; i++) {
        eb_image_state_t state = walk_segment(w);

        if (state != EB_IMAGE_VALID) {
            return state;
        }
    }
    return walk_tail(w, out);
}

/* Read and judge the first bytes; true when there is a body to walk. */
static bool start(walk_t *w, uint8_t *head, eb_app_image_t *out)
{
    uint32_t count = eb_min_u32(w->limit, EB_APP_IMAGE_PEEK_BYTES);

    if (count == 0 || !w->read(w->user, 0, head, count)) {
        eb_app_image_peek(head, 0, out);
        return false;
    }
    eb_app_image_peek(head, count, out);
    w->header_bytes = header_bytes(head, count);
    w->segment_count = head[1];
    return out->state == EB_IMAGE_UNCHECKED;
}

void eb_app_image_check(eb_image_read_fn read, void *user, uint32_t limit, eb_app_image_t *out)
{
    walk_t w = {.read = read, .user = user, .limit = limit};
    uint8_t head[EB_APP_IMAGE_PEEK_BYTES];

    if (!start(&w, head, out)) {
        return;
    }
    w.sha = eb_digest_new(EB_DIGEST_SHA256);
    if (w.sha == NULL) {
        return; /* stays UNCHECKED */
    }
    out->state = walk_body(&w, head, out);
    eb_digest_free(w.sha);
}

void eb_app_image_measure(eb_image_read_fn read, void *user, uint32_t limit, eb_app_image_t *out)
{
    walk_t w = {.read = read, .user = user, .limit = limit};
    uint8_t head[EB_APP_IMAGE_PEEK_BYTES];

    if (!start(&w, head, out)) {
        return;
    }
    if (walk_body(&w, head, out) == EB_IMAGE_DAMAGED) {
        out->state = EB_IMAGE_DAMAGED;
    }
}
