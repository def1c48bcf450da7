/* session.c: opening and closing a session. */
#include "clock.h"
#include "port_address.h"
#include "reset.h"
#include "session_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BRING_UP_TRIES  3
#define ATTEMPTS_A_PORT 2 /* when every port is tried in turn */
#define LIST_STEP_MS    20

/* -- open ------------------------------------------------------------------------------------- */

static eb_code_t copy_text(char *out, size_t cap, const char *text, const char *what, eb_err_t *err)
{
    out[0] = '\0';
    if (text == NULL) {
        return EB_OK;
    }
    if (strlen(text) >= cap) {
        return eb_err_set(err, EB_ERR_USAGE, "%s: longer than %zu bytes", what, cap - 1);
    }
    (void)snprintf(out, cap, "%s", text);
    return EB_OK;
}

static eb_code_t take_leave_sequence(eb_session_t *s, eb_err_t *err)
{
    const char *text = s->options.leave_sequence;

    if (text == NULL) {
        return EB_OK;
    }
    if (s->options.after != EB_AFTER_HARD_RESET) {
        return eb_err_set_reason(err, EB_ERR_USAGE, EB_REASON_LEAVE_SEQUENCE,
                                 "a sequence for leaving needs the hard reset after the work");
    }
    return eb_reset_parse(text, &s->custom_leave, err);
}

static eb_code_t take_reset_sequence(eb_session_t *s, eb_err_t *err)
{
    const char *text = s->options.reset_sequence;

    if (text == NULL) {
        return EB_OK;
    }
    if (s->options.before != EB_BEFORE_DEFAULT_RESET) {
        return eb_err_set_reason(err, EB_ERR_USAGE, EB_REASON_RESET_SEQUENCE,
                                 "a reset sequence needs the default reset before the work");
    }
    return eb_reset_parse(text, &s->custom_reset, err);
}

static eb_code_t take_spi_connection(eb_session_t *s, eb_err_t *err)
{
    const char *text = s->options.spi_connection;

    return text == NULL ? EB_OK : eb_spi_connection_parse(text, &s->spi_connection, err);
}

static void pass_note(void *user, eb_level_t level, const char *text)
{
    const eb_session_t *s = user;

    s->outer->note(s->outer->user, level, text);
}

static void pass_progress(void *user, const eb_progress_t *progress)
{
    const eb_session_t *s = user;

    s->outer->progress(s->outer->user, progress);
}

static bool pass_cancelled(void *user)
{
    const eb_session_t *s = user;

    return !s->leaving && eb_event_cancelled(s->outer);
}

static void take_events(eb_session_t *s, const eb_events_t *ev)
{
    s->outer = ev;
    s->own_events = (eb_events_t){.user = s, .cancelled = pass_cancelled};
    if (ev != NULL) {
        s->own_events.note = ev->note != NULL ? pass_note : NULL;
        s->own_events.progress = ev->progress != NULL ? pass_progress : NULL;
        s->own_events.max_level = ev->max_level;
    }
    s->ev = &s->own_events;
}

static eb_code_t new_session(const eb_session_options_t *options, const eb_events_t *ev,
                             eb_session_t **out, eb_err_t *err)
{
    eb_session_t *s = calloc(1, sizeof(*s));
    eb_code_t code;

    *out = s;
    if (s == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the session");
    }
    s->options = *options;
    take_events(s, ev);
    s->baud_fixed = options->baud != 0;
    s->baud_target = options->baud != 0 ? options->baud : EB_AUTO_BAUD;
    code = copy_text(s->port_name, sizeof(s->port_name), options->port, "name of the port", err);
    if (code == EB_OK) {
        code =
            copy_text(s->chip_name, sizeof(s->chip_name), options->chip, "name of the chip", err);
    }
    if (code == EB_OK) {
        code = copy_text(s->stub_path, sizeof(s->stub_path), options->stub_path, "path of the stub",
                         err);
    }
    /* Check the file first, because later no way may lead back to the ROM bootloader. */
    if (code == EB_OK && s->stub_path[0] != '\0' && !options->no_stub) {
        code = eb_stub_check_file(s->stub_path, err);
    }
    if (code == EB_OK) {
        code = take_reset_sequence(s, err);
    }
    if (code == EB_OK) {
        code = take_leave_sequence(s, err);
    }
    if (code == EB_OK) {
        code = take_spi_connection(s, err);
    }
    if (code == EB_OK && options->after == EB_AFTER_SOFT_RESET && !options->no_stub) {
        code = eb_err_set_reason(err, EB_ERR_USAGE, EB_REASON_ROM_SOFT_RESET,
                                 "soft reset: the stub cannot start the program by a command");
    }
    if (code != EB_OK) {
        return code;
    }
    /* The caller lends these only for this call. */
    s->options.port = s->options.chip = s->options.stub_path = s->options.spi_connection = NULL;
    s->options.reset_sequence = s->options.leave_sequence = NULL;
    if (s->chip_name[0] != '\0' && eb_chip_row_by_name(s->chip_name) == NULL) {
        return eb_err_set(err, EB_ERR_USAGE, "no chip %s is known", s->chip_name);
    }
    return EB_OK;
}

