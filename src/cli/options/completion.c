#include "completion.h"

#include "term.h"

#include <ctype.h>
#include <string.h>

#define HELP_BYTES 256
#define WORD_BYTES 4200

/* One line, and no second tab: names of files may hold anything. */
static bool is_one_field(const char *value)
{
    for (const char *p = value; *p != '\0'; p++) {
        if (iscntrl((unsigned char)*p)) {
            return false;
        }
    }
    return true;
}

static void put_escaped(FILE *out, const char *word)
{
    for (; *word != '\0'; word++) {
        const unsigned char byte = (unsigned char)*word;
        if (byte < 0x80 && isalnum(byte) == 0 && strchr("_./:=@%+-", byte) == NULL) {
            fputc('\\', out);
        }
        fputc(byte, out);
    }
}

void eb_completion_offer(eb_completion_t *c, const char *value, const char *description)
{
    char word[WORD_BYTES], help[HELP_BYTES];

    if (strncmp(value, c->typed, strlen(c->typed)) != 0 || !is_one_field(value)) {
        return;
    }
    const int len = snprintf(word, sizeof(word), "%s%s", c->prefix, value);
    if (len < 0 || (size_t)len >= sizeof(word) || (size_t)len < c->kept) {
        return;
    }
    c->offered++;
    if (c->format == EB_COMPLETION_ESCAPED) {
        put_escaped(c->out, word + c->kept);
    } else {
        fputs(word + c->kept, c->out);
    }
    if (c->format == EB_COMPLETION_DESCRIBED && description[0] != '\0') {
        (void)eb_term_clean(description, 0, help, sizeof(help));
        fprintf(c->out, "\t%s", help);
    }
    fputc('\n', c->out);
}

/* -- values ---------------------------------------------------------------------------------- */

static void start_value(eb_completion_t *c, eb_opt_t opt, const char *word, size_t prefix_len)
{
    const eb_opt_row_t *row = eb_opt_row(opt);

    if (row->type == EB_OPT_TYPE_FLAG || prefix_len >= sizeof(c->prefix)) {
        return;
    }
    memcpy(c->prefix, word, prefix_len);
    c->prefix[prefix_len] = '\0';
    c->typed = word + prefix_len;
    c->kind = row->kind;
    for (size_t i = 0; row->choices != NULL && row->choices[i] != NULL; i++) {
        eb_completion_offer(c, row->choices[i], i == 0 ? "default" : "");
    }
    for (size_t i = 0; i < 2 && row->zero_words[i] != NULL; i++) {
        eb_completion_offer(c, row->zero_words[i], i == 0 ? "default" : "");
    }
    for (size_t i = 0; i < 2 && row->text_words[i] != NULL; i++) {
        eb_completion_offer(c, row->text_words[i], "");
    }
}

/* -- options --------------------------------------------------------------------------------- */

static void offer_options(eb_completion_t *c)
{
    for (int i = 0; i < EB_OPT_COUNT; i++) {
        const eb_opt_t opt = (eb_opt_t)i;
        const eb_opt_row_t *row = eb_opt_row(opt);
        const eb_arg_t *given = &c->args.values[opt];
        char name[48];

        if (row->hidden || !eb_command_uses(c->args.command, opt) ||
            (given->set && !given->from_env && !row->repeats)) {
            continue;
        }
        snprintf(name, sizeof(name), "--%s", row->name);
        eb_completion_offer(c, name, eb_command_option_help(c->args.command, opt));
    }
}

/* "-qp/dev/tty": the first letter that takes a value has the rest. */
static void start_letters(eb_completion_t *c, const char *word)
{
    for (const char *p = word + 1; *p != '\0'; p++) {
        const eb_opt_t opt = eb_opt_find_letter(*p);

        if (opt == EB_OPT_COUNT) {
            return;
        }
        if (eb_opt_row(opt)->type != EB_OPT_TYPE_FLAG) {
            start_value(c, opt, word, (size_t)(p - word) + (p[1] == '=' ? 2 : 1));
            return;
        }
    }
}

static void start_option(eb_completion_t *c, const char *word)
{
    const char *equals = strchr(word, '=');

    if (word[1] != '-' && word[1] != '\0') {
        start_letters(c, word);
    } else if (equals != NULL) {
        const eb_opt_t opt = eb_opt_find(word + 2, (size_t)(equals - word) - 2);
        if (opt != EB_OPT_COUNT) {
            start_value(c, opt, word, (size_t)(equals - word) + 1);
        }
    } else {
        offer_options(c);
    }
}

/* -- words ----------------------------------------------------------------------------------- */

/* Those of a group, or with NULL those of none. */
static void offer_commands(eb_completion_t *c, const eb_command_t *group)
{
    for (size_t i = 0; c->commands[i] != NULL; i++) {
        const eb_command_t *command = c->commands[i];
        const char *space = strchr(command->name, ' ');

        if (eb_command_is_under(command, group)) {
            eb_completion_offer(c, space != NULL ? space + 1 : command->name, command->summary);
        }
    }
}

static void start_word(eb_completion_t *c)
{
    const eb_args_t *args = &c->args;
    const eb_command_t *command = args->command;

    if (command == NULL || command->run == NULL) {
        offer_commands(c, command);
    } else if (args->word_count >= command->max_args) {
        if (c->typed[0] == '\0') {
            offer_options(c);
        }
    } else {
        c->kind = command->arg_kinds[args->word_count == 0 ? 0 : 1];
    }
    if (c->kind == EB_VALUE_COMMAND) {
        const eb_command_t *group =
            args->word_count > 0 ? eb_command_find(c->commands, args->words[0]) : NULL;
        if (args->word_count == 0 || group != NULL) {
            offer_commands(c, group);
        }
    }
}

void eb_completion_start(eb_completion_t *c, int argc, char **argv)
{
    const char *word = argv[argc - 1];
    eb_args_end_t end;

    c->typed = word;
    eb_args_parse_open(c->commands, argc - 1, argv, &c->args, &end);
    if (end.awaited != EB_OPT_COUNT && strncmp(word, "--", 2) != 0) {
        start_value(c, end.awaited, word, 0);
    } else if (word[0] == '-' && !end.only_words) {
        start_option(c, word);
    } else {
        start_word(c);
    }
}
