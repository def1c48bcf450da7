#include "image_header.h"

#include "bytes.h"
#include "digest.h"
#include "partition_types.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SETTINGS_OFFSET 2u
#define SETTINGS_BYTES  2u
#define HASH_BYTES      32u
#define CHUNK_BYTES     4096u
#define CHIP_ID_MAX     0xFFFFu /* wider ones mark chips whose headers carry none */

typedef struct word_row {
    const char *word;
    uint8_t code;
} word_row_t;

typedef struct word_table {
    const char *what;
    const word_row_t *rows;
    size_t count;
} word_table_t;

static const word_row_t mode_rows[] = {{"qio", 0}, {"qout", 1}, {"dio", 2}, {"dout", 3}};
static const word_table_t mode_table = {"flash mode", mode_rows, EB_COUNT_OF(mode_rows)};

static const word_row_t size_rows[] = {{"1MB", 0x00},  {"2MB", 0x10},  {"4MB", 0x20},
                                       {"8MB", 0x30},  {"16MB", 0x40}, {"32MB", 0x50},
                                       {"64MB", 0x60}, {"128MB", 0x70}};
static const word_table_t size_table = {"flash size", size_rows, EB_COUNT_OF(size_rows)};

/* The codes of frequencies count divisors of a clock that differs by chip. */
static const word_row_t freq_80_rows[] = {{"80m", 0xF}, {"40m", 0}, {"26m", 1}, {"20m", 2}};
static const word_row_t freq_60_rows[] = {{"60m", 0xF}, {"30m", 0}, {"20m", 1}, {"15m", 2}};
static const word_row_t freq_48_rows[] = {{"48m", 0xF}, {"24m", 0}, {"16m", 1}, {"12m", 2}};
static const word_row_t freq_48_or_24_rows[] = {{"48m", 0xF}, {"24m", 0}};
static const word_row_t freq_no_26_rows[] = {{"80m", 0xF}, {"40m", 0}, {"20m", 2}};
/* The ROM of chip 13 has a wrong divisor for the highest one. */
static const word_row_t freq_13_rows[] = {{"80m", 0}, {"40m", 0}, {"20m", 2}};

#define FREQ_TABLE(rows) {"flash frequency", rows, EB_COUNT_OF(rows)}
static const word_table_t freq_table = FREQ_TABLE(freq_80_rows);

/* By the chip id of the image header; chips that are not here have the table above. */
static const struct {
    uint32_t chip_id;
    word_table_t table;
} freq_tables[] = {
    {12, FREQ_TABLE(freq_60_rows)},       {13, FREQ_TABLE(freq_13_rows)},
    {16, FREQ_TABLE(freq_48_rows)},       {20, FREQ_TABLE(freq_no_26_rows)},
    {23, FREQ_TABLE(freq_no_26_rows)},    {25, FREQ_TABLE(freq_48_or_24_rows)},
    {28, FREQ_TABLE(freq_48_or_24_rows)}, {32, FREQ_TABLE(freq_no_26_rows)},
};

static const word_table_t *freq_table_of(uint32_t chip_id)
{
    for (size_t i = 0; i < EB_COUNT_OF(freq_tables); i++) {
        if (freq_tables[i].chip_id == chip_id) {
            return &freq_tables[i].table;
        }
    }
    return &freq_table;
}

static bool is_kept(const char *word)
{
    return word == NULL || strcasecmp(word, "keep") == 0;
}

bool eb_flash_settings_any(const eb_flash_settings_t *settings)
{
    return !is_kept(settings->mode) || !is_kept(settings->freq) || !is_kept(settings->size);
}

/* *code keeps its value where nothing is to be set. */
static eb_code_t take_word(const word_table_t *table, const char *word, uint8_t *code,
                           eb_err_t *err)
{
    char words[96] = "";
    size_t used = 0;

    if (is_kept(word)) {
        return EB_OK;
    }
    for (size_t i = 0; i < table->count; i++) {
        if (strcasecmp(table->rows[i].word, word) == 0) {
            *code = table->rows[i].code;
            return EB_OK;
        }
        used += (size_t)snprintf(words + used, sizeof(words) - used, "%s, ", table->rows[i].word);
    }
    return eb_err_set(err, EB_ERR_USAGE, "%s \"%s\": this chip knows %sor keep", table->what, word,
                      words);
}

