/* mime_type.c: looking up a MIME type. */
#include "mime_type.h"

#include <string.h>
#include <strings.h>

const char *eb_mime_type(const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *ending = dot != NULL ? dot + 1 : name;

    if (strcmp(name, "LICENSE") == 0 || strcmp(name, "README") == 0) {
        return "text/plain";
    }
    for (const eb_mime_row_t *row = eb_mime_rows; row->ending != NULL; row++) {
        if (strcasecmp(ending, row->ending) == 0) {
            return row->type;
        }
    }
    return EB_MIME_UNKNOWN;
}

bool eb_mime_known(void)
{
    return eb_mime_rows[0].ending != NULL;
}
