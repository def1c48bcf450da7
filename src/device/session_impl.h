/*
 * session_impl.h: the state of a session, and the calls between the files of this layer. A file
 * outside the layer uses espbackup/session.h.
 */
#ifndef EB_DEVICE_SESSION_IMPL_H
#define EB_DEVICE_SESSION_IMPL_H

#include "chip_row.h"
#include "espbackup/measure.h"
#include "espbackup/session.h"
#include "link.h"
#include "reset.h"

#define EB_AUTO_BAUD       921600u
#define EB_CHIP_NAME_BYTES 32
#define EB_STUB_PATH_BYTES 1024
#define EB_FLASH_PACKET    4096u
#define EB_RECONNECT_TRIES 4
#define EB_PORT_RETURN_MS  10000 /* a USB port that comes back does so within some seconds */
#define EB_PORT_APPEAR_MS  2000  /* or has just gone, as the chip restarts again and again */

/* Where the user says that the flash is. */
typedef struct eb_spi_connection {
    enum { EB_SPI_USUAL, EB_SPI_FIRST, EB_SPI_SECOND, EB_SPI_PINS } kind;
    uint8_t pins[5]; /* CLK, Q, D, HD, CS */
} eb_spi_connection_t;

struct eb_session {
    /* the options; strings are copies */
    eb_session_options_t options;
    char port_name[EB_PORT_NAME_BYTES];
    char chip_name[EB_CHIP_NAME_BYTES];
    char stub_path[EB_STUB_PATH_BYTES];
    eb_reset_sequence_t custom_reset; /* count 0: by the kind of port */
    eb_reset_sequence_t custom_leave; /* the same */
    eb_spi_connection_t spi_connection;
    const eb_events_t *ev;    /* own_events */
    eb_events_t own_events;   /* lead to outer, except a cancel while the board is left */
    const eb_events_t *outer; /* borrowed */
    bool leaving;

    /* the way there */
    eb_transport_t *transport;
    eb_link_t *link;
    eb_port_info_t port;                        /* as last opened: to find it again */
    bool port_unique;                           /* no other port had the same USB identity */
    uint64_t bytes_in_before, bytes_out_before; /* of transports that are closed */
    int64_t reply_ms;                           /* how long to wait for a quick command */
    int64_t slowest_ms; /* slowest of the quick commands that were answered at once */
    unsigned answered;  /* how many those were */

    /* the board */
    const eb_chip_row_t *row;
    eb_chip_info_t chip;
    eb_flash_info_t flash;
    uint64_t rom_clock_hz;
    const eb_reg_program_t *flash_power; /* before the flash is attached; NULL: nothing */
    uint32_t flash_pins;                 /* for SPI_ATTACH */
    bool secure_download;
    bool out_of_step; /* the board does not follow commands: recovery needs a reset */
    bool connected;   /* ROM bootloader or stub has answered since the last reset */
    size_t variant;   /* the reset sequence that led to an answer last, else the first */
    size_t trying;    /* the one that was played last */
    bool touched;     /* we have reset it, or it has answered: its program must run at the end */

    /* ROM bootloader or stub */
    bool stub;            /* the stub runs */
    bool stub_given_up;   /* the stub did not start: stay with the ROM bootloader */
    uint32_t baud_target; /* raise the line to it after a (re)connect; 0: leave the rate */
    bool baud_fixed;      /* the user chose the target: announce it on TCP too */
    uint32_t baud_told;   /* TCP: the rate that we told the board; 0: none */
    eb_session_stats_t stats;
    uint32_t rom_window;        /* reads in flight that last succeeded; 0: not tried yet */
    uint32_t write_block_bytes; /* block size that last succeeded; 0: not tried yet */
};

/* -- device_command.c: commands that are sent again when the line damaged them ---------------- */

/* `request` must be idempotent. Up to three tries; retries are counted. */
eb_code_t eb_dev_command(eb_session_t *s, const eb_request_t *request, eb_reply_t *reply,
                         eb_err_t *err);
eb_code_t eb_dev_read_reg(eb_session_t *s, uint32_t reg, uint32_t *out, eb_err_t *err);
/* Answers carry no checksum, so read until two reads in a row are the same. The register must not
 * change by itself. EB_ERR_LINE after EB_DEV_CONFIRM_READS more reads. */
