/*
 * app_image.c: ESP application and bootloader images.
 *
 * Layout: header; segments, each 8 bytes (load address, length) and data; zeros up to the last byte
 * of a 16-byte line, which is the checksum (0xEF XOR all bytes of segment data); then, in some, a
 * digest of everything before. There are three headers:
 *   long    24 bytes. Byte 23 says whether a SHA-256 follows the checksum.
 *   short   the first 8 of these. The SHA-256 of some builds is announced nowhere. Arduino writes
 *           length and CRC-32 of its file into the first segment after the checksum was made.
 *   double  8 bytes with another magic, one segment of address 0 that stays in flash, then a short
 *           header and its segments. The checksum may leave the first segment out. Some builds
 *           append a CRC-32, announced nowhere.
 * The chip of images with a short or double header is one whose images do not say what they are
 * for.
 */
#include "app_image.h"

#include "bytes.h"
#include "digest.h"
#include "flash_text.h"
#include "range.h"

#include <string.h>
#include <zlib.h>

#define MAGIC             0xE9u
#define MAGIC_DOUBLE      0x04EAu /* of two bytes */
#define HEADER_BYTES      24u
#define SHORT_HEADER      8u
#define SEGMENT_HEADER    8u
#define SEGMENTS_MAX      16u
#define SEGMENT_MAX_BYTES 0x1000000u
#define CHECKSUM_SEED     0xEFu
#define CHECKSUM_LINE     16u
#define HASH_BYTES        32u
#define CRC_BYTES         4u
#define DESC_BYTES        256u
#define DESC_MAGIC        0xABCD5432u
#define CHUNK_BYTES       4096u
#define ARDUINO_BYTES     8u /* length and CRC-32 of the file, zeros when the checksum is made */
#define ARDUINO_START     0x1000u /* of the image in that file, behind the bootloader */

typedef enum header_kind { HEADER_NONE, HEADER_LONG, HEADER_SHORT, HEADER_DOUBLE } header_kind_t;

typedef struct walk {
    eb_image_read_fn read;
    void *user;
    uint32_t limit; /* bytes of the slot */
    header_kind_t kind;
    uint8_t segment_count;
    eb_digest_t *sha; /* NULL: measure only, data is not read */
    uint32_t crc;
    uint8_t checksum;
    uint8_t left_out; /* checksum of what may be left out: a first segment, or Arduino's bytes */
    uint32_t arduino_size; /* of the file, as these bytes give it if they are Arduino's; 0: none */
    uint32_t offset;       /* of what comes next; never over limit */
} walk_t;

/* Flash that the chip with the short header sees as memory. */
static bool is_mapped(uint32_t addr)
{
    return addr >= 0x40200000u && addr < 0x40300000u;
}

/* Nothing in a header says how long it is. After 8 bytes comes either a load address, in the memory
 * of the chip with the short one, or numbers of pins and their drive strengths, which are small. */
static header_kind_t kind_of(const uint8_t *bytes, size_t len)
{
    const bool has_addr = len >= SHORT_HEADER + SEGMENT_HEADER;
    const uint32_t addr = has_addr ? eb_get_le32(bytes + SHORT_HEADER) : 0;

    if (len >= 2 && eb_get_le16(bytes) == MAGIC_DOUBLE && addr == 0) {
        return HEADER_DOUBLE;
    }
    if (len == 0 || bytes[0] != MAGIC) {
        return HEADER_NONE;
    }
    return (addr >= 0x3FFE8000u && addr < 0x40000000u) ||
                   (addr >= 0x40100000u && addr < 0x40110000u) || is_mapped(addr)
               ? HEADER_SHORT
               : HEADER_LONG;
}

static uint32_t bytes_of(header_kind_t kind)
{
    return kind == HEADER_LONG ? HEADER_BYTES : SHORT_HEADER;
}

static bool is_count(uint8_t segments)
{
    return segments > 0 && segments <= SEGMENTS_MAX;
}

static void take_header(const uint8_t *p, eb_app_image_t *out)
{
    out->flash_mode = p[2];
    out->flash_freq_code = p[3] & 0x0Fu;
    out->flash_size_code = p[3] >> 4;
    out->entry_addr = eb_get_le32(p + 4);
}

