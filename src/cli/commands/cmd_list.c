/* cmd_list.c: `espbackup list`. */
#include "cli.h"
#include "command_table.h"
#include "espbackup/ops.h"
#include "render_json.h"
#include "render_text.h"

#include <ctype.h>
#include <string.h>

/* "24-0A-C4-..." as "24:0a:c4:...". A MAC, or the beginning of one. */
static eb_code_t mac_filter(const char *text, char out[EB_MAC_TEXT_BYTES], eb_err_t *err)
{
    size_t len = strlen(text);
    bool good = len > 0 && len < EB_MAC_TEXT_BYTES;

    for (size_t i = 0; good && i <= len; i++) {
        out[i] = text[i] == '-' ? ':' : (char)tolower((unsigned char)text[i]);
        good = i == len || (i % 3 == 2 ? out[i] == ':' : isxdigit((unsigned char)out[i]) != 0);
    }
    if (!good) {
        return eb_err_set(err, EB_ERR_USAGE, "--mac '%s': expected a MAC such as 24:0a:c4:12:34:56",
                          text);
    }
    return EB_OK;
}

static bool is_damaged(eb_backup_state_t state)
{
    switch (state) {
    case EB_BACKUP_COMPLETE:
    case EB_BACKUP_NO_SIDECAR:
    case EB_BACKUP_CHECKED:
    case EB_BACKUP_PARTIAL:
    case EB_BACKUP_UNREADABLE:
        return false;
    case EB_BACKUP_BAD_SIDECAR:
    case EB_BACKUP_BAD_SIZE:
    case EB_BACKUP_BAD_HASH:
        return true;
    }
    return true;
}

/* With --check a damaged backup is a failure; without it, the table only says so. */
static eb_code_t check_states(eb_console_t *console, const eb_backup_list_t *list, eb_err_t *err)
{
    size_t damaged = 0, bare = 0, unread = 0;

    for (size_t i = 0; i < list->count; i++) {
        damaged += is_damaged(list->entries[i].state);
        bare += list->entries[i].state == EB_BACKUP_NO_SIDECAR;
        unread += list->entries[i].state == EB_BACKUP_UNREADABLE;
    }
    if (bare > 0) {
        eb_console_note(console, EB_LEVEL_NOTE,
                        "%zu of %zu backup%s %s no sidecar and %s not checked", bare, list->count,
                        list->count == 1 ? "" : "s", bare == 1 ? "has" : "have",
                        bare == 1 ? "was" : "were");
    }
    if (damaged == 0 && unread > 0) {
        return eb_err_set(err, EB_ERR_FILE_IO, "%zu of %zu backup%s cannot be read", unread,
                          list->count, list->count == 1 ? "" : "s");
    }
    if (damaged == 0) {
        return EB_OK;
    }
    eb_err_set(err, EB_ERR_IMAGE_INVALID, "%zu of %zu backup%s %s damaged or %s an invalid sidecar",
               damaged, list->count, list->count == 1 ? "" : "s", damaged == 1 ? "is" : "are",
               damaged == 1 ? "has" : "have");
    eb_err_hint(err, "do not restore from %s; the other checked backups are intact",
                damaged == 1 ? "it" : "them");
    return EB_ERR_IMAGE_INVALID;
}

static eb_code_t render(eb_cli_t *cli, const char *dir, const eb_backup_list_t *list, eb_err_t *err)
{
    if (cli->json != NULL) {
        eb_json_list(cli->json, dir, list);
        return EB_OK;
    }
    if (list->count == 0) {
        eb_console_note(&cli->console, EB_LEVEL_NOTE, "no backups in %s", dir);
        return EB_OK;
    }
    if (!eb_text_list(&cli->out, list)) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the table");
    }
    return EB_OK;
}

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    const eb_args_t *args = &cli->args;
    const char *mac = eb_arg_text(args, EB_OPT_MAC);
    char mac_text[EB_MAC_TEXT_BYTES];
    const char *name[EB_ARGS_REPEATED_MAX];
    size_t names = eb_arg_list(args, EB_OPT_PARTITION, name);
    eb_backup_list_t list = {0};

    if (names > 1) {
        return eb_err_set(err, EB_ERR_USAGE, "'list' takes only one --partition: got '%s' and '%s'",
                          name[0], name[1]);
    }
    if (mac != NULL && mac_filter(mac, mac_text, err) != EB_OK) {
        return EB_ERR_USAGE;
    }
    eb_list_options_t options = {
        .dir = eb_arg_dir(args),
        .check = eb_arg_flag(args, EB_OPT_CHECK),
        .chip = eb_arg_text(args, EB_OPT_CHIP),
        .mac = mac != NULL ? mac_text : NULL,
        .partition = names > 0 ? name[0] : NULL,
    };
    eb_code_t code = eb_op_list(&options, &cli->console.events, &list, err);
    eb_console_end(&cli->console);
    if (code == EB_OK) {
        code = render(cli, options.dir, &list, err);
    }
    if (code == EB_OK && options.check) {
        code = check_states(&cli->console, &list, err);
    }
    eb_backup_list_free(&list);
    return code;
}

static const eb_opt_t options[] = {
    EB_OPT_CHECK, EB_OPT_CHIP, EB_OPT_MAC, EB_OPT_PARTITION, EB_OPT_COUNT,
};

static const eb_opt_help_t own_help[] = {
    {EB_OPT_CHIP, "show only backups of this chip"},
    {EB_OPT_PARTITION, "show only backups of this partition"},
    {EB_OPT_COUNT, NULL},
};

const eb_command_t eb_cmd_list = {
    .name = "list",
    .summary = "list the backups, newest first",
    .args = "",
    .about = "Lists the backups in a folder: name, local time, chip, MAC, "
             "size, content and state. --chip, --mac and --partition select "
             "some of them. --check reads every image again and compares it "
             "with its sidecar; the exit status is 6 if one differs, "
             "and 1 if one cannot be read.",
    .options = options,
    .own_help = own_help,
    .groups = EB_OPT_GROUP_STORE,
    .example = "  espbackup list\n"
               "  espbackup list --check --chip esp32c3\n",
    .run = run,
};
