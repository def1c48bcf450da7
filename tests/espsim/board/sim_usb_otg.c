/*
 * sim_usb_otg.c: the modem lines of a USB-OTG port. They are messages to whatever code drives the
 * port; there is no circuit behind them. The ROM loader does nothing with them. A stub takes the
 * fall of RTS for "run the program", once it is idle, and forgets that a download was asked for. A
 * program with ESP-IDF's console on the port restarts, with DTR asserted into the loader. Both keep
 * the USB device alive over the reset, so that the host sees nothing of it.
 * (esp-stub-lib, usb_otg.c; ESP-IDF, usb_console.c.)
 */
#include "sim_board_impl.h"

#define STUB_DELAY_NS (10 * SIM_NS_PER_MS)
#define APP_DELAY_NS  (50 * SIM_NS_PER_MS)

void sim_otg_lines(sim_board_t *board)
{
    sim_uart_t *u = &board->uart;

    pthread_mutex_lock(&u->lock);
    if (u->heed != SIM_HEED_NONE && u->rts_known && !board->rts) {
        u->rts_fell = true;
        u->rts_fell_dtr = board->dtr;
    }
    u->rts = u->rts_known = board->rts;
    pthread_mutex_unlock(&u->lock);
}

void sim_otg_service(sim_board_t *board, int64_t now)
{
    sim_uart_t *u = &board->uart;
    bool forced = false, asked;

    pthread_mutex_lock(&u->lock);
    asked = u->rts_fell && (u->heed == SIM_HEED_STUB || u->heed == SIM_HEED_APP);
    if (asked) {
        forced = u->heed == SIM_HEED_APP && u->rts_fell_dtr;
        u->rts_fell = false;
        board->otg_reset_at = now + (u->heed == SIM_HEED_APP ? APP_DELAY_NS : STUB_DELAY_NS);
        u->forced_download = forced;
    }
    pthread_mutex_unlock(&u->lock);
    if (now < board->otg_reset_at) {
        return;
    }
    board->otg_reset_at = SIM_NEVER;
    sim_board_log(board, "the chip restarts, asked by RTS");
    sim_board_pulse_reset(board);
    pthread_mutex_lock(&u->lock);
    board->usb_vanish = board->options.usb_vanishes;
    pthread_mutex_unlock(&u->lock);
}
