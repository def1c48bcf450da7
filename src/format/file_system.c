/* file_system.c: file systems of a data partition, by their own marks. */
#include "file_system.h"

#include "bytes.h"
#include "flash_text.h"
#include "partition_types.h"
#include "range.h"

#include <string.h>
#include <zlib.h>

#define SECTOR          4096u
#define CHUNK_BYTES     3072u /* whole entries of FAT12 */
#define SPIFFS_MARK     0x0529u
#define SPIFFS_SAMPLES  16u
#define WL_CONFIG_CRC   32u
#define WL_STATE_CRC    60u
#define WL_STATE_BYTES  64u
#define WL_BLOCKS_MAX   0x10000u
#define BOOT_BYTES      512u
#define WL_RECORD_BYTES 16u

typedef struct reader {
    eb_image_read_fn read;
    void *user;
    uint32_t size;
    /* Of wear levelling; 0: none. */
    uint32_t sector, levelled_bytes, moved_bytes, spare_at;
} reader_t;

static bool read_raw(const reader_t *r, uint32_t at, void *bytes, uint32_t count)
{
    return eb_range_within(at, count, r->size) && r->read(r->user, at, bytes, count);
}

/* -- LittleFS -------------------------------------------------------------------------------- */

static bool find_littlefs(const reader_t *r, eb_file_system_t *out)
{
    static const uint32_t places[] = {0, SECTOR};
    uint8_t p[32];

    for (size_t i = 0; i < EB_COUNT_OF(places); i++) {
        if (!read_raw(r, places[i], p, sizeof(p)) || memcmp(p + 8, "littlefs", 8) != 0) {
            continue;
        }
        out->minor = eb_get_le16(p + 20);
        out->major = eb_get_le16(p + 22);
        out->block_bytes = eb_get_le32(p + 24);
        out->blocks = eb_get_le32(p + 28);
        if (out->major == 2 && out->block_bytes >= 128 && out->blocks >= 2 &&
            (uint64_t)out->block_bytes * out->blocks <= r->size) {
            out->kind = EB_FILE_SYSTEM_LITTLEFS;
            return true;
        }
    }
    return false;
}

/* -- SPIFFS ---------------------------------------------------------------------------------- */

/* Pages that begin with numbers of files, in each block. */
static uint32_t lookup_pages(uint32_t block, uint32_t page)
{
    const uint32_t pages = block / page * 2 / page;

    return pages > 0 ? pages : 1;
}

static bool has_mark(const reader_t *r, uint32_t block, uint32_t page, uint32_t index)
{
    const uint32_t at = index * block + lookup_pages(block, page) * page - 4;
    const uint32_t mark = SPIFFS_MARK ^ page;
    uint8_t p[2];

    if (!read_raw(r, at, p, sizeof(p))) {
        return false;
    }
    return eb_get_le16(p) == (uint16_t)mark ||
           eb_get_le16(p) == (uint16_t)(mark ^ (r->size / block - index));
}

/* A mark has 16 bits only, so many must be there: of neighbours, because each second block of a
 * smaller size has the mark of a larger one, and of all places. One block may be without, as it was
 * erased when the power went. */
static bool has_marks(const reader_t *r, uint32_t block, uint32_t page)
{
    const uint32_t blocks = r->size / block;
    const uint32_t samples = eb_min_u32(blocks, SPIFFS_SAMPLES);
    uint32_t missing = 0;

    for (uint32_t i = 0; i < samples && missing < 2; i++) {
        const uint32_t far = (uint32_t)((uint64_t)blocks * i / samples);
        missing += has_mark(r, block, page, i < SPIFFS_SAMPLES / 2 ? i : far) ? 0 : 1;
    }
    return samples >= 3 && missing < 2;
}

static void count_pages(const reader_t *r, eb_file_system_t *out)
{
    const uint32_t own = lookup_pages(out->block_bytes, out->page_bytes);
    const uint32_t entries = out->block_bytes / out->page_bytes - own;
    uint8_t bytes[SECTOR];

    out->used_known = 2 * entries <= sizeof(bytes);
    for (uint32_t i = 0; i < out->blocks && out->used_known; i++) {
        out->used_known = read_raw(r, i * out->block_bytes, bytes, 2 * entries);
        for (uint32_t k = 0; k < entries && out->used_known; k++) {
            const uint16_t id = eb_get_le16(bytes + 2 * k);
            out->used_bytes += id != 0 && id != UINT16_MAX ? out->page_bytes : 0;
        }
    }
}

