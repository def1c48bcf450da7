#include "complete_backups.h"

#include "find.h"
#include "human.h"
#include "paths.h"
#include "table_peek.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define STAMP_BYTES 15 /* "20261121_101500" */
#define LOOKS_MAX   16 /* backups whose table is looked for */

/* Where the time stands in a name that espbackup gave; the empty end of the name if nowhere. */
static const char *stamp_of(const char *name)
{
    const char *under = strchr(name, '_');

    for (; under != NULL; under = strchr(under + 1, '_')) {
        size_t digits = 0;
        while (digits < 8 && under - name > (ptrdiff_t)digits &&
               isdigit((unsigned char)under[-1 - (ptrdiff_t)digits])) {
            digits++;
        }
        if (digits == 8 && strspn(under + 1, "0123456789") >= STAMP_BYTES - 9) {
            return under - 8;
        }
    }
    return name + strlen(name);
}

typedef struct dated_name {
    const char *name, *stamp;
} dated_name_t;

static int newest_first(const void *a, const void *b)
{
    const dated_name_t *x = a, *y = b;
    const int order = strncmp(y->stamp, x->stamp, STAMP_BYTES);

    return order != 0 ? order
                      : strcmp(x->stamp[0] != '\0' ? y->name : x->name,
                               x->stamp[0] != '\0' ? x->name : y->name);
}

/* A shell hands over a folder of the home as it was typed. */
static const char *home_path(const char *text, char out[EB_PATH_BYTES])
{
    const char *home = getenv("HOME");

    return home != NULL && strncmp(text, "~/", 2) == 0 &&
                   eb_path_printf(out, NULL, "%s%s", home, text + 1) == EB_OK
               ? out
               : text;
}

/* Names in the folder of backups without ".bin"; *list is malloc'd and borrows them. */
static size_t dated_names(const eb_completion_t *c, eb_file_names_t *names, dated_name_t **list)
{
    char path[EB_PATH_BYTES];

    *list = NULL;
    if (eb_find_names(home_path(eb_arg_dir(&c->args), path), EB_PATH_IMAGE_SUFFIX, names, NULL) !=
            EB_OK ||
        (*list = calloc(names->count + 1, sizeof(**list))) == NULL) {
        return 0;
    }
    for (size_t i = 0; i < names->count; i++) {
        char *name = names->names[i];
        name[strlen(name) - strlen(EB_PATH_IMAGE_SUFFIX)] = '\0';
        (*list)[i] = (dated_name_t){name, stamp_of(name)};
    }
    qsort(*list, names->count, sizeof(**list), newest_first);
    return names->count;
}

void eb_complete_backups(eb_completion_t *c)
{
    eb_file_names_t names = {0};
    dated_name_t *list;
    const size_t count = dated_names(c, &names, &list);

    eb_completion_offer(c, "latest", "the newest complete backup of a whole flash");
    if (c->kind == EB_VALUE_BACKUP_OR_BOARD) {
        eb_completion_offer(c, "board", "the board itself");
    }
    for (size_t i = 0; i < count; i++) {
        eb_completion_offer(c, list[i].name, "");
    }
    free(list);
    eb_file_names_free(&names);
}

/* -- partitions ------------------------------------------------------------------------------ */

/* What the command line says; NULL: nothing, or the newest one. */
static const char *named_backup(const eb_args_t *args)
{
    const char *from = eb_arg_text(args, EB_OPT_FROM);
    const eb_value_kind_t kind =
        args->command != NULL ? args->command->arg_kinds[0] : EB_VALUE_NOT_SAID;
    const bool takes = kind == EB_VALUE_BACKUP || kind == EB_VALUE_BACKUP_OR_BOARD;
    const char *name = from != NULL ? from : takes && args->word_count > 0 ? args->words[0] : NULL;

    return name == NULL || strcmp(name, "latest") == 0 || strcmp(name, "board") == 0 ? NULL : name;
}

static bool table_of(const eb_completion_t *c, const char *name, eb_partition_table_t *table)
{
    char path[EB_PATH_BYTES], dir[EB_PATH_BYTES], given[EB_PATH_BYTES];

    return eb_find_backup(home_path(eb_arg_dir(&c->args), dir), home_path(name, given), path,
                          NULL) == EB_OK &&
           eb_table_peek(path, table, NULL) == EB_OK && table->present;
}

static bool newest_table(const eb_completion_t *c, eb_partition_table_t *table)
{
    eb_file_names_t names = {0};
    dated_name_t *list;
    const size_t count = dated_names(c, &names, &list);
    bool found = false;

    for (size_t i = 0; i < count && i < LOOKS_MAX && !found; i++) {
        found = table_of(c, list[i].name, table);
    }
    free(list);
    eb_file_names_free(&names);
    return found;
}

void eb_complete_partitions(eb_completion_t *c)
{
    const char *name = named_backup(&c->args);
    eb_partition_table_t table;

    if (name != NULL ? table_of(c, name, &table) : newest_table(c, &table)) {
        for (size_t i = 0; i < table.count; i++) {
            const eb_partition_t *entry = &table.entries[i];
            char type[32], size[EB_HUMAN_BYTES], help[96];
            eb_partition_type_text(entry->type, entry->subtype, type, sizeof(type));
            eb_human_size(entry->size, size);
            snprintf(help, sizeof(help), "%s, %s at 0x%x", type, size, entry->addr);
            eb_completion_offer(c, entry->label, help);
        }
    }
    eb_completion_offer(c, "bootloader", "the bootloader");
    eb_completion_offer(c, "partition_table", "the partition table itself");
}
