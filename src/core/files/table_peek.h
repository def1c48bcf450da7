/* table_peek.h: the partition table of a backup at a glance: no hash, no check against a board. */
#ifndef EB_FILES_TABLE_PEEK_H
#define EB_FILES_TABLE_PEEK_H

#include "espbackup/err.h"
#include "espbackup/image.h"

/* Of the sidecar, else of the bytes of the image. Not present: EB_OK, table->present is false. */
eb_code_t eb_table_peek(const char *image_path, eb_partition_table_t *table, eb_err_t *err);

#endif
