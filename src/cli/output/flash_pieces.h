/*
 * flash_pieces.h: ranges of the flash cut at the borders of partitions, for showing: what they are,
 * how they are, and how much of each partition that makes.
 */
#ifndef EB_OUTPUT_FLASH_PIECES_H
#define EB_OUTPUT_FLASH_PIECES_H

#include "difference.h"
#include "espbackup/ops.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_RANGE_STATES (EB_SPAN_UNKNOWN + 1)

typedef struct eb_piece {
    uint32_t addr, size;
    uint32_t bytes; /* of size: those that count */
    eb_span_state_t state;
    char name[EB_DIFF_PART_BYTES]; /* empty: in no partition */
} eb_piece_t;

typedef struct eb_pieces {
    eb_piece_t *list; /* sorted by addr */
    size_t count;
} eb_pieces_t;

/* All pieces of one partition (or of what lies between two) together. */
typedef struct eb_piece_sum {
    char name[EB_DIFF_PART_BYTES];
    uint32_t addr;                   /* of the first piece that counts, if any does */
    uint32_t end;                    /* behind the last one, cut to 32 bits */
    size_t count;                    /* of pieces that are not EB_SPAN_SAME */
    uint64_t bytes[EB_RANGE_STATES]; /* by state */
} eb_piece_sum_t;

typedef struct eb_piece_sums {
    eb_piece_sum_t *list; /* sorted by addr */
    size_t count;
} eb_piece_sums_t;

/* false: no memory. *out is zeroed first; free it in any case. */
bool eb_pieces_of_spans(const eb_spans_t *spans, const eb_areas_t *areas, eb_pieces_t *out);
/* Differences are pieces that are EB_SPAN_OLD. */
bool eb_pieces_of_diff(const eb_diff_result_t *diff, eb_pieces_t *out);
void eb_pieces_free(eb_pieces_t *pieces);
/* Bytes of a state over all pieces. */
uint64_t eb_pieces_bytes(const eb_pieces_t *pieces, eb_span_state_t state);

bool eb_piece_sums_make(const eb_pieces_t *pieces, eb_piece_sums_t *out);
void eb_piece_sums_free(eb_piece_sums_t *sums);

/* "new", "unknown", ...: as in JSON. */
const char *eb_range_state_name(eb_span_state_t state);

#endif