#define EB_DEV_CONFIRM_READS 5
eb_code_t eb_dev_read_confirmed(eb_session_t *s, uint32_t reg, uint32_t *out, eb_err_t *err);
eb_code_t eb_dev_write_reg(eb_session_t *s, uint32_t reg, uint32_t value, eb_err_t *err);

typedef struct eb_reg_write {
    uint32_t reg, value;
} eb_reg_write_t;
#define EB_REG_WRITES_MAX 16u
/* In order; the stub takes all of them in one command. */
eb_code_t eb_dev_write_regs(eb_session_t *s, const eb_reg_write_t *writes, size_t count,
                            eb_err_t *err);

/* -- connect.c -------------------------------------------------------------------------------- */

/* Learn from a quick command how long replies take, so that waiting for a lost reply ends soon. */
void eb_connect_learn_patience(eb_session_t *s, int64_t took_ms);
/* Open s->port_name. */
eb_code_t eb_connect_open(eb_session_t *s, eb_err_t *err);
/* Wait up to `limit_ms` for the port, by its USB identity where that is known, and open it. */
eb_code_t eb_connect_wait(eb_session_t *s, int64_t limit_ms, eb_err_t *err);
void eb_connect_close(eb_session_t *s);
/* The port went away: wait for its USB identity, and open it again. EB_ERR_PORT_LOST, or what the
 * port refuses when it is there again. */
eb_code_t eb_connect_reopen(eb_session_t *s, int64_t limit_ms, eb_err_t *err);
/* A few SYNCs without a reset. */
eb_code_t eb_connect_listen(eb_session_t *s, eb_err_t *err);
/* Reset into download mode, where the port can, and sync; `attempts` 0: until cancelled. Reports
 * progress as first + attempt of total. Sets s->stub by who answered. Opens a port that goes away,
 * or is closed, again; EB_ERR_PORT_LOST: it did not come back. */
eb_code_t eb_connect_sync(eb_session_t *s, int attempts, int first, int total, eb_err_t *err);

/* Whether options and port let us reset the board; a port that is gone may. */
bool eb_connect_may_reset(const eb_session_t *s);
/* The sequences into download mode that this session has, and how many. */
const eb_reset_sequence_t *eb_connect_sequences(const eb_session_t *s, size_t *count);
/* One attempt of eb_connect_sync, by sequence number s->variant. */
eb_code_t eb_connect_try(eb_session_t *s, eb_err_t *err);
/* Answers come later than an attempt waits for them: attempts on this port wait longer. */
void eb_connect_expect_late(eb_session_t *s);

/* -- leave.c ---------------------------------------------------------------------------------- */

/* Before the port closes: leave the board as options.after says, also after a cancel and after a
 * connect that failed, because a reset may have brought it into download mode. */
eb_code_t eb_leave_board(eb_session_t *s, eb_err_t *err);
/* Run the program by a reset, and stay open. */
eb_code_t eb_leave_by_reset(eb_session_t *s, eb_err_t *err);

/* -- recover.c -------------------------------------------------------------------------------- */

/* Reset the board and bring everything up again. */
eb_code_t eb_recover_by_reset(eb_session_t *s, eb_err_t *err);

/* -- detect.c --------------------------------------------------------------------------------- */

eb_code_t eb_detect_chip(eb_session_t *s, eb_err_t *err);
/* Registers, eFuses and security state into s->chip and s->flash. */
eb_code_t eb_detect_facts(eb_session_t *s, eb_err_t *err);
/* Only the base MAC, as text. */
eb_code_t eb_detect_mac(eb_session_t *s, char out[EB_MAC_TEXT_BYTES], eb_err_t *err);

/* -- watchdog.c ------------------------------------------------------------------------------- */

/* Stop the watchdogs that a USB-Serial/JTAG reset leaves running. */
eb_code_t eb_watchdog_stop(eb_session_t *s, eb_err_t *err);
/* EB_ERR_UNSUPPORTED for a chip whose watchdog cannot reset it, or not in its mode. */
eb_code_t eb_watchdog_can_reset(const eb_session_t *s, eb_err_t *err);
/* Let the chip be reset by its watchdog, where it can. */
eb_code_t eb_watchdog_reset(eb_session_t *s, eb_err_t *err);
/* Before a reset over USB: clear a program's request for download mode. *by_watchdog: the modem
 * lines would bring the chip into download mode again, so its watchdog must reset it. On failure
 * false. */
void eb_watchdog_before_run(eb_session_t *s, bool *by_watchdog);

