#include "complete.h"

#include "complete_backups.h"
#include "completion_scripts.h"
#include "espbackup/session.h"
#include "espbackup/transport.h"
#include "fs_atomic.h"
#include "paths.h"

#include <string.h>

static void complete_ports(eb_completion_t *c)
{
    const eb_command_t *command = c->args.command;
    eb_port_list_t list = {0};

    (void)eb_port_list_get(&list, NULL);
    for (size_t i = 0; i < list.count; i++) {
        eb_completion_offer(c, list.ports[i].name, list.ports[i].product);
    }
    eb_port_list_free(&list);
    if (command != NULL && command->many_ports) {
        eb_completion_offer(c, "all", "every port with a board");
    }
    eb_completion_offer(c, "socket://", "HOST:PORT, raw TCP");
    eb_completion_offer(c, "rfc2217://", "HOST:PORT, a serial port of another computer");
}

static void complete_chips(eb_completion_t *c)
{
    eb_completion_offer(c, "auto", "default");
    for (size_t i = 0; eb_chip_id_at(i) != NULL; i++) {
        eb_completion_offer(c, eb_chip_id_at(i), eb_chip_name(eb_chip_id_at(i)));
    }
}

static void complete_shells(eb_completion_t *c)
{
    for (const eb_completion_script_t *s = eb_completion_scripts; s->shell != NULL; s++) {
        eb_completion_offer(c, s->shell, "");
    }
}

/* The candidates of a kind; returns what of the file system may stand there too. */
static const char *complete_kind(eb_completion_t *c)
{
    switch (c->kind) {
    case EB_VALUE_FILE:
        return "files";
    case EB_VALUE_FOLDER:
        return "folders";
    case EB_VALUE_PORT:
        complete_ports(c);
        break;
    case EB_VALUE_BACKUP:
    case EB_VALUE_BACKUP_OR_BOARD:
        eb_complete_backups(c);
        break;
    case EB_VALUE_CHIP:
        complete_chips(c);
        return "none";
    case EB_VALUE_PARTITION:
        eb_complete_partitions(c);
        return "none";
    case EB_VALUE_SHELL:
        complete_shells(c);
        return "none";
    case EB_VALUE_NOT_SAID:
    case EB_VALUE_FREE:
    case EB_VALUE_COMMAND:
        return "none";
    }
    /* A port or a backup may be a path, but a list of names with all files in it helps nobody. */
    return c->offered == 0 ? "files" : "none";
}

static bool read_format(const char *name, eb_completion_format_t *out)
{
    static const char *const names[] = {
        [EB_COMPLETION_DESCRIBED] = "described",
        [EB_COMPLETION_WORDS] = "words",
        [EB_COMPLETION_ESCAPED] = "escaped",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (eb_completion_format_t)i;
            return true;
        }
    }
    return false;
}

void eb_complete(eb_commands_t commands, int argc, char **argv, FILE *out)
{
    eb_completion_t c = {.commands = commands, .out = out};
    char word[EB_PATH_BYTES];
    const char *files = "none", *prefix = "";

    if (argc >= 5 && read_format(argv[2], &c.format) && argv[argc - 2][0] == '=' &&
        argv[argc - 1][0] == '=' &&
        eb_path_printf(word, NULL, "%s%s", argv[argc - 2] + 1, argv[argc - 1] + 1) == EB_OK) {
        c.kept = strlen(argv[argc - 2] + 1);
        argv[argc - 2] = word;
        eb_completion_start(&c, argc - 3, argv + 2);
        files = complete_kind(&c);
        prefix = c.kept < strlen(c.prefix) ? c.prefix + c.kept : "";
    }
    fprintf(out, ":%s %s\n", files, prefix);
    (void)fflush(out);
}