/* Fields of esp_app_desc_t by their offset, if it is one. */
static void take_desc(const uint8_t *p, eb_app_desc_t *out)
{
    if (eb_get_le32(p) != DESC_MAGIC) {
        return;
    }
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
    const header_kind_t kind = kind_of(bytes, len);
    const uint32_t header = bytes_of(kind), desc = header + SEGMENT_HEADER;

    memset(out, 0, sizeof(*out));
    out->state = EB_IMAGE_OPAQUE;
    if (kind == HEADER_NONE) {
        if (len != 0 && eb_bytes_erased(bytes, len)) {
            out->state = EB_IMAGE_NONE;
        }
        return;
    }
    out->state = EB_IMAGE_DAMAGED;
    if (len < desc || !is_count(bytes[1]) || (kind == HEADER_LONG && bytes[23] > 1)) {
        return;
    }
    out->state = EB_IMAGE_UNCHECKED;
    take_header(bytes, out);
    out->chip_id = kind == HEADER_LONG ? eb_get_le16(bytes + 12) : EB_IMAGE_CHIP_NONE;
    out->hash_appended = kind == HEADER_LONG && bytes[23] == 1;
    if (len >= desc + DESC_BYTES && eb_get_le32(bytes + header + 4) >= DESC_BYTES) {
        take_desc(bytes + desc, &out->desc);
    }
}

/* The steps of a walk give VALID to go on, DAMAGED, or UNCHECKED when bytes could not be read. */

static void digest(walk_t *w, const uint8_t *bytes, uint32_t count)
{
    eb_digest_update(w->sha, bytes, count);
    w->crc = (uint32_t)crc32(w->crc, bytes, count);
}

/* Hash `size` bytes and go past them; segment data counts in the checksum too. */
static eb_image_state_t consume(walk_t *w, uint32_t size, bool is_data)
{
    uint8_t chunk[CHUNK_BYTES];

    while (size != 0) {
        uint32_t count = eb_min_u32(size, sizeof(chunk));

        if (!w->read(w->user, w->offset, chunk, count)) {
            return EB_IMAGE_UNCHECKED;
        }
        digest(w, chunk, count);
        for (uint32_t i = 0; is_data && i < count; i++) {
            w->checksum ^= chunk[i];
        }
        w->offset += count;
        size -= count;
    }
    return EB_IMAGE_VALID;
}

/* Facts at the start of a segment that stays in flash. With a long header that is always the first
 * one, of which eb_app_image_peek has seen them. */
static eb_image_state_t look_at_mapped(walk_t *w, uint32_t addr, uint32_t size, eb_app_desc_t *out)
{
    uint8_t bytes[DESC_BYTES];

    if (w->kind != HEADER_SHORT || out->present || !is_mapped(addr) || size < DESC_BYTES) {
        return EB_IMAGE_VALID;
    }
    if (!w->read(w->user, w->offset, bytes, DESC_BYTES)) {
        return EB_IMAGE_UNCHECKED;
    }
    take_desc(bytes, out);
    if (w->offset == SHORT_HEADER + SEGMENT_HEADER) {
        w->arduino_size = eb_get_le32(bytes);
        for (uint32_t i = 0; i < ARDUINO_BYTES; i++) {
            w->left_out ^= bytes[i];
        }
    }
    return EB_IMAGE_VALID;
}

static eb_image_state_t walk_segment(walk_t *w, eb_app_image_t *out)
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
    if ((w->kind == HEADER_LONG && size % 4 != 0) || size >= SEGMENT_MAX_BYTES ||
        !eb_range_within((uint64_t)w->offset + SEGMENT_HEADER, size, w->limit)) {
        return EB_IMAGE_DAMAGED;
    }
    w->offset += SEGMENT_HEADER;
    eb_image_state_t state = look_at_mapped(w, eb_get_le32(header), size, &out->desc);
    if (state != EB_IMAGE_VALID || w->sha == NULL) {
        w->offset += size;
        return state;
    }
    digest(w, header, SEGMENT_HEADER);
    return consume(w, size, true);
}

/* What of a double header comes before the segments that the checksum always covers. */
static eb_image_state_t walk_first(walk_t *w, eb_app_image_t *out)
{
    uint8_t header[SHORT_HEADER];
    eb_image_state_t state = walk_segment(w, out);

    if (state != EB_IMAGE_VALID) {
        return state;
    }
    if (!eb_range_within(w->offset, SHORT_HEADER, w->limit)) {
        return EB_IMAGE_DAMAGED;
    }
    if (!w->read(w->user, w->offset, header, SHORT_HEADER)) {
        return EB_IMAGE_UNCHECKED;
    }
    if (header[0] != MAGIC || !is_count(header[1])) {
        return EB_IMAGE_DAMAGED;
    }
    take_header(header, out); /* the first one has other things in the place of flash settings */
    w->segment_count = header[1];
    w->left_out = w->checksum ^ CHECKSUM_SEED;
    w->checksum = CHECKSUM_SEED;
    w->offset += SHORT_HEADER;
    if (w->sha != NULL) {
        digest(w, header, SHORT_HEADER);
    }
    return EB_IMAGE_VALID;
}

