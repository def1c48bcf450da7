/* args.c: one pass over the words; then what the command takes; then the environment. */
#include "args.h"

#include "option_value.h"
#include "suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_BYTES  256
#define DEFAULT_DIR "backups"

static eb_code_t add_repeated(eb_opt_t opt, const char *who, const char *text, eb_args_t *out,
                              eb_err_t *err)
{
    if (out->repeated_count >= EB_ARGS_REPEATED_MAX) {
        return eb_err_set(err, EB_ERR_USAGE, "%s '%s': at most %d values are allowed", who, text,
                          EB_ARGS_REPEATED_MAX);
    }
    out->repeated[out->repeated_count++] = (eb_repeated_t){.opt = opt, .text = text};
    return EB_OK;
}

static eb_code_t set_value(eb_opt_t opt, const char *who, const char *text, bool from_env,
                           eb_args_t *out, eb_err_t *err)
{
    eb_arg_t *arg = &out->values[opt];

    *arg = (eb_arg_t){.set = true, .from_env = from_env, .text = text};
    eb_code_t code = eb_option_value_parse(opt, who, arg, err);
    return code == EB_OK && eb_opt_row(opt)->repeats ? add_repeated(opt, who, text, out, err)
                                                     : code;
}

static eb_code_t unknown_option(const char *word, const char *name, eb_err_t *err)
{
    const char *near = NULL;

    for (int i = 0; i < EB_OPT_COUNT; i++) {
        if (!eb_opt_row((eb_opt_t)i)->hidden) {
            near = eb_suggest_better(name, near, eb_opt_row((eb_opt_t)i)->name);
        }
    }
    eb_err_set(err, EB_ERR_USAGE, "unknown option '%s'", word);
    if (near != NULL) {
        eb_err_hint(err, "did you mean '--%s'?", near);
    } else {
        eb_err_hint(err, "'espbackup --help' lists the options");
    }
    return EB_ERR_USAGE;
}

/* The command line, and how far it is read. */
typedef struct eb_command_line {
    eb_commands_t commands;
    int argc, next;
    char **argv;
    bool lenient; /* go on after an error, because somebody is still typing */
    eb_args_end_t end;
} eb_command_line_t;

/* The value of an option: behind `=` or the letter (inline_value), or the next word. */
static eb_code_t parse_option(eb_opt_t opt, const char *who, const char *inline_value,
                              eb_command_line_t *line, eb_args_t *out, eb_err_t *err)
{
    const eb_opt_row_t *row = eb_opt_row(opt);
    const char *value = inline_value;

    if (row->type == EB_OPT_TYPE_FLAG) {
        if (value != NULL) {
            return eb_err_set(err, EB_ERR_USAGE, "%s takes no value, but got '%s'", who, value);
        }
        return set_value(opt, who, "", false, out, err);
    }
    if (value == NULL) {
        line->end.awaited = line->next >= line->argc ? opt : EB_OPT_COUNT;
        /* A word that looks like a long option is one: the value was forgotten. */
        if (line->next >= line->argc || strncmp(line->argv[line->next], "--", 2) == 0) {
            return eb_err_set(err, EB_ERR_USAGE, "%s needs a value: %s", who, row->value_name);
        }
        value = line->argv[line->next++];
    }
    return set_value(opt, who, value, false, out, err);
}

static eb_code_t parse_long(const char *word, eb_command_line_t *line, eb_args_t *out,
                            eb_err_t *err)
{
    char name[48];
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) - 2 : strlen(word) - 2;
    eb_opt_t opt = eb_opt_find(word + 2, len);

    snprintf(name, sizeof(name), "%.*s", (int)(len < 40 ? len : 40), word + 2);
    if (opt == EB_OPT_COUNT) {
        return unknown_option(word, name, err);
    }
    snprintf(name, sizeof(name), "--%s", eb_opt_row(opt)->name);
    return parse_option(opt, name, equals != NULL ? equals + 1 : NULL, line, out, err);
}

static eb_code_t parse_short(const char *word, eb_command_line_t *line, eb_args_t *out,
                             eb_err_t *err)
{
    for (const char *p = word + 1; *p != '\0'; p++) {
        eb_opt_t opt = eb_opt_find_letter(*p);
        char name[3] = {'-', *p, '\0'};

        if (opt == EB_OPT_COUNT) {
            return unknown_option(word, word + 1, err);
        }
        bool flag = eb_opt_row(opt)->type == EB_OPT_TYPE_FLAG;
        const char *rest = !flag && p[1] != '\0' ? p + 1 : NULL;
        if (rest != NULL && *rest == '=') {
            rest++;
        }
        if (parse_option(opt, name, rest, line, out, err) != EB_OK) {
            return EB_ERR_USAGE;
        }
        if (!flag) {
            return EB_OK;
        }
    }
    return EB_OK;
}

