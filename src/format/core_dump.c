/* core_dump.c: the core dump that ESP-IDF leaves in a partition after a crash. */
#include "core_dump.h"

#include "bytes.h"
#include "flash_text.h"
#include "range.h"

#include <string.h>
#include <zlib.h>

#define ELF_HEADER_BYTES  52u
#define PHDR_BYTES        32u
#define PT_NOTE           4u
#define NOTE_TASK         1u
#define NOTE_CRASHED      677u
#define NOTE_REASON       679u
#define NOTE_APP          8266u
#define NOTE_HEADER_BYTES 12u

typedef struct form {
    uint16_t version;
    uint8_t header_bytes;
    bool is_elf, has_sha256;
} form_t;

static const form_t forms[] = {
    {0x0001, 16, false, false}, {0x0002, 20, false, false}, {0x0003, 24, false, false},
    {0x0100, 20, true, false},  {0x0101, 20, true, true},   {0x0102, 24, true, false},
    {0x0103, 24, true, true},   {0x0104, 12, true, true},
};

static const form_t *form_of(const uint8_t *bytes)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (forms[i].version == eb_get_le16(bytes + 4)) {
            return &forms[i];
        }
    }
    return NULL;
}

static uint32_t checksum_bytes(const form_t *form)
{
    return form->has_sha256 ? EB_SHA256_BYTES : 4;
}

uint32_t eb_core_dump_size(const uint8_t *bytes, uint32_t limit)
{
    const form_t *form = form_of(bytes);
    const uint32_t size = eb_get_le32(bytes);

    return form != NULL && size <= limit && size >= EB_CORE_DUMP_PEEK_BYTES &&
                   size >= form->header_bytes + checksum_bytes(form)
               ? size
               : 0;
}

static bool checksum_holds(const form_t *form, const uint8_t *bytes, uint32_t size)
{
    const uint32_t covered = size - checksum_bytes(form);
    uint8_t sha256[EB_SHA256_BYTES];

    if (!form->has_sha256) {
        return eb_get_le32(bytes + covered) == (uint32_t)crc32(0, bytes, covered);
    }
    eb_sha256(bytes, covered, sha256);
    return memcmp(bytes + covered, sha256, sizeof(sha256)) == 0;
}

static void read_note(uint32_t type, const uint8_t *bytes, uint32_t len, eb_core_dump_t *out)
{
    if (type == NOTE_TASK) {
        out->tasks++;
    } else if (type == NOTE_CRASHED && len >= 4) {
        out->has_crashed = true;
        out->crashed_task = eb_get_le32(bytes);
    } else if (type == NOTE_APP && len > 4) {
        eb_text_clean(bytes + 4, eb_min_u32(len - 4, sizeof(out->elf_sha256) - 1), EB_TEXT_ONE_LINE,
                      out->elf_sha256);
    } else if (type == NOTE_REASON) {
        eb_text_clean(bytes, eb_min_u32(len, sizeof(out->reason) - 1), EB_TEXT_ONE_LINE,
                      out->reason);
    }
}

/* False: a note reaches beyond its segment. */
static bool read_notes(const uint8_t *bytes, uint32_t len, eb_core_dump_t *out)
{
    for (uint64_t at = 0; at < len;) {
        if (!eb_range_within(at, NOTE_HEADER_BYTES, len)) {
            return false;
        }
        const uint8_t *p = bytes + at;
        const uint64_t name = ((uint64_t)eb_get_le32(p) + 3) & ~UINT64_C(3);
        const uint64_t desc = eb_get_le32(p + 4);
        if (!eb_range_within(at + NOTE_HEADER_BYTES, name + desc, len)) {
            return false;
        }
        read_note(eb_get_le32(p + 8), p + NOTE_HEADER_BYTES + name, (uint32_t)desc, out);
        at += NOTE_HEADER_BYTES + name + ((desc + 3) & ~UINT64_C(3));
    }
    return true;
}

/* Segments of notes that overlap would be read again and again: the bytes of all are bounded. */
static bool read_elf(const uint8_t *bytes, uint32_t len, eb_core_dump_t *out)
{
    static const uint8_t magic[] = {0x7F, 'E', 'L', 'F', 1, 1};
    uint64_t budget = len;

    if (len < ELF_HEADER_BYTES || memcmp(bytes, magic, sizeof(magic)) != 0 ||
        eb_get_le16(bytes + 42) != PHDR_BYTES) {
        return false;
    }
    const uint32_t first = eb_get_le32(bytes + 28), count = eb_get_le16(bytes + 44);
    if (!eb_range_within(first, (uint64_t)count * PHDR_BYTES, len)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *p = bytes + first + i * PHDR_BYTES;
        const uint32_t at = eb_get_le32(p + 4), size = eb_get_le32(p + 16);
        if (eb_get_le32(p) != PT_NOTE) {
            continue;
        }
        if (!eb_range_within(at, size, len) || size > budget ||
            !read_notes(bytes + at, size, out)) {
            return false;
        }
        budget -= size;
    }
    return true;
}

void eb_core_dump_parse(const uint8_t *bytes, uint32_t len, eb_core_dump_t *out)
{
    memset(out, 0, sizeof(*out));
    if (len < EB_CORE_DUMP_PEEK_BYTES || eb_core_dump_size(bytes, len) == 0) {
        return;
    }
    const form_t *form = form_of(bytes);
    out->size_bytes = eb_get_le32(bytes);
    out->version = form->version;
    out->chip_id = eb_get_le16(bytes + 6);
    out->is_elf = form->is_elf;
    out->has_sha256 = form->has_sha256;
    const uint32_t body = out->size_bytes - form->header_bytes - checksum_bytes(form);
    bool good = checksum_holds(form, bytes, out->size_bytes);
    if (form->is_elf) {
        good = read_elf(bytes + form->header_bytes, body, out) && good;
    } else {
        out->tasks = eb_get_le32(bytes + 8);
    }
    out->state = good ? EB_CORE_DUMP_WHOLE : EB_CORE_DUMP_DAMAGED;
}
