/*
 * partition_lookup.h: from the name of a partition to its range of the flash.
 *
 * The labels of the table come first. "bootloader" and "partition_table" are names in any case: a
 * newer table has entries of these types, otherwise the bootloader has all that lies before the
 * table and the first partition, and the table has its sector.
 */
#ifndef EB_LAYOUT_PARTITION_LOOKUP_H
#define EB_LAYOUT_PARTITION_LOOKUP_H

#include "espbackup/err.h"
#include "espbackup/image.h"
#include "range.h"

#define EB_PART_ADDR_NOT_KNOWN UINT32_MAX

typedef struct eb_part_choice {
    char label[EB_PARTITION_LABEL_BYTES]; /* empty: the table gives none */
    eb_range_t range;
} eb_part_choice_t;

typedef struct eb_lookup {
    const eb_partition_table_t *table; /* NULL or not present: there is none; borrowed */
    const char *owner;                 /* of the table: "the board", or the path of an image */
    uint32_t table_addr;               /* where it is or would be; 0: only the table tells */
    uint32_t bootloader_addr;          /* EB_PART_ADDR_NOT_KNOWN is allowed */
    bool bare;                         /* the owner is an image without a sidecar */
} eb_lookup_t;

/*
 * EB_ERR_USAGE: no such name, or no table to look it up in. count NULL: two partitions of that name
 * are EB_ERR_USAGE too, and an odd entry is EB_ERR_REFUSED, for it shall be written; else *count is
 * how many there are, *out is the first, and only an entry that is not usable is EB_ERR_USAGE.
 */
eb_code_t eb_partition_lookup(const eb_lookup_t *in, const char *name, eb_part_choice_t *out,
                              size_t *count, eb_err_t *err);
/* The bootloader or the table itself, by type; false: nothing tells where it is. */
bool eb_partition_lookup_type(const eb_lookup_t *in, uint8_t type, eb_part_choice_t *out);
/* EB_ERR_USAGE in words: there is no table, or a damaged or an encrypted one. */
eb_code_t eb_partition_no_table(const eb_lookup_t *in, eb_err_t *err);

eb_part_choice_t eb_part_choice_of(const eb_partition_t *entry);

#endif
