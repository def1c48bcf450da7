/*
 * sim_board.h: the board around the simulated chip: reset circuit, adapter, link to the host,
 * faults.
 *
 * One board has one chip and one link. sim_board_start makes two threads: the chip's, and the I/O
 * thread that serves the link. All strings in the options must outlive the board.
 */
#ifndef ESPSIM_SIM_BOARD_H
#define ESPSIM_SIM_BOARD_H

#include "sim_chip.h"
#include "sim_fault.h"
#include "sim_wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_ADDRESS_BYTES 256

typedef enum sim_link_kind { SIM_LINK_TCP, SIM_LINK_RFC2217, SIM_LINK_PTY } sim_link_kind_t;

typedef struct sim_board_options {
    sim_link_kind_t link;
    const char *host;          /* NULL = 127.0.0.1 */
    uint16_t port;             /* 0 = any free one */
    const char *pty_path;      /* symbolic link to make, for SIM_LINK_PTY */
    uint16_t usb_vid, usb_pid; /* how the pty looks through the preload; 0 = 10C4:EA60 */
    const char *usb_product;
    bool usb_jtag;       /* the port is the chip's own USB-Serial/JTAG unit; with SIM_LINK_PTY */
    bool usb_otg;        /* it is the chip's USB-OTG unit, driven by code; with SIM_LINK_PTY */
    bool cp2102c;        /* an adapter whose hardware flow control is always on; SIM_LINK_PTY */
    bool no_modem_lines; /* the adapter's driver has no requests for them; with SIM_LINK_PTY */
    bool usb_vanishes;   /* every reset takes the port away for a while, not only the watchdog's */
    const char *usb_serial;
    bool boot_download;       /* somebody holds BOOT: the strap is low at every reset */
    bool reset_on_connect;    /* each new connection resets the board */
    uint32_t tcp_baud;        /* raw TCP has no rate of its own: 0 = follows the chip's */
    uint32_t max_baud;        /* of the adapter: asked for more it stays at that; 0: no limit */
    uint32_t driver_max_baud; /* the driver sets this rate instead of more, and says so; pty */
    bool one_line_a_request;  /* the driver ignores a request that changes both lines; pty */
    bool lines_swapped;       /* another circuit: DTR pulls EN, RTS pulls IO0 */
    bool wire_real;
    uint32_t latency_us;
    int64_t en_rise_ms;  /* capacitor at EN: from releasing EN to sampling the strap; < 0 default */
    int64_t replug_ms;   /* after an unplug; < 0: stays gone */
    int64_t usb_back_ms; /* after a reset that takes the chip's own USB port away */
    bool taken;          /* after it came back another program has the pty open and locked */
    bool pulled_in_open; /* unplugged once, when a program that opens the pty sets its lines */
    bool log;
    uint64_t seed;
    sim_fault_t faults;
} sim_board_options_t;

typedef struct sim_board_report {
    sim_wire_counts_t wire;
    sim_fault_counts_t faults[SIM_DIR_COUNT];
    uint64_t boots_run, boots_download, self_resets;
    bool in_download; /* how it started last */
    uint64_t connections, unplugs;
    uint32_t chip_baud, host_baud;
} sim_board_report_t;

typedef struct sim_board sim_board_t;

void sim_board_options_init(sim_board_options_t *options);

/* The chip stays the caller's and must outlive the board. NULL and a line on stderr on failure. */
sim_board_t *sim_board_start(const sim_board_options_t *options, sim_chip_t *chip);
/* "socket://127.0.0.1:4000", "rfc2217://127.0.0.1:4000", "/tmp/board" */
const char *sim_board_address(const sim_board_t *board);
/* Put what a program under test needs into the environment (the pty's LD_PRELOAD and friends). */
void sim_board_set_environment(const sim_board_t *board);
/*
 * Wait until the board has no work that ends by itself. At the start the chip has then booted.
 * After the end of the host's program its last bytes are read, and a reset that it ordered has
 * come. Gives up after some seconds, because others may keep the board busy.
 */
void sim_board_wait_idle(sim_board_t *board);
void sim_board_get_report(sim_board_t *board, sim_board_report_t *report);
/* Ends both threads, closes the link, frees. NULL is allowed. */
void sim_board_stop(sim_board_t *board);

#endif
