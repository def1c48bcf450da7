/* mime_type.h: MIME types by the ending of a file name, as mime-types 2.1.35 gives them. */
#ifndef EB_FORMAT_MIME_TYPE_H
#define EB_FORMAT_MIME_TYPE_H

#include <stdbool.h>

#define EB_MIME_UNKNOWN "application/octet-stream"

typedef struct eb_mime_row {
    const char *ending; /* in lower case, without the dot */
    const char *type;
} eb_mime_row_t;

/* Sorted by ending, ended by NULL; made by the build (src/mime/mime.cmake). Empty: the build had no
 * data. */
extern const eb_mime_row_t eb_mime_rows[];

/* Of a file name, without folders. What follows its last dot counts, in any case, or the whole name
 * if it has no dot; "README" and "LICENSE" are text. EB_MIME_UNKNOWN for the rest. Never NULL;
 * static storage. */
const char *eb_mime_type(const char *name);

/* Whether the build had data. */
bool eb_mime_known(void);

#endif