static bool find_spiffs(const reader_t *r, eb_file_system_t *out)
{
    static const uint32_t block_sizes[] = {4096, 8192, 16384, 32768, 65536};
    static const uint32_t page_sizes[] = {256, 512, 1024, 2048};

    for (size_t i = 0; i < EB_COUNT_OF(block_sizes) * EB_COUNT_OF(page_sizes); i++) {
        const uint32_t block = block_sizes[i / EB_COUNT_OF(page_sizes)];
        const uint32_t page = page_sizes[i % EB_COUNT_OF(page_sizes)];
        if (has_marks(r, block, page)) {
            out->kind = EB_FILE_SYSTEM_SPIFFS;
            out->block_bytes = block;
            out->page_bytes = page;
            out->blocks = r->size / block;
            count_pages(r, out);
            return true;
        }
    }
    return false;
}

/* -- wear levelling -------------------------------------------------------------------------- */

static bool crc_holds(const uint8_t *bytes, uint32_t at)
{
    return eb_get_le32(bytes + at) == (uint32_t)crc32(UINT32_MAX, bytes, at);
}

/* Each move of the spare sector is a record behind the state, until one is erased. */
static bool count_moves(const reader_t *r, uint32_t at, uint32_t state_bytes, uint32_t *out)
{
    uint8_t bytes[SECTOR];
    uint32_t records = 0;

    for (uint32_t i = 0; i < state_bytes; i += SECTOR) {
        if (!read_raw(r, at + i, bytes, sizeof(bytes))) {
            return false;
        }
        for (uint32_t k = i == 0 ? WL_STATE_BYTES : 0; k < SECTOR; k += WL_RECORD_BYTES) {
            if (eb_bytes_erased(bytes + k, WL_RECORD_BYTES)) {
                *out = records;
                return true;
            }
            records++;
        }
    }
    *out = records;
    return true;
}

static bool find_levelling(reader_t *r)
{
    uint8_t config[WL_CONFIG_CRC + 4], state[WL_STATE_BYTES];
    uint32_t moves;

    if (r->size < 8 * SECTOR || !read_raw(r, r->size - SECTOR, config, sizeof(config)) ||
        !crc_holds(config, WL_CONFIG_CRC)) {
        return false;
    }
    const uint32_t full = eb_get_le32(config + 4), page = eb_get_le32(config + 8);
    const uint32_t sector = eb_get_le32(config + 12), record = eb_get_le32(config + 20);
    if (full != r->size || page != SECTOR || sector != SECTOR || full % SECTOR != 0 ||
        record != WL_RECORD_BYTES) {
        return false;
    }
    const uint32_t state_bytes =
        (WL_STATE_BYTES + full / SECTOR * record + SECTOR - 1) / SECTOR * SECTOR;
    if (full < 2 * state_bytes + 4 * SECTOR) {
        return false;
    }
    const uint32_t levelled = full - 2 * state_bytes - 2 * SECTOR;
    for (uint32_t copy = 0; copy < 2; copy++) {
        const uint32_t at = full - SECTOR - (2 - copy) * state_bytes;
        if (!read_raw(r, at, state, sizeof(state)) || !crc_holds(state, WL_STATE_CRC)) {
            continue;
        }
        const uint32_t places = levelled / SECTOR;
        if (!count_moves(r, at, state_bytes, &moves)) {
            return false;
        }
        r->sector = SECTOR;
        r->levelled_bytes = levelled;
        r->moved_bytes = eb_get_le32(state + 8) % places * SECTOR;
        r->spare_at = eb_min_u32(moves, places) * SECTOR;
        return true;
    }
    return false;
}

static bool read_levelled(const reader_t *r, uint32_t at, uint8_t *bytes, uint32_t count)
{
    if (r->sector == 0) {
        return read_raw(r, at, bytes, count);
    }
    if (!eb_range_within(at, count, r->levelled_bytes)) {
        return false;
    }
    while (count > 0) {
        const uint32_t within = at % r->sector, part = eb_min_u32(count, r->sector - within);
        uint32_t sector = (r->levelled_bytes - r->moved_bytes + (at - within)) % r->levelled_bytes;
        sector += sector >= r->spare_at ? r->sector : 0;
        if (!read_raw(r, sector + within, bytes, part)) {
            return false;
        }
        at += part;
        bytes += part;
        count -= part;
    }
    return true;
}

/* -- FAT ------------------------------------------------------------------------------------- */

static bool is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static uint32_t fat_entry(const uint8_t *bytes, uint32_t index, bool is_fat12)
{
    if (!is_fat12) {
        return eb_get_le16(bytes + 2 * index);
    }
    const uint32_t pair = eb_get_le16(bytes + index + index / 2);
    return index % 2 == 0 ? pair & 0xFFFu : pair >> 4;
}

