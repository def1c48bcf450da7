/*
 * journal.h: the text file beside NAME.bin.part that tells a later run what is in it.
 *
 * The head names board and range, one `key value` a line; after it come lines `ORIGIN 0xADDR
 * 0xSIZE` (flash addresses), added as ranges are verified and after their bytes were written.
 * ORIGIN is an eb_origin_word; received: came over the wire, not verified. A torn last line (a
 * kill, a full disk) is ignored and written over. Nothing in a journal is trusted: the ranges that
 * it lists are checked against the board again.
 */
#ifndef EB_BACKUP_JOURNAL_H
#define EB_BACKUP_JOURNAL_H

#include "espbackup/session.h"
#include "paths.h"
#include "range.h"
#include "verified_map.h"

#define EB_JOURNAL_MAX_BYTES (8u * 1024u * 1024u)

/* What a .part is of. */
typedef struct eb_journal_id {
    char chip[16];
    char mac[EB_MAC_TEXT_BYTES];
    uint32_t jedec_id;
    uint64_t flash_size_bytes;
    eb_range_t range;
} eb_journal_id_t;

typedef struct eb_journal_head {
    eb_journal_id_t id;
    int64_t started_unix;
} eb_journal_head_t;

typedef struct eb_journal {
    int fd;             /* -1: closed */
    const char *path;   /* borrowed */
    uint64_t end_bytes; /* where the next line goes */
} eb_journal_t;

bool eb_journal_id_equal(const eb_journal_id_t *a, const eb_journal_id_t *b);

/* Make the file and write its head. One that a .part left, which is gone, is removed; one that
 * another run holds is EB_ERR_FILE_ACCESS. The journal borrows the path, here and below. */
eb_code_t eb_journal_create(eb_journal_t *journal, const char *path, const eb_journal_head_t *head,
                            eb_err_t *err);

/*
 * Read a journal. listed, if not NULL, must be zeroed; it is initialised for head's range and gets
 * the ranges listed. EB_ERR_FILE_IO for a head that cannot be understood.
 */
eb_code_t eb_journal_load(const char *path, eb_journal_head_t *head, eb_verified_map_t *listed,
                          uint64_t *end_bytes, eb_err_t *err);

/* Open, load as eb_journal_load does, and add lines behind what is there. */
eb_code_t eb_journal_resume(eb_journal_t *journal, const char *path, eb_journal_head_t *head,
                            eb_verified_map_t *listed, eb_err_t *err);

/* Add a line. EB_ORIGIN_NONE is written as received. */
eb_code_t eb_journal_add(eb_journal_t *journal, eb_range_t range, eb_origin_t origin,
                         eb_err_t *err);

void eb_journal_close(eb_journal_t *journal);  /* NULL and closed are allowed */
void eb_journal_remove(eb_journal_t *journal); /* and close it, unless the name is another file's */

#endif
