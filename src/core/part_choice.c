#include "part_choice.h"

#include <stdio.h>
#include <string.h>

void eb_part_choice_word(const eb_part_choice_t *choice, char out[EB_PART_WORD_BYTES])
{
    static const char kept[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    (void)snprintf(out, EB_PART_WORD_BYTES, "%s", choice != NULL ? choice->label : "backup");
    for (char *p = out; *p != '\0'; p++) {
        if (strchr(kept, *p) == NULL) {
            *p = '_';
        }
    }
    if (choice != NULL && out[0] == '\0') {
        (void)snprintf(out, EB_PART_WORD_BYTES, "0x%x", choice->range.addr);
    }
}
