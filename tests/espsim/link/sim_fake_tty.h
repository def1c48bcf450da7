/*
 * sim_fake_tty.h: what preload/tty_preload.c shows to a program in place of the real system: a
 * folder with the USB adapter's sysfs entries, and a socket that carries the modem lines.
 *
 * One message is one request and one answer on a connection of its own (SOCK_SEQPACKET):
 *   request  {uint8_t op; uint8_t pad[3]; uint32_t bits; int64_t at_ns}   bits as of TIOCMGET
 *   answer   {uint32_t bits}                                the lines as they are now
 */
#ifndef ESPSIM_SIM_FAKE_TTY_H
#define ESPSIM_SIM_FAKE_TTY_H

#include <stdint.h>

#define SIM_TTY_ADAPTER "ttyUSB7"
#define SIM_TTY_OWN_USB "ttyACM" /* and a number that changes */

typedef enum sim_tty_op {
    SIM_TTY_GET = 'G',
    SIM_TTY_SET = 'S',
    SIM_TTY_BIS = 'B',
    SIM_TTY_BIC = 'C',
    SIM_TTY_OPEN = 'O' /* a program has opened the port: the system raises both lines */
} sim_tty_op_t;

typedef struct sim_tty_request {
    uint8_t op, pad[3];
    uint32_t bits;
    int64_t at_ns; /* CLOCK_MONOTONIC: the board may look later */
} sim_tty_request_t;

#ifndef SIM_TTY_PRELOAD
#include "sim_board.h"

#include <stdbool.h>

typedef struct sim_fake_tty {
    char dir[64];          /* the folder, /tmp/espsim-XXXXXX */
    char lines_path[96];   /* the socket in it */
    char default_link[96]; /* where the pty's link goes if nobody says */
    char preload[512];     /* tty_preload.so, empty if it was not found */
    int lines_fd;
    bool own_usb, no_modem_lines;
    uint32_t max_baud; /* of the adapter; 0: no limit */
    unsigned number;   /* of ttyACM; the other one after a port that was still open */
} sim_fake_tty_t;

/* false and a line on stderr on failure; sim_fake_tty_close takes it all away again. */
bool sim_fake_tty_open(sim_fake_tty_t *tty, const sim_board_options_t *options);
/* The device comes and goes in /sys/class/tty and /dev. */
bool sim_fake_tty_show(sim_fake_tty_t *tty, bool present);
void sim_fake_tty_environment(const sim_fake_tty_t *tty, const char *link_path);
void sim_fake_tty_close(sim_fake_tty_t *tty);
#endif

#endif
