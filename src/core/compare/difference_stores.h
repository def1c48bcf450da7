/*
 * difference_stores.h: the keys that differ in NVS partitions, of two images, or of a board and
 * what it is compared with.
 */
#ifndef EB_COMPARE_DIFFERENCE_STORES_H
#define EB_COMPARE_DIFFERENCE_STORES_H

#include "backup_image.h"
#include "flash_compare.h"
#include "nvs_compare.h"

typedef enum eb_store_state {
    EB_STORE_COMPARED,
    EB_STORE_OPAQUE,  /* a side has no valid entry: encrypted or damaged */
    EB_STORE_OTHER,   /* a side is neither erased nor NVS, or too large */
    EB_STORE_NOT_READ /* the ROM bootloader cannot read this flash */
} eb_store_state_t;

/* Of an NVS partition that both sides have whole, and that differs. */
typedef struct eb_diff_store {
    char partition[EB_PARTITION_LABEL_BYTES];
    eb_store_state_t state;
    eb_nvs_change_t *changes; /* by namespace and key; NULL: none, though bytes differ */
    size_t count;
} eb_diff_store_t;

typedef struct eb_diff_stores {
    eb_diff_store_t *list;
    size_t count;
} eb_diff_stores_t;
void eb_diff_stores_free(eb_diff_stores_t *stores);

/* Both fill *out, which is zeroed first and the caller's to free in any case. `table` NULL or not
 * present: no partition is known. EB_ERR_INTERNAL without memory; errors of reading. */

/* From a to b. */
eb_code_t eb_difference_stores(const eb_backup_image_t *a, const eb_backup_image_t *b,
                               const eb_partition_table_t *table, eb_diff_stores_t *out,
                               eb_err_t *err);

/* The board, and the bytes it is compared with: the spans are what eb_flash_compare found. */
typedef struct eb_board_stores {
    eb_retry_t *retry;
    const eb_spans_t *spans;
    eb_wanted_fn wanted;
    void *user;
    bool to_board; /* what is added is on the board; else it is in the wanted bytes */
} eb_board_stores_t;

/* Only the bytes that differ are read from the board, the others are as wanted. EB_PHASE_READ. */
eb_code_t eb_difference_stores_of_board(const eb_board_stores_t *board,
                                        const eb_partition_table_t *table, const eb_events_t *ev,
                                        eb_diff_stores_t *out, eb_err_t *err);

#endif