/* -- security.c ------------------------------------------------------------------------------- */

#define EB_SECURITY_INFO_BYTES 20u
/* Reply to GET_SECURITY_INFO; false when it is too short. */
bool eb_security_decode(const uint8_t *data, size_t len, eb_security_t *out, uint32_t *chip_id);
eb_code_t eb_security_ask(eb_session_t *s, eb_security_t *out, uint32_t *chip_id, bool *answered,
                          eb_err_t *err);

/* -- stub_load.c ------------------------------------------------------------------------------ */

/* Whether a file is a stub. EB_ERR_STUB, or that of reading it. */
eb_code_t eb_stub_check_file(const char *path, eb_err_t *err);
/* Load and start the stub. EB_ERR_STUB when there is none, or it does not start. *jumped: we told
 * the board to run it, so after a failure only a reset helps. */
eb_code_t eb_stub_start(eb_session_t *s, bool *jumped, eb_err_t *err);

/* -- baud.c ----------------------------------------------------------------------------------- */

/* Raise the line to s->baud_target, going down step by step until it holds. EB_ERR_LINE when the
 * board was lost on the way (it needs a reset); s->baud_target is then one step lower. */
eb_code_t eb_baud_raise(eb_session_t *s, eb_err_t *err);
/* Go to exactly this rate, both sides, verified by SYNC. */
eb_code_t eb_baud_change(eb_session_t *s, uint32_t baud, eb_err_t *err);
/* The rate of the line; 0: not known, as over raw TCP, or none, as over USB. */
uint32_t eb_baud_now(const eb_session_t *s);
/* The next step below; 0 at the lowest. */
uint32_t eb_baud_below(uint32_t baud);

/* -- spi_connection.c ------------------------------------------------------------------------- */

/* "SPI", "HSPI" or "CLK,Q,D,HD,CS", as esptool takes it. EB_ERR_USAGE. */
eb_code_t eb_spi_connection_parse(const char *text, eb_spi_connection_t *out, eb_err_t *err);
/* Once the chip is known: into s->flash_pins. EB_ERR_UNSUPPORTED on a chip that cannot. */
eb_code_t eb_spi_connection_take(eb_session_t *s, eb_err_t *err);

/* -- flash_attach.c, flash_id.c --------------------------------------------------------------- */

/* Attach the flash, identify it and tell ROM bootloader or stub its size. A flash that does not
 * answer is EB_OK with s->flash.known == false. */
eb_code_t eb_flash_setup(eb_session_t *s, eb_err_t *err);
/* Switch the supply of the flash on, on chips that start without; before the flash is attached. */
eb_code_t eb_flash_power_up(eb_session_t *s, eb_err_t *err);
/* By the ROM bootloader: attach the flash, and wait while it is busy. A stub that starts before
 * reads no id, and may then take the flash for another. Only for chips whose stub goes by the id in
 * all that follows. */
eb_code_t eb_flash_make_ready(eb_session_t *s, eb_err_t *err);
/* Attach the flash and tell its size again. After a reset that we made a program may have run, and
 * left the flash in a mode. */
eb_code_t eb_flash_attach_again(eb_session_t *s, bool after_reset, eb_err_t *err);
/* EB_ERR_CHIP_RESET when the flash does not answer its JEDEC id any more. */
eb_code_t eb_flash_confirm_present(eb_session_t *s, eb_err_t *err);

/* -- flash_digest.c, flash_read_*.c ----------------------------------------------------------- */

typedef struct eb_read_job {
    uint32_t addr, size;
    uint8_t *buf;
    eb_read_progress_fn on_progress;
    void *user;
    eb_read_result_t *result;
} eb_read_job_t;

eb_code_t eb_flash_read_stub(eb_session_t *s, const eb_read_job_t *job, eb_err_t *err);
eb_code_t eb_flash_read_rom(eb_session_t *s, const eb_read_job_t *job, eb_err_t *err);

/* -- prepare.c -------------------------------------------------------------------------------- */

/* After a SYNC: make ready for flash commands (stub, baud rate). Used by open and recover. */
eb_code_t eb_session_prepare(eb_session_t *s, eb_err_t *err);
/* Once the flash is identified: a stub that misreads it gives way to the ROM bootloader. */
eb_code_t eb_session_check_stub(eb_session_t *s, eb_err_t *err);
/* Note that this session does without a stub. */
void eb_session_no_stub(eb_session_t *s, const char *why);

#endif
