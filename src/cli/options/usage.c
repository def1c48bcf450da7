/* usage.c: help. The texts are in the tables; here they are only laid out. */
#include "usage.h"

#include "espbackup/version.h"
#include "standard_streams.h"
#include "system_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEFT_WIDTH 26
#define LINE_LEAST 60
#define LINE_MOST  100
#define LINE_ELSE  80

static size_t line_width(const eb_term_t *term)
{
    if (term->width <= 0) {
        return LINE_ELSE;
    }
    return (size_t)(term->width < LINE_LEAST  ? LINE_LEAST
                    : term->width > LINE_MOST ? LINE_MOST
                                              : term->width);
}

static void print_wrapped(const eb_term_t *term, const char *text, size_t at, size_t indent)
{
    eb_term_wrap(term->file, text, line_width(term), at, indent);
}

static void print_heading(const eb_term_t *term, const char *heading)
{
    fprintf(term->file, "%s%s%s\n", eb_term_style(term, EB_STYLE_HEADING), heading,
            eb_term_plain(term));
}

static void print_row(const eb_term_t *term, const char *left, const char *right)
{
    size_t len = strlen(left);

    fprintf(term->file, "%s", left);
    if (len + 2 > LEFT_WIDTH) {
        fprintf(term->file, "\n%*s", LEFT_WIDTH, "");
    } else {
        fprintf(term->file, "%*s", (int)(LEFT_WIDTH - len), "");
    }
    print_wrapped(term, right, LEFT_WIDTH, LEFT_WIDTH);
}

static void print_option(const eb_term_t *term, const eb_command_t *command, eb_opt_t opt)
{
    const eb_opt_row_t *row = eb_opt_row(opt);
    char left[64];
    char right[400];
    char letter[8] = "    ";
    size_t used;

    if (row->letter != '\0') {
        snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    }
    snprintf(left, sizeof(left), "  %s--%s%s%s", letter, row->name,
             row->value_name != NULL ? " " : "", row->value_name != NULL ? row->value_name : "");
    snprintf(right, sizeof(right), "%s", eb_command_option_help(command, opt));
    for (size_t i = 0; row->choices != NULL && row->choices[i] != NULL; i++) {
        used = strlen(right);
        snprintf(right + used, sizeof(right) - used, "%s%s%s", i == 0 ? ": " : ", ",
                 row->choices[i], i == 0 ? " (default)" : "");
    }
    for (size_t i = 0; i < EB_OPT_ENV_MAX && row->env[i] != NULL; i++) {
        used = strlen(right);
        snprintf(right + used, sizeof(right) - used, "%s%s%s", i == 0 ? " [" : ", ", row->env[i],
                 i + 1 == EB_OPT_ENV_MAX || row->env[i + 1] == NULL ? "]" : "");
    }
    print_row(term, left, right);
}

static void print_group(const eb_term_t *term, const char *heading, eb_opt_group_t group)
{
    fputc('\n', term->file);
    print_heading(term, heading);
    for (int i = 0; i < EB_OPT_COUNT; i++) {
        const eb_opt_row_t *row = eb_opt_row((eb_opt_t)i);
        if (row->group == group && !row->hidden) {
            print_option(term, NULL, (eb_opt_t)i);
        }
    }
}

static void print_globals(const eb_term_t *term, unsigned groups)
{
    if ((groups & EB_OPT_GROUP_BOARD) != 0) {
        print_group(term, "Board options:", EB_OPT_GROUP_BOARD);
    }
    if ((groups & EB_OPT_GROUP_STORE) != 0) {
        print_group(term, "Backup folder:", EB_OPT_GROUP_STORE);
    }
    print_group(term, "General options:", EB_OPT_GROUP_GENERAL);
}

/* Those of a group, or with NULL those of none. */
static void print_commands(const eb_term_t *term, eb_commands_t commands, const eb_command_t *group)
{
    print_heading(term, "Commands:");
    for (size_t i = 0; commands[i] != NULL; i++) {
        char left[64];
        if (!eb_command_is_under(commands[i], group)) {
            continue;
        }
        snprintf(left, sizeof(left), "  %s", commands[i]->name);
        print_row(term, left, commands[i]->summary);
    }
}

static void print_example(const eb_term_t *term, const char *text)
{
    for (const char *gap; (gap = strstr(text, EB_EXAMPLE_PORT)) != NULL;) {
        fprintf(term->file, "%.*s%s", (int)(gap - text), text, eb_system_port);
        text = gap + strlen(EB_EXAMPLE_PORT);
    }
    fputs(text, term->file);
}

static void print_command_help(const eb_term_t *term, eb_commands_t commands,
                               const eb_command_t *command)
{
    fprintf(term->file, "Usage: espbackup %s [OPTIONS]%s%s\n\n", command->name,
            command->args[0] != '\0' ? " " : "", command->args);
    print_wrapped(term, command->about, 0, 0);
    if (command->run == NULL) {
        fputc('\n', term->file);
        print_commands(term, commands, command);
    }
    if (command->options[0] != EB_OPT_COUNT) {
        fputc('\n', term->file);
        print_heading(term, "Options:");
    }
    for (const eb_opt_t *opt = command->options; *opt != EB_OPT_COUNT; opt++) {
        print_option(term, command, *opt);
    }
    print_globals(term, command->groups);
    if (command->example != NULL) {
        fputc('\n', term->file);
        print_heading(term, "Examples:");
        print_example(term, command->example);
    }
}

void eb_usage_print(const eb_term_t *term, eb_commands_t commands, const eb_command_t *command)
{
    if (command != NULL) {
        print_command_help(term, commands, command);
        return;
    }
    fprintf(term->file, "espbackup %s\n", eb_version());
    fputs("Backs up the flash of Espressif boards, and verifies every byte.\n\n", term->file);
    fprintf(term->file, "Usage: espbackup [OPTIONS] COMMAND [ARGUMENTS]\n\n");
    print_commands(term, commands, NULL);
    print_globals(term, EB_OPT_GROUP_BOARD | EB_OPT_GROUP_STORE);
    fputc('\n', term->file);
    print_wrapped(term,
                  "Options may stand before or after the command. Sizes and addresses look like "
                  "0x10000, 65536, 64K or 4MB. 'espbackup help COMMAND' explains a command.",
                  0, 0);
}

void eb_usage_short(const eb_term_t *term, eb_commands_t commands)
{
    fputs("\nUsage: espbackup [OPTIONS] COMMAND [ARGUMENTS]\n\n", term->file);
    print_commands(term, commands, NULL);
}

eb_code_t eb_usage_json(eb_json_t *root, eb_commands_t commands, const eb_command_t *command,
                        eb_err_t *err)
{
    eb_term_t memory = {0};
    eb_text_stream_t stream;

    if (!eb_streams_open_text(&stream)) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the help");
    }
    memory.file = stream.file;
    eb_usage_print(&memory, commands, command);
    char *text = eb_streams_close_text(&stream);
    if (text != NULL) {
        eb_json_add_text(root, "help", text);
    }
    free(text);
    return EB_OK;
}
