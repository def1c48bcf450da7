/* board.c: the session of a command. */
#include "board.h"

#define CONNECT_ATTEMPTS 7

void eb_board_options(const eb_args_t *args, eb_session_options_t *out)
{
    const eb_arg_t *attempts = &args->values[EB_OPT_CONNECT_ATTEMPTS];

    *out = (eb_session_options_t){
        .port = eb_arg_text(args, EB_OPT_PORT),
        .baud = (uint32_t)eb_arg_number(args, EB_OPT_BAUD),
        .chip = eb_arg_text(args, EB_OPT_CHIP),
        .before = (eb_before_t)eb_arg_number(args, EB_OPT_BEFORE),
        .after = (eb_after_t)eb_arg_number(args, EB_OPT_AFTER),
        .reset_sequence = eb_arg_text(args, EB_OPT_RESET_SEQUENCE),
        .leave_sequence = eb_arg_text(args, EB_OPT_LEAVE_SEQUENCE),
        .spi_connection = eb_arg_text(args, EB_OPT_SPI_CONNECTION),
        .no_stub = eb_arg_flag(args, EB_OPT_NO_STUB),
        .stub_path = eb_arg_text(args, EB_OPT_STUB),
        .connect_attempts = attempts->set ? (int)attempts->number : CONNECT_ATTEMPTS,
        .flash_size = eb_arg_number(args, EB_OPT_FLASH_SIZE),
    };
}

eb_code_t eb_board_open(eb_cli_t *cli, eb_session_t **out, eb_err_t *err)
{
    return eb_board_open_sized(cli, eb_arg_number(&cli->args, EB_OPT_FLASH_SIZE), out, err);
}

eb_code_t eb_board_open_sized(eb_cli_t *cli, uint64_t flash_size, eb_session_t **out, eb_err_t *err)
{
    eb_session_options_t options;

    *out = NULL;
    eb_board_options(&cli->args, &options);
    options.flash_size = flash_size;
    eb_console_connecting(&cli->console, options.port);
    return eb_session_open(&options, &cli->console.events, out, err);
}

void eb_board_close(eb_cli_t *cli, eb_session_t *session)
{
    eb_console_end(&cli->console);
    eb_board_leave(session, &cli->console.events);
}

void eb_board_leave(eb_session_t *session, const eb_events_t *events)
{
    eb_err_t err = {0};

    if (eb_session_close(session, &err) != EB_OK) {
        eb_event_note(events, EB_LEVEL_WARNING, "%s; press RESET to restart it", err.message);
    }
}
