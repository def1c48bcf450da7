/*
 * confirm.h: before the first change of a board: show what it will be, and ask.
 *
 * A command that changes a board checks first that somebody can answer (eb_confirm_possible),
 * gives eb_confirm_change and an eb_confirm_t to the operation, and keeps what it learned there for
 * its result.
 */
#ifndef EB_COMMANDS_CONFIRM_H
#define EB_COMMANDS_CONFIRM_H

#include "board.h"
#include "espbackup/ops.h"
#include "flash_pieces.h"

typedef struct eb_confirm {
    eb_cli_t *cli;
    const eb_session_t *session;
    bool dry_run;                /* the plan is the result, and nothing is asked */
    bool refused;                /* the answer was no */
    bool stopped;                /* Ctrl-C was the answer */
    bool other_board;            /* the image is from another one */
    double waited_seconds;       /* for the answer: does not count as work */
    eb_partition_table_t *table; /* a copy, after the question: what lies where; NULL: not known */
} eb_confirm_t;

/* EB_ERR_REFUSED where nobody can answer and --yes was not given; asked before anything opens. */
eb_code_t eb_confirm_possible(const eb_cli_t *cli, eb_err_t *err);

/* An eb_confirm_fn; user is the eb_confirm_t. */
bool eb_confirm_change(void *user, const eb_change_plan_t *plan);

/* After the operation: end its progress, take the time of the question out of *seconds, and put an
 * end by the answer into words. Another error stays as it is. */
eb_code_t eb_confirm_outcome(const eb_confirm_t *confirm, eb_code_t code, double *seconds,
                             eb_err_t *err);

/* What both kinds of change report beside their own: board, connection and ranges in JSON; as text
 * what a failure left on a board that was changed. Gives code, or EB_ERR_INTERNAL without memory.
 */
eb_code_t eb_confirm_report(const eb_confirm_t *confirm, const eb_spans_t *spans, bool changed,
                            eb_code_t code, eb_err_t *err);

void eb_confirm_free(eb_confirm_t *confirm);

#endif