static eb_code_t take_settings(const eb_app_image_t *image, uint32_t chip_id,
                               const eb_flash_settings_t *settings, uint8_t out[SETTINGS_BYTES],
                               eb_err_t *err)
{
    uint8_t mode = image->flash_mode;
    uint8_t freq = image->flash_freq_code;
    uint8_t size = (uint8_t)(image->flash_size_code << 4);
    eb_code_t code = take_word(&mode_table, settings->mode, &mode, err);

    if (code == EB_OK) {
        code = take_word(freq_table_of(chip_id), settings->freq, &freq, err);
    }
    if (code == EB_OK) {
        code = take_word(&size_table, settings->size, &size, err);
    }
    out[0] = mode;
    out[1] = (uint8_t)(size | freq);
    return code;
}

static eb_code_t make_hash(eb_image_read_fn read, void *user, eb_header_patch_t *patch,
                           eb_err_t *err)
{
    uint8_t chunk[CHUNK_BYTES];
    eb_header_patch_t header = *patch;
    eb_digest_t *sha = eb_digest_new(EB_DIGEST_SHA256);

    if (sha == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the image header");
    }
    header.has_hash = false;
    for (uint32_t offset = 0; offset < patch->hash_offset;) {
        uint32_t count = eb_min_u32(CHUNK_BYTES, patch->hash_offset - offset);
        if (!read(user, offset, chunk, count)) {
            eb_digest_free(sha);
            return eb_err_set(err, EB_ERR_FILE_IO, "the image cannot be read at 0x%x", offset);
        }
        eb_header_patch_apply(&header, offset, chunk, count);
        eb_digest_update(sha, chunk, count);
        offset += count;
    }
    eb_digest_finish(sha, patch->sha256);
    eb_digest_free(sha);
    return EB_OK;
}

eb_code_t eb_header_patch_make(eb_image_read_fn read, void *user, uint32_t limit, uint32_t chip_id,
                               const eb_flash_settings_t *settings, eb_header_patch_t *out,
                               eb_err_t *err)
{
    eb_app_image_t image;
    uint8_t settings_now[SETTINGS_BYTES];

    memset(out, 0, sizeof(*out));
    if (chip_id > CHIP_ID_MAX) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED,
                          "the flash settings of this chip's images cannot be changed");
    }
    eb_app_image_check(read, user, limit, &image);
    if (image.state != EB_IMAGE_VALID || image.length_bytes < HASH_BYTES) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID,
                          "there is no sound image whose flash settings could be changed");
    }
    if (image.chip_id == EB_IMAGE_CHIP_NONE) { /* other headers have them elsewhere */
        return eb_err_set(err, EB_ERR_UNSUPPORTED,
                          "the image names no chip, and its flash settings cannot be changed");
    }
    eb_code_t code = take_settings(&image, chip_id, settings, out->settings, err);
    if (code != EB_OK) {
        return code;
    }
    if (!read(user, SETTINGS_OFFSET, settings_now, SETTINGS_BYTES)) {
        return eb_err_set(err, EB_ERR_FILE_IO, "the image header cannot be read");
    }
    out->changed = memcmp(settings_now, out->settings, SETTINGS_BYTES) != 0;
    out->has_hash = image.hash_appended;
    out->hash_offset = image.length_bytes - (image.hash_appended ? HASH_BYTES : 0);
    return out->changed && out->has_hash ? make_hash(read, user, out, err) : EB_OK;
}

/* The part of `from`, which lies at `at`, that falls into the bytes at hand. */
static void put(const uint8_t *from, uint32_t at, uint32_t len, uint32_t offset, uint8_t *bytes,
                uint32_t size)
{
    for (uint32_t i = 0; i < len; i++) {
        if (at + i >= offset && at + i - offset < size) {
            bytes[at + i - offset] = from[i];
        }
    }
}

void eb_header_patch_apply(const eb_header_patch_t *patch, uint32_t offset, uint8_t *bytes,
                           uint32_t size)
{
    if (!patch->changed) {
        return;
    }
    put(patch->settings, SETTINGS_OFFSET, SETTINGS_BYTES, offset, bytes, size);
    if (patch->has_hash) {
        put(patch->sha256, patch->hash_offset, HASH_BYTES, offset, bytes, size);
    }
}