/* What people type who come from another tool. */
static const char *foreign_command(const char *word)
{
    static const char *const names[][2] = {
        {"read-flash", "backup"},     {"dump", "backup"},
        {"save", "backup"},           {"flash-id", "flash-info"},
        {"partitions", "flash-info"}, {"chip-id", "chip-info"},
        {"read-mac", "chip-info"},    {"board-info", "chip-info"},
        {"list-ports", "ports"},      {"ls", "list"},
        {"write-flash", "restore"},   {"load", "restore"},
        {"verify-flash", "verify"},   {"check", "verify"},
        {"erase-flash", "erase"},     {"erase-region", "erase"},
        {"erase-parts", "erase"},     {"compare", "diff"},
        {"pack", "image pack"},       {"upload", "image upload"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (eb_name_equal(word, strlen(word), names[i][0])) {
            return names[i][1];
        }
    }
    return NULL;
}

static eb_code_t unknown_command(eb_commands_t commands, const char *word, eb_err_t *err)
{
    const char *near = foreign_command(word);

    for (size_t i = 0; foreign_command(word) == NULL && commands[i] != NULL; i++) {
        near = eb_suggest_better(word, near, commands[i]->name);
    }
    eb_err_set(err, EB_ERR_USAGE, "unknown command '%s'", word);
    if (near != NULL) {
        eb_err_hint(err, "did you mean 'espbackup %s'?", near);
    } else {
        eb_err_hint(err, "'espbackup --help' lists the commands");
    }
    return EB_ERR_USAGE;
}

static eb_code_t parse_word(eb_commands_t commands, const char *word, eb_args_t *out, eb_err_t *err)
{
    if (out->command == NULL || out->command->run == NULL) {
        const char *group = out->command != NULL ? out->command->name : NULL;
        char name[LIST_BYTES];

        snprintf(name, sizeof(name), "%s%s%s", group != NULL ? group : "", group != NULL ? " " : "",
                 word);
        const eb_command_t *command = eb_command_find(commands, name);
        if (command == NULL) {
            return unknown_command(commands, name, err);
        }
        out->command = command;
        return EB_OK;
    }
    if (out->word_count >= out->command->max_args || out->word_count >= EB_ARGS_WORDS_MAX) {
        eb_err_set(err, EB_ERR_USAGE, "'%s' is one word too many for '%s'", word,
                   out->command->name);
        eb_err_hint(err, "usage: espbackup %s [OPTIONS]%s%s", out->command->name,
                    out->command->args[0] != '\0' ? " " : "", out->command->args);
        return EB_ERR_USAGE;
    }
    out->words[out->word_count++] = word;
    return EB_OK;
}

static eb_code_t parse_words(eb_command_line_t *line, eb_args_t *out, eb_err_t *err)
{
    while (line->next < line->argc) {
        const bool only_words = line->end.only_words;
        const char *word = line->argv[line->next++];
        eb_code_t code;

        if (!only_words && strcmp(word, "--") == 0) {
            line->end.only_words = true;
            continue;
        }
        if (!only_words && strncmp(word, "--", 2) == 0) {
            code = parse_long(word, line, out, err);
        } else if (!only_words && word[0] == '-' && word[1] != '\0') {
            code = parse_short(word, line, out, err);
        } else {
            code = parse_word(line->commands, word, out, err);
        }
        if (code != EB_OK && !line->lenient) {
            return code;
        }
    }
    return EB_OK;
}

/* The commands that take opt: "backup, list". */
static void takers_text(eb_commands_t commands, eb_opt_t opt, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; commands[i] != NULL; i++) {
        size_t used = strlen(out);
        if (eb_command_takes(commands[i], opt)) {
            snprintf(out + used, cap - used, "%s%s", used == 0 ? "" : ", ", commands[i]->name);
        }
    }
}

static eb_code_t check_ports(const eb_args_t *out, eb_err_t *err)
{
    const char *ports[EB_ARGS_REPEATED_MAX];
    size_t count = eb_arg_list(out, EB_OPT_PORT, ports);

    if (count > 1 && !out->command->many_ports) {
        return eb_err_set(err, EB_ERR_USAGE, "'%s' takes only one --port: got '%s' and '%s'",
                          out->command->name, ports[0], ports[1]);
    }
    return EB_OK;
}

