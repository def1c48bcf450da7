/* option_value.c: one value of an option, by the type in its row. */
#include "option_value.h"

#include "espbackup/session.h"
#include "number_parse.h"
#include "suggest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LIST_BYTES 256

/* "a, b or c" */
static void join_choices(const char *const *choices, char *out, size_t cap)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; choices[i] != NULL; i++) {
        const char *glue = i == 0 ? "" : choices[i + 1] == NULL ? " or " : ", ";
        int n = snprintf(out + used, cap - used, "%s%s", glue, choices[i]);
        if (n < 0 || (size_t)n >= cap - used) {
            return;
        }
        used += (size_t)n;
    }
}

static eb_code_t parse_choice(const eb_opt_row_t *row, const char *who, eb_arg_t *arg,
                              eb_err_t *err)
{
    char list[LIST_BYTES];
    const char *near = NULL;

    for (size_t i = 0; row->choices[i] != NULL; i++) {
        if (eb_name_equal(arg->text, strlen(arg->text), row->choices[i])) {
            arg->number = i;
            return EB_OK;
        }
        near = eb_suggest_better(arg->text, near, row->choices[i]);
    }
    join_choices(row->choices, list, sizeof(list));
    eb_err_set(err, EB_ERR_USAGE, "%s '%s': expected %s", who, arg->text, list);
    if (near != NULL) {
        eb_err_hint(err, "did you mean '%s'?", near);
    }
    return EB_ERR_USAGE;
}

static void range_text(const eb_opt_row_t *row, char *out, size_t cap)
{
    const char *word = row->zero_words[0] != NULL ? row->zero_words[0] : "";
    const char *glue = row->zero_words[0] != NULL ? " or " : "";

    if (row->type == EB_OPT_TYPE_SIZE) {
        snprintf(out, cap,
                 "%s%sa size such as 0x10000, 65536, 64K or 4MB, from 0x%" PRIx64 " to 0x%" PRIx64,
                 word, glue, row->min, row->max);
    } else {
        snprintf(out, cap, "%s%sa whole number from %" PRIu64 " to %" PRIu64, word, glue, row->min,
                 row->max);
    }
}

static eb_code_t parse_number(const eb_opt_row_t *row, const char *who, eb_arg_t *arg,
                              eb_err_t *err)
{
    char expected[LIST_BYTES];
    uint64_t value;

    for (size_t i = 0; i < 2 && row->zero_words[i] != NULL; i++) {
        if (strcmp(arg->text, row->zero_words[i]) == 0) {
            return EB_OK;
        }
    }
    eb_number_fault_t fault = eb_number_parse(arg->text, row->type == EB_OPT_TYPE_SIZE, &value);
    if (fault == EB_NUMBER_OK && value >= row->min && value <= row->max) {
        arg->number = value;
        return EB_OK;
    }
    range_text(row, expected, sizeof(expected));
    return eb_err_set(err, EB_ERR_USAGE, "%s '%s': expected %s", who, arg->text, expected);
}

/* "esp32-C3" is "esp32c3": letters and digits count, in any case. */
static bool same_chip(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '-' || *a == '_') {
            a++;
        }
        while (*b == '-' || *b == '_') {
            b++;
        }
        char x = *a >= 'A' && *a <= 'Z' ? (char)(*a - 'A' + 'a') : *a;
        char y = *b >= 'A' && *b <= 'Z' ? (char)(*b - 'A' + 'a') : *b;
        if (x != y) {
            return false;
        }
        if (x == '\0') {
            return true;
        }
    }
}

/* A chip's name becomes the id that the layers below know; "auto" is as if nothing was said. */
static eb_code_t parse_chip(const char *who, eb_arg_t *arg, eb_err_t *err)
{
    const char *near = NULL;
    char list[LIST_BYTES] = "auto";

    if (same_chip(arg->text, "auto")) {
        arg->text = NULL;
        return EB_OK;
    }
    for (size_t i = 0; eb_chip_id_at(i) != NULL; i++) {
        const char *id = eb_chip_id_at(i);
        size_t used = strlen(list);

        if (same_chip(arg->text, id)) {
            arg->text = id;
            return EB_OK;
        }
        near = eb_suggest_better(arg->text, near, id);
        snprintf(list + used, sizeof(list) - used, "%s%s",
                 eb_chip_id_at(i + 1) == NULL ? " or " : ", ", id);
    }
    eb_err_set(err, EB_ERR_USAGE, "%s '%s': expected %s", who, arg->text, list);
    if (near != NULL) {
        eb_err_hint(err, "did you mean '%s'?", near);
    }
    return EB_ERR_USAGE;
}

eb_code_t eb_option_value_parse(eb_opt_t opt, const char *who, eb_arg_t *arg, eb_err_t *err)
{
    const eb_opt_row_t *row = eb_opt_row(opt);

    switch (row->type) {
    case EB_OPT_TYPE_FLAG:
        arg->number = 1;
        return EB_OK;
    case EB_OPT_TYPE_TEXT:
        if (arg->text[0] == '\0') {
            return eb_err_set(err, EB_ERR_USAGE, "%s is empty: expected %s", who, row->value_name);
        }
        return row->kind == EB_VALUE_CHIP ? parse_chip(who, arg, err) : EB_OK;
    case EB_OPT_TYPE_NUMBER:
    case EB_OPT_TYPE_SIZE:
        return parse_number(row, who, arg, err);
    case EB_OPT_TYPE_CHOICE:
        return parse_choice(row, who, arg, err);
    }
    return eb_err_set(err, EB_ERR_INTERNAL, "option %s has no type", row->name);
}
