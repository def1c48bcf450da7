#include "many_boards.h"

#include "board.h"
#include "boards_view.h"
#include "clock.h"
#include "hints.h"
#include "human.h"
#include "render_json.h"
#include "text_table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ALL_PORTS       "all"
#define DRAW_MS         100
#define ATTEMPTS_OF_ALL 2 /* on a port that nobody named */

typedef struct eb_one_board {
    char port[EB_PORT_NAME_BYTES], shown[EB_PORT_NAME_BYTES];
    bool maybe_empty; /* of "all", and no USB device: perhaps no board is there */
    eb_session_options_t session_options;
    const eb_backup_options_t *options;
    eb_board_line_t *line;
    pthread_t thread;
    bool started, finished; /* finished: under the view's lock */
    eb_code_t code;
    eb_err_t err;
    bool connected;
    eb_chip_info_t chip;
    eb_flash_info_t flash;
    eb_backup_result_t result;
    eb_flash_contents_t contents;
} eb_one_board_t;

typedef struct eb_boards {
    eb_one_board_t *boards;
    eb_board_line_t *lines;
    size_t count;
    eb_boards_view_t view;
} eb_boards_t;

bool eb_many_boards_wanted(const eb_args_t *args)
{
    const char *ports[EB_ARGS_REPEATED_MAX];
    size_t count = eb_arg_list(args, EB_OPT_PORT, ports);

    return count > 1 || (count == 1 && strcmp(ports[0], ALL_PORTS) == 0);
}

/* -- the ports ------------------------------------------------------------------------------- */

static eb_code_t make_boards(eb_boards_t *all, size_t count, eb_err_t *err)
{
    all->boards = calloc(count, sizeof(*all->boards));
    all->lines = calloc(count, sizeof(*all->lines));
    if (all->boards == NULL || all->lines == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for %zu boards", count);
    }
    all->count = count;
    return EB_OK;
}

static eb_code_t every_port(eb_boards_t *all, eb_err_t *err)
{
    eb_port_list_t list = {0};
    eb_code_t code = eb_port_list_get(&list, err);

    if (code == EB_OK && list.count == 0) {
        code = eb_err_set(err, EB_ERR_PORT_NOT_FOUND, "this computer has no serial port");
    }
    if (code == EB_OK) {
        code = make_boards(all, list.count, err);
    }
    for (size_t i = 0; code == EB_OK && i < list.count; i++) {
        memcpy(all->boards[i].port, list.ports[i].name, sizeof(all->boards[i].port));
        all->boards[i].maybe_empty = list.ports[i].vid == 0;
    }
    eb_port_list_free(&list);
    return code;
}

static eb_code_t named_ports(eb_boards_t *all, const char *const *ports, size_t count,
                             eb_err_t *err)
{
    eb_code_t code = make_boards(all, count, err);

    for (size_t i = 0; code == EB_OK && i < count; i++) {
        if (strcmp(ports[i], ALL_PORTS) == 0) {
            return eb_err_set(err, EB_ERR_USAGE, "--port all cannot be used with another --port");
        }
        if (strlen(ports[i]) >= sizeof(all->boards[i].port)) {
            return eb_err_set(err, EB_ERR_USAGE, "--port: longer than %zu bytes",
                              sizeof(all->boards[i].port) - 1);
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(ports[i], ports[k]) == 0) {
                return eb_err_set(err, EB_ERR_USAGE, "--port %s is given twice", ports[i]);
            }
        }
        memcpy(all->boards[i].port, ports[i], strlen(ports[i]) + 1);
    }
    return code;
}

/* -- the work ------------------------------------------------------------------------------- */

/* A port that nobody named, and no board on it. */
static bool is_without_board(const eb_one_board_t *b)
{
    return b->maybe_empty && b->code != EB_OK && b->code != EB_ERR_CANCELLED && !b->connected;
}

static void report_end(eb_one_board_t *b)
{
    char text[2 * EB_HUMAN_BYTES + 16], size[EB_HUMAN_BYTES], took[EB_HUMAN_BYTES];
    char hint[EB_HINT_BYTES];

    if (is_without_board(b)) {
        eb_event_note(&b->line->events, EB_LEVEL_DETAIL, "no board found: %s", b->err.message);
        eb_board_line_end(b->line, "no board found");
        return;
    }
    if (b->code != EB_OK) {
        eb_hint(&b->err, hint);
        eb_event_note(&b->line->events, EB_LEVEL_WARNING, "%s; %s", b->err.message, hint);
        eb_board_line_end(b->line, "failed");
        return;
    }
    eb_human_size(b->result.size_bytes, size);
    eb_human_seconds(b->result.seconds, took);
    (void)snprintf(text, sizeof(text), "done: %s in %s", size, took);
    eb_board_line_end(b->line, text);
}

static void *back_up_one(void *user)
{
    eb_one_board_t *b = user;
    eb_session_t *session = NULL;

    b->code = eb_session_open(&b->session_options, &b->line->events, &session, &b->err);
    if (b->code == EB_OK) {
        b->connected = true;
        b->code =
            eb_op_backup(session, b->options, &b->line->events, &b->result, &b->contents, &b->err);
        b->chip = *eb_session_chip(session);
        b->flash = *eb_session_flash(session);
    }
    b->err.code = b->code;
    eb_board_leave(session, &b->line->events);
    report_end(b);
    pthread_mutex_lock(&b->line->view->lock);
    b->finished = true;
    pthread_mutex_unlock(&b->line->view->lock);
    return NULL;
}

static bool all_finished(eb_boards_t *all)
{
    bool finished = true;

    pthread_mutex_lock(&all->view.lock);
    for (size_t i = 0; i < all->count; i++) {
        finished = finished && (all->boards[i].finished || !all->boards[i].started);
    }
    pthread_mutex_unlock(&all->view.lock);
    return finished;
}

