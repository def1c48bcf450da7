/* sim_board_impl.h: the board's insides, shared by sim_board.c (reset, threads) and sim_io.c. */
#ifndef ESPSIM_SIM_BOARD_IMPL_H
#define ESPSIM_SIM_BOARD_IMPL_H

#include "sim_link.h"

#include <pthread.h>

#define SIM_RAW_BYTES 4096U

struct sim_board {
    sim_board_options_t options;
    sim_chip_t *chip;
    sim_uart_t uart;
    sim_link_t *link;
    pthread_t chip_thread, io_thread;
    bool chip_started, io_started;
    int wake_fd;
    /* guarded by uart.lock */
    bool stop;
    bool usb_vanish;                  /* the port goes as soon as the I/O thread comes to it */
    bool vanish_by_chip;              /* and the chip's thread waits for that */
    bool busy;                        /* the I/O thread has work that ends by itself */
    bool boot_pending, boot_download; /* a boot waits for the chip's thread; its strap */
    sim_board_report_t report;
    /* I/O thread only */
    bool dtr, rts, connected, powered, en_low;
    int64_t otg_reset_at; /* the fall of RTS comes to effect */
    bool usb_download;    /* what DTR told the USB-Serial/JTAG unit */
    bool en_is_patient;   /* EN waits for IO0 to go low; see sim_board.c */
    int64_t en_rise_at, replug_at;
    bool deaf;          /* the driver passes nothing on until the port is opened again */
    bool was_open;      /* a program has had the port open since it was plugged in */
    int64_t flow_until; /* the CP2102C asserts RTS by itself until then; else SIM_NEVER */
    int64_t hold_send_until, hold_read_until; /* stalls */
    sim_event_t pending_event;
    sim_fault_t faults;
    uint8_t raw[SIM_RAW_BYTES]; /* taken from the chip, not yet through the faults */
    size_t raw_start, raw_count;
};

/* sim_board.c; on the I/O thread */
/* Boot if EN has risen by `at_ns`. Comes before anything from the host, because this thread may be
 * late. */
void sim_board_run_en(sim_board_t *board, int64_t at_ns);
void sim_board_power(sim_board_t *board, bool on);
void sim_board_update_en(sim_board_t *board, int64_t at_ns);
void sim_board_pulse_reset(sim_board_t *board);
void sim_board_boot(sim_board_t *board);
/* sim_usb_otg.c; on the I/O thread */
void sim_otg_lines(sim_board_t *board);
void sim_otg_service(sim_board_t *board, int64_t now);

static inline bool sim_board_own_usb(const sim_board_t *board)
{
    return board->options.usb_jtag || board->options.usb_otg;
}

/* sim_io.c */
void *sim_board_io_thread(void *arg);

#endif
