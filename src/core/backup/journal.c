#include "journal.h"

#include "espbackup/version.h"
#include "fs_atomic.h"
#include "range.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC      "espbackup-journal 1"
#define HEAD_BYTES 512

bool eb_journal_id_equal(const eb_journal_id_t *a, const eb_journal_id_t *b)
{
    return strcmp(a->chip, b->chip) == 0 && strcmp(a->mac, b->mac) == 0 &&
           a->jedec_id == b->jedec_id && a->flash_size_bytes == b->flash_size_bytes &&
           a->range.addr == b->range.addr && a->range.size == b->range.size;
}

static eb_code_t keep_path(eb_journal_t *journal, const char *path, eb_err_t *err)
{
    memset(journal, 0, sizeof(*journal));
    journal->fd = -1;
    if (strlen(path) >= sizeof(journal->path)) {
        return eb_err_set(err, EB_ERR_USAGE, "path too long: %s", path);
    }
    memcpy(journal->path, path, strlen(path) + 1);
    return EB_OK;
}

eb_code_t eb_journal_create(eb_journal_t *journal, const char *path, const eb_journal_head_t *head,
                            eb_err_t *err)
{
    char text[HEAD_BYTES];
    eb_code_t code = keep_path(journal, path, err);

    if (code != EB_OK) {
        return code;
    }
    int len =
        snprintf(text, sizeof(text),
                 MAGIC "\ntool %s\nstarted %" PRId64 "\nchip %s\nmac %s\njedec 0x%06" PRIx32
                       "\nflash %" PRIu64 "\nrange 0x%" PRIx32 " 0x%" PRIx32 "\nverified\n",
                 eb_version(), head->started_unix, head->id.chip, head->id.mac, head->id.jedec_id,
                 head->id.flash_size_bytes, head->id.range.addr, head->id.range.size);
    if (len < 0 || (size_t)len >= sizeof(text)) {
        return eb_err_set(err, EB_ERR_INTERNAL, "journal head too long");
    }
    if ((code = eb_fs_open_part(path, true, &journal->fd, err)) != EB_OK) {
        return code;
    }
    code = eb_fs_pwrite(journal->fd, path, text, (size_t)len, 0, err);
    if (code != EB_OK) {
        eb_journal_close(journal);
        (void)unlink(path);
        return code;
    }
    journal->end_bytes = (uint64_t)len;
    return EB_OK;
}

eb_code_t eb_journal_open(eb_journal_t *journal, const char *path, uint64_t end_bytes,
                          eb_err_t *err)
{
    eb_code_t code = keep_path(journal, path, err);

    if (code != EB_OK) {
        return code;
    }
    journal->end_bytes = end_bytes;
    return eb_fs_open_part(path, false, &journal->fd, err);
}

eb_code_t eb_journal_add(eb_journal_t *journal, eb_range_t range, eb_origin_t origin, eb_err_t *err)
{
    char line[64];
    int len = snprintf(line, sizeof(line), "%s 0x%08" PRIx32 " 0x%" PRIx32 "\n",
                       eb_origin_word(origin), range.addr, range.size);

    if (len < 0 || (size_t)len >= sizeof(line)) {
        return eb_err_set(err, EB_ERR_INTERNAL, "journal line too long");
    }
    eb_code_t code =
        eb_fs_pwrite(journal->fd, journal->path, line, (size_t)len, journal->end_bytes, err);
    if (code == EB_OK) {
        journal->end_bytes += (uint64_t)len;
    }
    return code;
}

void eb_journal_close(eb_journal_t *journal)
{
    if (journal != NULL && journal->fd >= 0) {
        (void)close(journal->fd);
        journal->fd = -1;
    }
}

/* -- loading ------------------------------------------------------------------------------- */

/* The next whole line at *at, NUL-terminated in place; NULL: no more, or torn. */
static char *next_line(char *text, size_t len, size_t *at)
{
    char *line = text + *at;
    char *end = memchr(line, '\n', len - *at);

    if (end == NULL) {
        return NULL;
    }
    *end = '\0';
    *at = (size_t)(end - text) + 1;
    return line;
}

static bool parse_u64(const char *text, const char **rest, uint64_t *out)
{
    char *end = NULL;

    if (*text < '0' || *text > '9') {
        return false; /* strtoull takes blanks and signs */
    }
    *out = strtoull(text, &end, 0);
    *rest = end;
    return true;
}

static bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
    const char *rest;

    return parse_u64(text, &rest, out) && *rest == '\0' && *out <= max;
}

static bool parse_range(const char *text, eb_range_t *out)
{
    const char *rest;
    uint64_t addr, size;

    if (!parse_u64(text, &rest, &addr) || *rest != ' ' ||
        !parse_number(rest + 1, UINT32_MAX, &size)) {
        return false;
    }
    if (addr > UINT32_MAX || !eb_range_within(addr, size, 1ull << 32)) {
        return false;
    }
    *out = (eb_range_t){(uint32_t)addr, (uint32_t)size};
    return true;
}

static bool copy_word(const char *text, char *out, size_t cap)
{
    size_t len = strlen(text);

    if (len == 0 || len >= cap) {
        return false;
    }
    memcpy(out, text, len + 1);
    return true;
}

static bool parse_head_line(const char *line, eb_journal_head_t *head, unsigned *seen)
{
    static const char *const keys[] = {"tool ",  "started ", "chip ", "mac ",
                                       "jedec ", "flash ",   "range "};
    uint64_t number = 0;
    size_t i = 0;

    while (i < 7 && strncmp(line, keys[i], strlen(keys[i])) != 0) {
        i++;
    }
    if (i == 7) {
        return false;
    }
    const char *value = line + strlen(keys[i]);
    *seen |= 1u << i;
    switch (i) {
    case 0:
        return copy_word(value, head->tool_version, sizeof(head->tool_version));
    case 1:
        if (!parse_number(value, INT64_MAX, &number)) {
            return false;
        }
        head->started_unix = (int64_t)number;
        return true;
    case 2:
        return copy_word(value, head->id.chip, sizeof(head->id.chip));
    case 3:
        return copy_word(value, head->id.mac, sizeof(head->id.mac));
    case 4:
        if (!parse_number(value, 0xFFFFFF, &number)) {
            return false;
        }
        head->id.jedec_id = (uint32_t)number;
        return true;
    case 5:
        return parse_number(value, 1ull << 32, &head->id.flash_size_bytes);
    default:
        return parse_range(value, &head->id.range);
    }
}

static bool parse_head(char *text, size_t len, size_t *at, eb_journal_head_t *head)
{
    unsigned seen = 0;
    char *line = next_line(text, len, at);

    if (line == NULL || strcmp(line, MAGIC) != 0) {
        return false;
    }
    while ((line = next_line(text, len, at)) != NULL && strcmp(line, "verified") != 0) {
        if (!parse_head_line(line, head, &seen)) {
            return false;
        }
    }
    return line != NULL && seen == 0x7F && head->id.range.size > 0;
}

static void parse_verified(char *text, size_t len, size_t *at, eb_verified_map_t *left)
{
    char *line;

    while ((line = next_line(text, len, at)) != NULL) {
        char *blank = strchr(line, ' ');
        eb_origin_t origin;
        eb_range_t range;

        if (blank != NULL && parse_range(blank + 1, &range)) {
            *blank = '\0';
            if (eb_origin_of_word(line, &origin)) {
                /* Received bytes came over the wire: as good a guess as read ones. */
                eb_verified_map_set(left, range,
                                    origin == EB_ORIGIN_NONE ? EB_ORIGIN_READ : origin);
            }
        }
    }
}

eb_code_t eb_journal_load(const char *path, eb_journal_head_t *head, eb_verified_map_t *left,
                          uint64_t *end_bytes, eb_err_t *err)
{
    uint8_t *bytes = NULL;
    size_t len = 0, at = 0;

    memset(head, 0, sizeof(*head));
    *end_bytes = 0;
    eb_code_t code = eb_fs_read_file(path, EB_JOURNAL_MAX_BYTES, &bytes, &len, err);
    if (code != EB_OK) {
        return code;
    }
    char *text = (char *)bytes;
    if (!parse_head(text, len, &at, head)) {
        code = eb_err_set(err, EB_ERR_FILE_IO, "%s is not a journal of this version", path);
        goto done;
    }
    if (left != NULL && left->origin == NULL) {
        if ((code = eb_verified_map_init(left, head->id.range, err)) != EB_OK) {
            goto done;
        }
    }
    if (left != NULL) {
        parse_verified(text, len, &at, left);
    }
    *end_bytes = at;
done:
    free(bytes);
    return code;
}