static void run_all(eb_cli_t *cli, const eb_backup_options_t *options, eb_boards_t *all)
{
    for (size_t i = 0; i < all->count; i++) {
        eb_one_board_t *b = &all->boards[i];

        b->line = &all->lines[i];
        (void)eb_term_clean(b->port, 0, b->shown, sizeof(b->shown));
        b->line->name = b->shown;
        b->options = options;
        eb_board_options(&cli->args, &b->session_options);
        b->session_options.port = b->port;
        if (b->maybe_empty && !cli->args.values[EB_OPT_CONNECT_ATTEMPTS].set) {
            b->session_options.connect_attempts = ATTEMPTS_OF_ALL;
        }
    }
    eb_boards_view_init(&all->view, &cli->console, all->lines, all->count);
    for (size_t i = 0; i < all->count; i++) {
        eb_one_board_t *b = &all->boards[i];

        b->started = pthread_create(&b->thread, NULL, back_up_one, b) == 0;
        if (!b->started) {
            b->code = eb_err_set(&b->err, EB_ERR_INTERNAL, "cannot start another thread");
            report_end(b);
        }
    }
    while (!all_finished(all)) {
        eb_boards_view_draw(&all->view);
        eb_sleep_ms(DRAW_MS);
    }
    for (size_t i = 0; i < all->count; i++) {
        if (all->boards[i].started) {
            (void)pthread_join(all->boards[i].thread, NULL);
        }
    }
    eb_boards_view_end(&all->view);
}

/* -- the results ---------------------------------------------------------------------------- */

static void render_json(eb_json_t *root, const eb_boards_t *all)
{
    eb_json_t *array = eb_json_add_array(root, "boards");

    for (size_t i = 0; i < all->count; i++) {
        const eb_one_board_t *b = &all->boards[i];

        if (is_without_board(b)) {
            continue;
        }
        eb_json_t *node = eb_json_append_object(array);
        eb_json_add_text(node, "port", b->port);
        if (b->connected) {
            eb_json_backup(node, &b->result);
            eb_json_chip(node, &b->chip);
            eb_json_flash(node, &b->flash);
        }
        if (b->code == EB_OK) {
            eb_json_table(node, &b->contents.table, &b->contents.boot, NULL);
            eb_json_connection(node, &b->result.stats);
        } else {
            eb_json_error(node, &b->err);
        }
    }
}

static bool render_text(const eb_term_t *term, const eb_boards_t *all)
{
    static const eb_column_t columns[] = {
        {"Port", false, 0}, {"Chip", false, 0}, {"MAC", false, EB_COLUMN_DROP},
        {"Size", true, 0},  {"Took", true, 0},  {"Image", false, 0},
    };
    eb_table_t rows;

    eb_table_init(&rows, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < all->count; i++) {
        const eb_one_board_t *b = &all->boards[i];
        char size[EB_HUMAN_BYTES] = "", took[EB_HUMAN_BYTES] = "";

        if (is_without_board(b)) {
            continue;
        }
        if (b->code == EB_OK) {
            eb_human_size(b->result.size_bytes, size);
            eb_human_seconds(b->result.seconds, took);
        }
        eb_table_add(&rows, b->port);
        eb_table_add(&rows, b->chip.name);
        eb_table_add(&rows, b->chip.mac_count > 0 ? b->chip.macs[0].text : "");
        eb_table_add(&rows, size);
        eb_table_add(&rows, took);
        eb_table_add(&rows, b->code == EB_OK ? b->result.image_path : "FAILED");
    }
    bool printed = rows.cell_count == 0 || eb_table_print(&rows, term, 0);
    eb_table_free(&rows);
    return printed;
}

/* The error of the run: that of the board with the highest exit status. */
static eb_code_t overall_result(const eb_boards_t *all, eb_err_t *err)
{
    const eb_one_board_t *worst = NULL;
    size_t failed = 0, counted = 0;

    for (size_t i = 0; i < all->count; i++) {
        const eb_one_board_t *b = &all->boards[i];

        if (is_without_board(b)) {
            continue;
        }
        counted++;
        if (b->code == EB_OK) {
            continue;
        }
        failed++;
        if (worst == NULL ||
            eb_code_row(b->code)->exit_status > eb_code_row(worst->code)->exit_status) {
            worst = b;
        }
    }
    if (counted == 0) {
        return eb_err_set(err, EB_ERR_NO_ANSWER, "no board answers on any of the %zu ports",
                          all->count);
    }
    if (worst == NULL) {
        return EB_OK;
    }
    *err = worst->err;
    return eb_err_wrap(err, "%zu of %zu boards failed; %s", failed, counted, worst->port);
}

eb_code_t eb_many_boards_backup(eb_cli_t *cli, const eb_backup_options_t *options, eb_err_t *err)
{
    const char *ports[EB_ARGS_REPEATED_MAX];
    size_t count = eb_arg_list(&cli->args, EB_OPT_PORT, ports);
    eb_boards_t all = {0};
    eb_code_t code;

    if (options->output != NULL) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "--output names one image, so it needs exactly one --port");
    }
    code = count == 1 ? every_port(&all, err) : named_ports(&all, ports, count, err);
    if (code != EB_OK) {
        goto done;
    }
    run_all(cli, options, &all);
    if (cli->json != NULL) {
        render_json(cli->json, &all);
    } else if (!render_text(&cli->out, &all)) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory for the table");
    }
    if (code == EB_OK) {
        code = overall_result(&all, err);
    }
done:
    free(all.boards);
    free(all.lines);
    return code;
}
