/*
 * part_choice.h: one partition that is to have an image of its own.
 *
 * Labels come from the flash and are hostile: in a file name only letters, digits, '-', '_' and '.'
 * are kept.
 */
#ifndef EB_CORE_PART_CHOICE_H
#define EB_CORE_PART_CHOICE_H

#include "espbackup/image.h"
#include "range.h"

#define EB_PART_WORD_BYTES 24

typedef struct eb_part_choice {
    char label[EB_PARTITION_LABEL_BYTES]; /* empty: the table gives none */
    eb_range_t range;
} eb_part_choice_t;

/* The word of a file name that stands for it; NULL: "backup". Never empty, never a path. */
void eb_part_choice_word(const eb_part_choice_t *choice, char out[EB_PART_WORD_BYTES]);

#endif
