/* origin.h: where the verified bytes of an image came from. */
#ifndef ESPBACKUP_ORIGIN_H
#define ESPBACKUP_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

typedef enum eb_origin {
    EB_ORIGIN_NONE,    /* not verified */
    EB_ORIGIN_READ,    /* sent over the wire */
    EB_ORIGIN_ERASED,  /* not sent: the chip's MD5 is that of 0xFF */
    EB_ORIGIN_EARLIER, /* not sent: the MD5 is that of an earlier backup of this board */
    EB_ORIGIN_RESUMED  /* not sent again: the MD5 is that of an interrupted run's bytes */
} eb_origin_t;
#define EB_ORIGIN_COUNT (EB_ORIGIN_RESUMED + 1)

/* How many bytes are of each origin. All zero: not known, of a partition that was taken out of an
 * image without sidecar. */
typedef struct eb_origins {
    uint64_t bytes[EB_ORIGIN_COUNT];
} eb_origins_t;

/* The word for it in JSON and in the journal; "received" for EB_ORIGIN_NONE. */
const char *eb_origin_word(eb_origin_t origin);
/* For people: "1.0 MB" and then this. */
const char *eb_origin_text(eb_origin_t origin);
/* false: not a word that eb_origin_word gives. */
bool eb_origin_of_word(const char *word, eb_origin_t *out);

/* How bytes are verified, in JSON. */
#define EB_VERIFIED_BY "chip-md5"

#endif