/* Whether bytes behind the checksum that do not match are a digest, and not other data: all builds
 * of such an image append a SHA-256; a CRC-32 stands alone in its line. */
static bool is_digest(walk_t *w, const eb_app_image_t *out, const uint8_t *stored, uint32_t size)
{
    uint8_t rest[CHECKSUM_LINE - CRC_BYTES];

    if (eb_bytes_uniform(stored, size)) {
        return false;
    }
    return out->desc.present || (w->kind == HEADER_DOUBLE &&
                                 (!eb_range_within(w->offset + size, sizeof(rest), w->limit) ||
                                  (w->read(w->user, w->offset + size, rest, sizeof(rest)) &&
                                   eb_bytes_uniform(rest, sizeof(rest)))));
}

/* The digest behind the checksum. Nothing tells of it but with a long header. */
static eb_image_state_t walk_digest(walk_t *w, eb_app_image_t *out)
{
    const uint32_t size = w->kind == HEADER_DOUBLE ? CRC_BYTES : HASH_BYTES;
    const bool announced = out->hash_appended;
    uint8_t stored[HASH_BYTES], computed[HASH_BYTES];

    if (!announced && (w->kind == HEADER_LONG || !eb_range_within(w->offset, size, w->limit))) {
        return EB_IMAGE_VALID;
    }
    if (!w->read(w->user, w->offset, stored, size)) {
        return announced ? EB_IMAGE_UNCHECKED : EB_IMAGE_VALID;
    }
    eb_digest_finish(w->sha, computed);
    if (w->kind == HEADER_DOUBLE) { /* as these tools store it: inverted, or one more */
        eb_put_le32(computed, w->crc >> 31 != 0 ? ~w->crc : w->crc + 1);
    }
    if (memcmp(stored, computed, size) == 0) {
        out->hash_appended = w->kind != HEADER_DOUBLE;
        out->length_bytes = w->offset + size;
        return EB_IMAGE_VALID;
    }
    return announced || is_digest(w, out, stored, size) ? EB_IMAGE_DAMAGED : EB_IMAGE_VALID;
}

/* An update that was cut off leaves erased flash at its end: no SHA-256 has ones alone in half of
 * it. */
static bool hash_is_erased(const walk_t *w, uint32_t offset)
{
    uint8_t stored[HASH_BYTES];

    return w->read(w->user, offset, stored, HASH_BYTES) &&
           eb_bytes_erased(stored + HASH_BYTES / 2, HASH_BYTES / 2);
}

/* Checksum line and digest. Sets length_bytes as soon as the image is known to fit. */
static eb_image_state_t walk_tail(walk_t *w, eb_app_image_t *out)
{
    uint32_t padding = CHECKSUM_LINE - w->offset % CHECKSUM_LINE; /* the checksum included */
    uint32_t tail = padding + (out->hash_appended ? HASH_BYTES : 0);
    uint8_t checksum;
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
    bool may_leave_out = w->kind == HEADER_DOUBLE || w->arduino_size == w->offset + ARDUINO_START;
    if (checksum != w->checksum && !(may_leave_out && checksum == (w->checksum ^ w->left_out))) {
        return EB_IMAGE_DAMAGED;
    }
    return walk_digest(w, out);
}

static eb_image_state_t walk_body(walk_t *w, const uint8_t *header, eb_app_image_t *out)
{
    eb_image_state_t state = EB_IMAGE_VALID;

    w->offset = bytes_of(w->kind);
    w->checksum = CHECKSUM_SEED;
    if (w->sha != NULL) {
        digest(w, header, w->offset);
    }
    if (w->kind == HEADER_DOUBLE) {
        state = walk_first(w, out);
    }
    for (uint8_t i = 0; i < w->segment_count && state == EB_IMAGE_VALID; i++) {
        state = walk_segment(w, out);
    }
    return state == EB_IMAGE_VALID ? walk_tail(w, out) : state;
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
    w->kind = kind_of(head, count);
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
