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

static bool is_bad(eb_backup_state_t state)
{
    switch (state) {
    case EB_BACKUP_COMPLETE:
    case EB_BACKUP_NO_SIDECAR:
    case EB_BACKUP_CHECKED:
    case EB_BACKUP_PARTIAL:
        return false;
    case EB_BACKUP_BAD_SIDECAR:
    case EB_BACKUP_BAD_SIZE:
    case EB_BACKUP_BAD_HASH:
        return true;
    }
    return true;
}

/* With --check a damaged backup is a failure; without it, only a word in the table. */
static eb_code_t judge(eb_console_t *console, const eb_backup_list_t *list, eb_err_t *err)
{
    size_t bad = 0, bare = 0;

    for (size_t i = 0; i < list->count; i++) {
        bad += is_bad(list->entries[i].state);
        bare += list->entries[i].state == EB_BACKUP_NO_SIDECAR;
    }
    if (bare > 0) {
        eb_console_note(console, EB_LEVEL_NOTE, "%zu of %zu backups %s no sidecar: not checked",
                        bare, list->count, bare == 1 ? "has" : "have");
    }
    if (bad == 0) {
        return EB_OK;
    }
    eb_err_set(err, EB_ERR_IMAGE_INVALID, "%zu of %zu backups %s not what the sidecar says", bad,
               list->count, bad == 1 ? "is" : "are");
    eb_err_hint(err, "do not restore from %s; the others that were checked are sound",
                bad == 1 ? "it" : "them");
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
    const char *name[EB_ARGS_WORDS_MAX];
    size_t names = eb_arg_list(args, EB_OPT_PARTITION, name);
    eb_backup_list_t list = {0};

    if (names > 1) {
        return eb_err_set(err, EB_ERR_USAGE, "--partition '%s': list takes only one", name[1]);
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
        code = judge(&cli->console, &list, err);
    }
    eb_backup_list_free(&list);
    return code;
}

static const eb_opt_t options[] = {
    EB_OPT_CHECK, EB_OPT_CHIP, EB_OPT_MAC, EB_OPT_PARTITION, EB_OPT_COUNT,
};

static const eb_opt_help_t own_help[] = {
    {EB_OPT_CHIP, "only backups of this chip"},
    {EB_OPT_PARTITION, "only backups of this partition"},
    {EB_OPT_COUNT, NULL},
};

const eb_command_t eb_cmd_list = {
    .name = "list",
    .summary = "the backups that there are, newest first",
    .args = "",
    .about = "Lists the backups of a folder: name, local time, chip, MAC, size, firmware and "
             "version, state. --chip, --mac and --partition show only some of them. "
             "With --check every image is read again and compared with its sidecar; one that "
             "differs makes the exit status 6.",
    .options = options,
    .own_help = own_help,
    .groups = EB_OPT_GROUP_STORE,
    .example = "  espbackup list\n"
               "  espbackup list --check --chip esp32c3\n",
    .run = run,
};