/* Refuse an impossible way of leaving the board now and not at the end. Then leave the board by the
 * usual reset. */
static eb_code_t check_after(eb_session_t *s, eb_err_t *err)
{
    if (s->options.after != EB_AFTER_WATCHDOG_RESET || eb_watchdog_can_reset(s, err) == EB_OK) {
        return EB_OK;
    }
    s->options.after = EB_AFTER_HARD_RESET;
    eb_err_reason(err, EB_REASON_DEFAULT_AFTER);
    return EB_ERR_UNSUPPORTED;
}

/* From the first SYNC to a session that is ready. */
static eb_code_t bring_up(eb_session_t *s, eb_err_t *err)
{
    eb_code_t code = eb_detect_chip(s, err);

    if (code == EB_OK) {
        code = eb_watchdog_stop(s, err);
    }
    if (code == EB_OK) {
        code = eb_detect_facts(s, err);
    }
    if (code == EB_OK) {
        code = eb_spi_connection_take(s, err);
    }
    if (code == EB_OK) {
        code = check_after(s, err);
    }
    if (code == EB_OK && s->secure_download) {
        eb_session_no_stub(s, "the chip is in secure download mode");
    }
    if (code == EB_OK) {
        code = eb_session_prepare(s, err);
    }
    if (code == EB_OK) {
        code = eb_flash_setup(s, err);
    }
    return code == EB_OK ? eb_session_check_stub(s, err) : code;
}

/* A serial port is expected to reset the board. */
static void note_no_lines(eb_session_t *s)
{
    if (!eb_transport_can_lines(s->transport) && !eb_port_traits(s->port.kind)->network &&
        (s->options.before == EB_BEFORE_DEFAULT_RESET ||
         s->options.before == EB_BEFORE_USB_RESET)) {
        eb_event_note(s->ev, EB_LEVEL_NOTE,
                      "%s has no DTR and RTS lines: the board is not reset, so bring it into "
                      "download mode by hand",
                      s->port_name);
    }
}

static bool is_local(const eb_session_t *s)
{
    eb_port_address_t address;

    return eb_port_address_parse(s->port_name, &address, NULL) == EB_OK &&
           !eb_port_traits(address.kind)->network;
}

static eb_code_t open_port(eb_session_t *s, int attempts, int first, int total, eb_err_t *err)
{
    eb_code_t code = eb_connect_open(s, err);

    if ((code == EB_ERR_PORT_NOT_FOUND || code == EB_ERR_PORT_LOST) && is_local(s)) {
        code = eb_connect_wait(s, EB_PORT_APPEAR_MS, err);
    }
    if (code == EB_OK) {
        note_no_lines(s);
        code = eb_connect_sync(s, attempts, first, total, err);
    }
    for (int i = 0; code == EB_OK; i++) {
        code = bring_up(s, err);
        if (code == EB_OK || i + 1 == BRING_UP_TRIES ||
            (!eb_code_row(code)->transient && code != EB_ERR_PORT_LOST)) {
            break;
        }
        if (code == EB_ERR_PORT_LOST) {
            eb_connect_close(s);
        } else if (code == EB_ERR_CHIP_RESET) {
            /* Or SYNC was answered so late that it met the boot text of the next reset. */
            eb_connect_expect_late(s);
        }
        s->stats.reconnects++;
        eb_event_note(s->ev, EB_LEVEL_DETAIL, "connecting again: %s",
                      err != NULL ? err->message : "a fault of the line");
        code = eb_connect_sync(s, attempts, first, total, err);
    }
    return code;
}