static eb_code_t check_command(eb_commands_t commands, const eb_args_t *out, eb_err_t *err)
{
    char takers[LIST_BYTES];

    for (int i = 0; i < EB_OPT_COUNT; i++) {
        eb_opt_t opt = (eb_opt_t)i;
        if (!out->values[opt].set || eb_command_takes(out->command, opt)) {
            continue;
        }
        takers_text(commands, opt, takers, sizeof(takers));
        eb_err_set(err, EB_ERR_USAGE, "'%s' does not take --%s", out->command->name,
                   eb_opt_row(opt)->name);
        eb_err_hint(err, "commands that take --%s: %s", eb_opt_row(opt)->name, takers);
        return EB_ERR_USAGE;
    }
    if (out->word_count < out->command->min_args && !eb_arg_flag(out, EB_OPT_HELP)) {
        return eb_err_set(err, EB_ERR_USAGE, "'%s' needs %s", out->command->name,
                          out->command->args);
    }
    return EB_OK;
}

/* The default of an option from the environment, if the command line left it open. */
static eb_code_t read_variables(eb_opt_t opt, eb_args_t *out, eb_err_t *err)
{
    const eb_opt_row_t *row = eb_opt_row(opt);
    eb_code_t code = EB_OK;

    for (size_t e = 0; e < EB_OPT_ENV_MAX && row->env[e] != NULL && code == EB_OK; e++) {
        const char *text = getenv(row->env[e]);
        if (!out->values[opt].set && text != NULL && text[0] != '\0') {
            code = set_value(opt, row->env[e], text, true, out, err);
        }
    }
    return code;
}

static eb_code_t read_environment(eb_args_t *out, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    for (int i = 0; i < EB_OPT_COUNT && code == EB_OK; i++) {
        if (eb_command_uses(out->command, (eb_opt_t)i)) {
            code = read_variables((eb_opt_t)i, out, err);
        }
    }
    return code;
}

static eb_code_t check_conflicts(const eb_args_t *out, eb_err_t *err)
{
    static const eb_opt_t pairs[][2] = {
        {EB_OPT_NO_STUB, EB_OPT_STUB},        {EB_OPT_FULL, EB_OPT_SINCE},
        {EB_OPT_QUIET, EB_OPT_TRACE},         {EB_OPT_DRY_RUN, EB_OPT_BACKUP_FIRST},
        {EB_OPT_PARTITION, EB_OPT_OFFSET},    {EB_OPT_PARTITION, EB_OPT_SIZE},
        {EB_OPT_PARTITION, EB_OPT_ERASE_ALL}, {EB_OPT_QUIET, EB_OPT_TRACE_DATA},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (eb_arg_flag(out, pairs[i][0]) && eb_arg_flag(out, pairs[i][1])) {
            return eb_err_set(err, EB_ERR_USAGE, "--%s and --%s cannot be used together",
                              eb_opt_row(pairs[i][0])->name, eb_opt_row(pairs[i][1])->name);
        }
    }
    return EB_OK;
}

eb_code_t eb_args_parse(eb_commands_t commands, int argc, char **argv, eb_args_t *out,
                        eb_err_t *err)
{
    eb_command_line_t line = {.commands = commands, .argc = argc, .next = 1, .argv = argv};

    *out = (eb_args_t){0};
    eb_code_t code = parse_words(&line, out, err);
    if (code == EB_OK && out->command != NULL) {
        code = check_command(commands, out, err);
    }
    if (code == EB_OK && out->command != NULL) {
        code = read_environment(out, err);
    }
    if (code == EB_OK && out->command != NULL) {
        code = check_ports(out, err);
    }
    if (code == EB_OK) {
        code = check_conflicts(out, err);
    }
    return code;
}

void eb_args_parse_open(eb_commands_t commands, int argc, char **argv, eb_args_t *out,
                        eb_args_end_t *end)
{
    eb_command_line_t line = {.commands = commands, .argc = argc, .next = 1, .argv = argv};

    line.lenient = true;
    line.end.awaited = EB_OPT_COUNT;
    *out = (eb_args_t){0};
    (void)parse_words(&line, out, NULL);
    (void)read_variables(EB_OPT_DIR, out, NULL);
    *end = line.end;
}

size_t eb_arg_list(const eb_args_t *args, eb_opt_t opt, const char *out[EB_ARGS_REPEATED_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < args->repeated_count; i++) {
        if (args->repeated[i].opt == opt) {
            out[count++] = args->repeated[i].text;
        }
    }
    return count;
}

const char *eb_arg_dir(const eb_args_t *args)
{
    const char *dir = eb_arg_text(args, EB_OPT_DIR);

    return dir != NULL ? dir : DEFAULT_DIR;
}

bool eb_args_want_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}
