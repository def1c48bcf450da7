#include "espbackup/origin.h"

#include <string.h>

static const struct {
    const char *word, *text;
} rows[EB_ORIGIN_COUNT] = {
    [EB_ORIGIN_NONE] = {"received", "not verified"},
    [EB_ORIGIN_READ] = {"read", "read"},
    [EB_ORIGIN_ERASED] = {"erased", "erased"},
    [EB_ORIGIN_EARLIER] = {"earlier_backup", "as in an earlier backup"},
    [EB_ORIGIN_RESUMED] = {"resumed", "resumed"},
};

const char *eb_origin_word(eb_origin_t origin)
{
    return rows[origin].word;
}

const char *eb_origin_text(eb_origin_t origin)
{
    return rows[origin].text;
}

bool eb_origin_of_word(const char *word, eb_origin_t *out)
{
    for (int i = 0; i < EB_ORIGIN_COUNT; i++) {
        if (strcmp(rows[i].word, word) == 0) {
            *out = (eb_origin_t)i;
            return true;
        }
    }
    return false;
}
