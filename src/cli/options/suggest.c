/* suggest.c: edit distance over short words. */
#include "suggest.h"

#include <string.h>

#define WORD_MAX 40

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

size_t eb_suggest_distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t la = strlen(a);
    size_t lb = strlen(b);

    if (la > WORD_MAX || lb > WORD_MAX) {
        return 2 * WORD_MAX;
    }
    for (size_t j = 0; j <= lb; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= la; i++) {
        size_t *now = rows[i % 3];
        const size_t *prev = rows[(i - 1) % 3];
        const size_t *before = rows[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            now[j] = min3(prev[j] + 1, now[j - 1] + 1, prev[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < now[j]) {
                now[j] = before[j - 2] + 1;
            }
        }
    }
    return rows[la % 3][lb];
}

/* What was typed so far may be a beginning: "back" for "backup". */
static size_t how_far(const char *word, const char *name)
{
    size_t len = strlen(word);

    if (len >= 3 && strncmp(word, name, len) == 0) {
        return 1;
    }
    return eb_suggest_distance(word, name);
}

const char *eb_suggest_better(const char *word, const char *best, const char *name)
{
    size_t far = how_far(word, name);
    size_t limit = strlen(word) < 4 ? 1 : 1 + strlen(word) / 4;

    if (far > limit || (best != NULL && far >= how_far(word, best))) {
        return best;
    }
    return name;
}
