/*
 * partition_select.h: from what the user asked for to ranges of the flash, by the partition table.
 *
 * Labels come from the flash and are hostile: in a file name only letters, digits, '-', '_' and '.'
 * are kept.
 */
#ifndef EB_LAYOUT_PARTITION_SELECT_H
#define EB_LAYOUT_PARTITION_SELECT_H

#include "espbackup/event.h"
#include "espbackup/image.h"
#include "flash_layout.h"
#include "partition_lookup.h"

typedef struct eb_partition_select {
    const char *const *names;
    size_t name_count;
    bool active_app, critical, all;
    bool has_range; /* names[0] is the label to use, no table needed */
    uint32_t addr, size;
    uint32_t table_addr; /* 0: 0x8000, then a search at the usual places */
} eb_partition_select_t;

#define EB_PART_WORD_BYTES 24

/* The word of a file name that stands for it; NULL: "backup". Never empty, never a path. */
void eb_part_choice_word(const eb_part_choice_t *choice, char out[EB_PART_WORD_BYTES]);

#define EB_PART_CHOICES_MAX (EB_PARTITIONS_MAX + 2) /* bootloader and table too */

typedef struct eb_part_choices {
    eb_part_choice_t list[EB_PART_CHOICES_MAX]; /* in flash order, each range once */
    size_t count;
} eb_part_choices_t;

typedef struct eb_part_board {
    const eb_layout_t *layout;
    const eb_layout_source_t *source; /* where it was found */
    const char *image;           /* path of the image that stands for the board; NULL: none does */
    bool bare;                   /* that image has no sidecar */
    const eb_session_t *session; /* NULL: an image stands for the board */
} eb_part_board_t;

/*
 * EB_ERR_USAGE names what cannot be: nothing selected, no table, a name that the table has not, a
 * range not whole in the image. Of a board the errors of eb_session_check_range. What `critical`
 * wants and the board lacks is a note. Zeroed first.
 */
eb_code_t eb_partition_select(const eb_partition_select_t *select, const eb_part_board_t *board,
                              const eb_events_t *ev, eb_part_choices_t *out, eb_err_t *err);

#endif