/* The first two entries are of no cluster. */
static void count_clusters(const reader_t *r, uint32_t fat_at, eb_file_system_t *out)
{
    const bool is_fat12 = out->major == 12;
    const uint32_t a_chunk = is_fat12 ? CHUNK_BYTES * 2 / 3 : CHUNK_BYTES / 2;
    const uint32_t end = out->blocks + 2;
    uint8_t bytes[CHUNK_BYTES + 1];

    out->used_known = true;
    for (uint32_t i = 0; i < end && out->used_known; i += a_chunk) {
        const uint32_t count = eb_min_u32(a_chunk, end - i);
        out->used_known = read_levelled(r, fat_at + (is_fat12 ? i / 2 * 3 : i * 2), bytes,
                                        is_fat12 ? (count * 3 + 1) / 2 : count * 2);
        for (uint32_t k = i == 0 ? 2 : 0; k < count && out->used_known; k++) {
            out->used_bytes += fat_entry(bytes, k, is_fat12) != 0 ? out->block_bytes : 0;
        }
    }
}

static void read_fat32_use(const reader_t *r, uint32_t at, eb_file_system_t *out)
{
    uint8_t p[BOOT_BYTES];

    if (read_levelled(r, at, p, sizeof(p)) && memcmp(p, "RRaA", 4) == 0 &&
        memcmp(p + 484, "rrAa", 4) == 0 && eb_get_le32(p + 488) <= out->blocks) {
        out->used_known = true;
        out->used_bytes = (uint64_t)(out->blocks - eb_get_le32(p + 488)) * out->block_bytes;
    }
}

static void read_label(const uint8_t *p, eb_file_system_t *out)
{
    const uint8_t *label = p + (out->major == 32 ? 71 : 43);
    size_t len = 11;

    if (label[-5] != 0x29 || memcmp(label, "NO NAME    ", len) == 0) {
        return;
    }
    while (len > 0 && label[len - 1] == ' ') {
        len--;
    }
    eb_text_clean(label, len, EB_TEXT_ONE_LINE, out->label);
}

static bool find_fat(const reader_t *r, eb_file_system_t *out)
{
    uint8_t p[BOOT_BYTES];

    if (!read_levelled(r, 0, p, sizeof(p)) || p[510] != 0x55 || p[511] != 0xAA ||
        (p[0] != 0xEB && p[0] != 0xE9)) {
        return false;
    }
    const uint32_t sector = eb_get_le16(p + 11), a_cluster = p[13], reserved = eb_get_le16(p + 14);
    const uint32_t fats = p[16], roots = eb_get_le16(p + 17);
    const uint32_t sectors = eb_get_le16(p + 19) != 0 ? eb_get_le16(p + 19) : eb_get_le32(p + 32);
    const uint64_t fat = eb_get_le16(p + 22) != 0 ? eb_get_le16(p + 22) : eb_get_le32(p + 36);
    if (!is_power_of_two(sector) || sector < 512 || sector > 4096 || !is_power_of_two(a_cluster) ||
        reserved == 0 || fats < 1 || fats > 2 || fat == 0 ||
        (uint64_t)sectors * sector > (r->sector != 0 ? r->levelled_bytes : r->size)) {
        return false;
    }
    const uint64_t before = reserved + fats * fat + (roots * 32u + sector - 1) / sector;
    if (before >= sectors) {
        return false;
    }
    out->kind = EB_FILE_SYSTEM_FAT;
    out->wear_levelled = r->sector != 0;
    out->block_bytes = a_cluster * sector;
    out->blocks = (uint32_t)(sectors - before) / a_cluster;
    out->major = out->blocks < 4085 ? 12 : out->blocks < 65525 ? 16 : 32;
    read_label(p, out);
    if (out->major == 32) {
        read_fat32_use(r, eb_get_le16(p + 48) * sector, out);
    } else {
        count_clusters(r, reserved * sector, out);
    }
    return true;
}

/* -- any of them ----------------------------------------------------------------------------- */

void eb_file_system_find(eb_image_read_fn read, void *user, uint32_t size, eb_file_system_t *out)
{
    reader_t r = {.read = read, .user = user, .size = size};

    memset(out, 0, sizeof(*out));
    if (find_littlefs(&r, out)) {
        return;
    }
    memset(out, 0, sizeof(*out));
    (void)find_levelling(&r);
    if (!find_fat(&r, out)) {
        (void)find_spiffs(&r, out);
    }
}

const char *eb_file_system_name(const eb_file_system_t *found)
{
    switch (found->kind) {
    case EB_FILE_SYSTEM_NONE:
        break;
    case EB_FILE_SYSTEM_LITTLEFS:
        return "LittleFS";
    case EB_FILE_SYSTEM_SPIFFS:
        return "SPIFFS";
    case EB_FILE_SYSTEM_FAT:
        return found->major == 12 ? "FAT12" : found->major == 16 ? "FAT16" : "FAT32";
    }
    return "";
}