/* The only port may be away for a moment. */
static eb_code_t list_ports(eb_session_t *s, eb_port_list_t *list, eb_err_t *err)
{
    const int64_t deadline = eb_clock_ms() + EB_PORT_APPEAR_MS;
    eb_code_t code = eb_port_list_get(list, err);

    while (code == EB_OK && list->count == 0 && eb_clock_left_ms(deadline) > 0) {
        eb_sleep_ms(LIST_STEP_MS);
        code = eb_event_check(s->ev, err);
        if (code == EB_OK) {
            code = eb_port_list_get(list, err);
        }
    }
    return code;
}

static eb_code_t open_any(eb_session_t *s, eb_err_t *err)
{
    eb_err_t best = {.code = EB_OK};
    eb_port_list_t list = {0};
    bool any_usb = false;
    eb_code_t code = list_ports(s, &list, err);

    if (code != EB_OK) {
        return code;
    }
    if (list.count == 0) {
        code = eb_err_set(&best, EB_ERR_PORT_NOT_FOUND, "this computer has no serial port");
    }
    for (size_t i = 0; i < list.count; i++) {
        const int attempts = list.count == 1 ? s->options.connect_attempts : ATTEMPTS_A_PORT;
        eb_err_t now = {.code = EB_OK};

        s->port = list.ports[i];
        s->port_unique = eb_port_is_unique(&s->port, &list);
        (void)snprintf(s->port_name, sizeof(s->port_name), "%s", s->port.name);
        any_usb = any_usb || list.ports[i].vid != 0;
        eb_event_note(s->ev, EB_LEVEL_DETAIL, "trying %s", s->port_name);
        code = open_port(s, attempts, (int)i * attempts, (int)list.count * attempts, &now);
        if (code == EB_OK || code == EB_ERR_CANCELLED) {
            best = now;
            break;
        }
        (void)eb_leave_board(s, NULL);
        eb_connect_close(s);
        s->row = NULL;
        s->variant = s->trying = 0;
        if (best.code == EB_OK ||
            eb_code_row(code)->port_rank > eb_code_row(best.code)->port_rank) {

            best = now;
        }
    }
    if (code != EB_OK && list.count > 0 && !any_usb && eb_code_row(best.code)->port_rank < 0 &&
        best.hint[0] == '\0') {
        eb_err_hint(&best, "no USB serial port is there; connect the board with a USB cable that "
                           "carries data, or name the port");
    }
    if (code != EB_OK) {
        code = eb_err_copy(err, &best);
    }
    eb_port_list_free(&list);
    return code;
}

static void note_reach(eb_session_t *s)
{
    const uint64_t reach = eb_session_reach(s);

    if (reach < s->flash.size_bytes) {
        eb_event_note(s->ev, EB_LEVEL_WARNING,
                      "the %s of the %s can address only the first %llu MB of the %llu MB of flash",
                      s->stub ? "stub" : "ROM bootloader", s->chip.name,
                      (unsigned long long)(reach >> 20),
                      (unsigned long long)(s->flash.size_bytes >> 20));
    }
}

eb_code_t eb_session_open(const eb_session_options_t *options, const eb_events_t *ev,
                          eb_session_t **out, eb_err_t *err)
{
    eb_session_t *s = NULL;
    eb_code_t code;

    *out = NULL;
    code = new_session(options, ev, &s, err);
    if (code == EB_OK) {
        code = s->port_name[0] == '\0'
                   ? open_any(s, err)
                   : open_port(s, options->connect_attempts, 0, options->connect_attempts, err);
    }
    if (code != EB_OK) {
        (void)eb_session_close(s, NULL);
        return code;
    }
    note_reach(s);
    if (s->stub && s->options.no_stub) {
        eb_event_note(s->ev, EB_LEVEL_NOTE,
                      "a stub runs on the board already and does the work, because nothing resets "
                      "the board");
    }
    *out = s;
    return EB_OK;
}

/* -- close ------------------------------------------------------------------------------------ */

eb_code_t eb_session_close(eb_session_t *s, eb_err_t *err)
{
    eb_code_t code;

    if (s == NULL) {
        return EB_OK;
    }
    code = eb_leave_board(s, err);
    eb_connect_close(s);
    free(s);
    return code;
}
