/*
 * difference.h: differing ranges of the flash and the names of what lies there.
 */
#ifndef EB_COMPARE_DIFFERENCE_H
#define EB_COMPARE_DIFFERENCE_H

#include "backup_image.h"
#include "difference_stores.h"
#include "espbackup/session.h"
#include "flash_areas.h"
#include "flash_map.h"
#include "paths.h"

#define EB_DIFF_PART_BYTES 32

typedef enum eb_difference_kind {
    EB_DIFFERENCE_CHANGED, /* both sides have bytes there */
    EB_DIFFERENCE_ONLY_A,  /* of two images, only the first reaches there */
    EB_DIFFERENCE_ONLY_B
} eb_difference_kind_t;

typedef struct eb_difference {
    uint32_t addr;
    uint32_t size;
    uint32_t differing_bytes; /* of size: a few equal bytes do not part a range of two images */
    eb_difference_kind_t kind;
    char partition[EB_DIFF_PART_BYTES]; /* label, or "bootloader", "partition table", or empty */
} eb_difference_t;

typedef struct eb_diff_result {
    bool verified;     /* the comparison covered everything */
    bool file_checked; /* SHA-256 against the sidecar */
    bool has_sidecar;
    uint32_t addr;
    uint64_t size_bytes;
    uint64_t differing_bytes;     /* by sector when one side is a board */
    eb_difference_t *differences; /* sorted by addr, split at partition borders */
    size_t count;
    eb_diff_stores_t stores; /* from a to b; not of verify */
    eb_flash_map_t map;      /* its areas; the rest where `diff` is asked for it */
    char a_path[EB_PATH_BYTES], b_path[EB_PATH_BYTES]; /* b empty: the board */
    double seconds;
} eb_diff_result_t;
void eb_diff_result_free(eb_diff_result_t *result);

/* Append [addr, addr + size), which must lie behind what is there, split at the borders of areas.
 * All of its bytes differ. Does not count those of the result. EB_ERR_INTERNAL without memory. */
eb_code_t eb_difference_add(eb_diff_result_t *result, const eb_areas_t *areas, uint32_t addr,
                            uint32_t size, eb_difference_kind_t kind, eb_err_t *err);

/* EB_OK without a difference, else EB_ERR_DIFFERENT in words: how much, and where it begins. */
eb_code_t eb_difference_error(const eb_diff_result_t *result, const char *what, eb_err_t *err);

/* Whether the keys of NVS partitions are compared too, and what the board is then. */
typedef enum eb_board_keys {
    EB_KEYS_NOT_ASKED,
    EB_KEYS_BOARD_IS_A,
    EB_KEYS_BOARD_IS_B
} eb_board_keys_t;

/*
 * Compare the board with all of an image by digests and fill differences, differing_bytes, stores
 * and verified. EB_ERR_DIFFERENT in words where they differ. EB_ERR_USAGE: the image reaches beyond
 * the flash.
 */
eb_code_t eb_difference_with_board(eb_session_t *s, eb_backup_image_t *source, eb_board_keys_t keys,
                                   const eb_events_t *ev, eb_diff_result_t *result, eb_err_t *err);

#endif
