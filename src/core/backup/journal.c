#include "journal.h"

#include "espbackup/version.h"
#include "fs_atomic.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES 512
#define LINE_BYTES 64
#define WORK_MAX   100000000u /* units of the map; half a second */

bool eb_journal_id_equal(const eb_journal_id_t *a, const eb_journal_id_t *b)
{
    return strcmp(a->chip, b->chip) == 0 && strcmp(a->mac, b->mac) == 0 &&
           a->jedec_id == b->jedec_id && a->flash_size_bytes == b->flash_size_bytes &&
           a->range.addr == b->range.addr && a->range.size == b->range.size;
}

/* The head as text; its length, or 0 if it does not fit. */
static size_t print_head(const eb_journal_head_t *head, const char *tool, char out[HEAD_BYTES])
{
    const eb_journal_id_t *id = &head->id;
    int len = snprintf(out, HEAD_BYTES,
                       "espbackup-journal 1\ntool %.31s\nstarted %" PRId64 "\nchip %s\nmac %s\n"
                       "jedec 0x%06" PRIx32 "\nflash %" PRIu64 "\nrange 0x%" PRIx32 " 0x%" PRIx32
                       "\nverified\n",
                       tool, head->started_unix, id->chip, id->mac, id->jedec_id,
                       id->flash_size_bytes, id->range.addr, id->range.size);

    return len > 0 && len < HEAD_BYTES ? (size_t)len : 0;
}

static size_t print_line(eb_range_t range, eb_origin_t origin, char out[LINE_BYTES])
{
    return (size_t)snprintf(out, LINE_BYTES, "%s 0x%08" PRIx32 " 0x%" PRIx32 "\n",
                            eb_origin_word(origin), range.addr, range.size);
}

eb_code_t eb_journal_create(eb_journal_t *journal, const char *path, const eb_journal_head_t *head,
                            eb_err_t *err)
{
    char text[HEAD_BYTES];
    size_t len = print_head(head, eb_version(), text);

    if (len == 0) {
        return eb_err_set(err, EB_ERR_INTERNAL, "journal head too long");
    }
    *journal = (eb_journal_t){-1, path, len};
    eb_code_t code = eb_fs_open_anew(path, &journal->fd, err);
    if (code == EB_OK && (code = eb_fs_pwrite(journal->fd, path, text, len, 0, err)) != EB_OK) {
        eb_journal_remove(journal);
    }
    return code;
}

eb_code_t eb_journal_resume(eb_journal_t *journal, const char *path, eb_journal_head_t *head,
                            eb_verified_map_t *listed, eb_err_t *err)
{
    *journal = (eb_journal_t){-1, path, 0};
    eb_code_t code = eb_fs_open_part(path, false, &journal->fd, err);
    /* Under the lock, so that nobody adds to it meanwhile. */
    if (code == EB_OK &&
        (code = eb_journal_load(path, head, listed, &journal->end_bytes, err)) != EB_OK) {
        eb_journal_close(journal);
    }
    return code;
}

eb_code_t eb_journal_add(eb_journal_t *journal, eb_range_t range, eb_origin_t origin, eb_err_t *err)
{
    char line[LINE_BYTES];
    size_t len = print_line(range, origin, line);
    eb_code_t code = eb_fs_pwrite(journal->fd, journal->path, line, len, journal->end_bytes, err);
    if (code == EB_OK) {
        journal->end_bytes += len;
    }
    return code;
}

void eb_journal_close(eb_journal_t *journal)
{
    if (journal != NULL) {
        eb_fs_close(&journal->fd);
    }
}

void eb_journal_remove(eb_journal_t *journal)
{
    if (journal->fd >= 0) {
        (void)eb_fs_remove_named(&journal->fd, journal->path);
        eb_journal_close(journal);
    }
}

/* -- loading ------------------------------------------------------------------------------- */

/* Only text that print_head and print_line write is accepted: one form, so that nothing is left to
 * interpret. The widths keep numbers within their types. */

static bool parse_head(const char *text, eb_journal_head_t *head, size_t *len)
{
    char own[HEAD_BYTES], again[HEAD_BYTES], tool[32];
    eb_journal_id_t *id = &head->id;

    (void)snprintf(own, sizeof(own), "%.*s", HEAD_BYTES - 1, text); /* sscanf measures its text */
    if (sscanf(own,
               "espbackup-journal 1 tool %31s started %18" SCNd64 " chip %15s mac %23s"
               " jedec 0x%6" SCNx32 " flash %18" SCNu64 " range 0x%8" SCNx32 " 0x%8" SCNx32,
               tool, &head->started_unix, id->chip, id->mac, &id->jedec_id, &id->flash_size_bytes,
               &id->range.addr, &id->range.size) != 8) {
        return false;
    }
    *len = print_head(head, tool, again);
    return *len > 0 && strncmp(text, again, *len) == 0 && head->started_unix >= 0 &&
           id->range.size > 0 && eb_range_within(id->range.addr, id->range.size, 1ull << 32);
}

static bool parse_line(const char *line, eb_range_t *range, eb_origin_t *origin)
{
    char word[16], again[LINE_BYTES];

    if (sscanf(line, "%15s 0x%8" SCNx32 " 0x%8" SCNx32, word, &range->addr, &range->size) != 3 ||
        !eb_origin_of_word(word, origin) ||
        !eb_range_within(range->addr, range->size, 1ull << 32)) {
        return false;
    }
    print_line(*range, *origin, again);
    return strcmp(line, again) == 0;
}

/*
 * The ranges of whole lines; where the last of these ends. Newest first, because a later line says
 * more of a range. The work is limited: a few lines that each list all of a large flash would
 * otherwise take minutes. What is left out is read again.
 */
static size_t parse_lines(const char *text, size_t at, eb_verified_map_t *listed)
{
    const char *const first = text + at;
    const char *end = strrchr(first, '\n');
    const size_t end_bytes = end != NULL ? (size_t)(end - text) + 1 : at;
    size_t work = 0;

    while (listed != NULL && end != NULL && work < WORK_MAX) {
        const char *start = end;
        char line[LINE_BYTES];
        eb_origin_t origin;
        eb_range_t range;

        while (start > first && start[-1] != '\n') {
            start--;
        }
        (void)snprintf(line, sizeof(line), "%.*s", (int)(end + 1 - start), start);
        if (parse_line(line, &range, &origin)) {
            /* Received bytes came over the wire: as good a guess as read ones. */
            work += eb_verified_map_fill(listed, range,
                                         origin == EB_ORIGIN_NONE ? EB_ORIGIN_READ : origin);
        }
        end = start > first ? start - 1 : NULL;
    }
    return end_bytes;
}

eb_code_t eb_journal_load(const char *path, eb_journal_head_t *head, eb_verified_map_t *listed,
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
    const char *text = (const char *)bytes;
    if (!parse_head(text, head, &at)) {
        code = eb_err_set(err, EB_ERR_FILE_IO, "%s is not a journal of this version", path);
    } else if (listed != NULL) {
        code = eb_verified_map_init(listed, head->id.range, err);
    }
    if (code == EB_OK) {
        *end_bytes = parse_lines(text, at, listed);
    }
    free(bytes);
    return code;
}
