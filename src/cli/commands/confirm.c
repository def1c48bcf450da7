/* confirm.c: the plan on the terminal, and the question behind it. */
#include "confirm.h"

#include "clock.h"
#include "question.h"
#include "render_json.h"
#include "render_text.h"
#include "signals.h"

#include <stdlib.h>

eb_code_t eb_confirm_possible(const eb_cli_t *cli, eb_err_t *err)
{
    const char *name = cli->args.command->name;

    if (eb_arg_flag(&cli->args, EB_OPT_YES)) {
        return EB_OK;
    }
    if (cli->json != NULL) {
        eb_err_set(err, EB_ERR_REFUSED,
                   "%s changes the board, but --json cannot ask for confirmation", name);
    } else if (!eb_question_possible()) {
        eb_err_set(err, EB_ERR_REFUSED,
                   "%s changes the board, but there is no terminal to ask for confirmation", name);
    } else {
        return EB_OK;
    }
    eb_err_hint(err, "add --yes to continue without a question%s",
                eb_command_takes(cli->args.command, EB_OPT_DRY_RUN)
                    ? "; --dry-run shows what would change"
                    : "");
    return EB_ERR_REFUSED;
}

/* Without memory the names are missing later; the numbers are not. */
static void keep_table(eb_confirm_t *confirm, const eb_change_plan_t *plan)
{
    const eb_partition_table_t *table = plan->image_table;

    if (table == NULL || !table->present) {
        table = plan->board_table;
    }
    if (table == NULL || !table->present) {
        return;
    }
    free(confirm->table);
    confirm->table = malloc(sizeof(*confirm->table));
    if (confirm->table != NULL) {
        *confirm->table = *table;
    }
}

static bool ask(eb_confirm_t *confirm)
{
    int64_t started_ms = eb_clock_ms();
    eb_answer_t answer = eb_question_ask(confirm->cli->console.term.file, fileno(stdin),
                                         "Continue?", eb_signals_stopped);

    confirm->waited_seconds = (double)(eb_clock_ms() - started_ms) / 1e3;
    switch (answer) {
    case EB_ANSWER_YES:
        return true;
    case EB_ANSWER_NO:
        confirm->refused = true;
        return false;
    case EB_ANSWER_STOPPED:
        confirm->stopped = true;
        return false;
    }
    return false;
}

bool eb_confirm_change(void *user, const eb_change_plan_t *plan)
{
    eb_confirm_t *confirm = user;
    eb_cli_t *cli = confirm->cli;
    const eb_term_t *term = confirm->dry_run ? &cli->out : &cli->console.term;
    bool asks = !confirm->dry_run && !eb_arg_flag(&cli->args, EB_OPT_YES) &&
                eb_spans_bytes(plan->spans, EB_SPAN_OLD) > 0;

    eb_console_end(&cli->console);
    keep_table(confirm, plan);
    confirm->other_board = plan->other_mac;
    if (cli->json != NULL) {
        return true;
    }
    /* --quiet may hide what is done, not what is asked. */
    if (asks || confirm->dry_run || !cli->console.quiet) {
        eb_text_change_plan(term, eb_session_chip(confirm->session), plan);
    }
    fflush(term->file);
    return !asks || ask(confirm);
}

eb_code_t eb_confirm_outcome(const eb_confirm_t *confirm, eb_code_t code, double *seconds,
                             eb_err_t *err)
{
    eb_console_end(&confirm->cli->console);
    *seconds -= confirm->waited_seconds;
    if (confirm->stopped) {
        eb_err_set(err, EB_ERR_CANCELLED, "stopped");
        return EB_ERR_CANCELLED;
    }
    if (!confirm->refused) {
        return code;
    }
    eb_err_set(err, EB_ERR_REFUSED, "not confirmed");
    eb_err_hint(err, "the board is unchanged");
    return EB_ERR_REFUSED;
}

eb_code_t eb_confirm_report(const eb_confirm_t *confirm, const eb_spans_t *spans, bool changed,
                            eb_code_t code, eb_err_t *err)
{
    const eb_cli_t *cli = confirm->cli;
    const eb_chip_info_t *chip = eb_session_chip(confirm->session);
    const eb_areas_t areas = {.table = confirm->table, .bootloader_addr = chip->bootloader_addr};
    eb_session_stats_t stats;
    eb_pieces_t pieces = {0};

    if (cli->json != NULL) {
        eb_session_get_stats(confirm->session, &stats);
        eb_json_chip(cli->json, chip);
        eb_json_connection(cli->json, &stats);
        if (!eb_json_spans(cli->json, spans, &areas) && code == EB_OK) {
            return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the ranges");
        }
    } else if (code != EB_OK && changed) {
        if (eb_pieces_of_spans(spans, &areas, &pieces)) {
            (void)eb_text_board_state(&cli->console.term, &pieces);
        }
        eb_pieces_free(&pieces);
    }
    return code;
}

void eb_confirm_free(eb_confirm_t *confirm)
{
    if (confirm == NULL) {
        return;
    }
    free(confirm->table);
    confirm->table = NULL;
}
