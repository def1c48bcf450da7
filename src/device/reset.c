/* reset.c: the reset sequences of each kind of port. */
#include "reset.h"

#include "clock.h"

#define SLICE_MS 100u

#define STEPS(...)                                                                                 \
    .steps = {__VA_ARGS__},                                                                        \
    .count = sizeof((const eb_reset_step_t[]){__VA_ARGS__}) / sizeof(eb_reset_step_t)

/* From any state: both are released, and then one line changes in each step. */
#define ONE_BY_ONE(wait_ms)                                                                        \
    {true, false, 0}, {false, false, 0}, {false, true, 100}, {true, true, 0},                      \
        {true, false, wait_ms}, {false, false, 0}

/* Both lines change at once on a local port. The first two steps bring every circuit to a known
 * state. The waits are for EN low, and then for GPIO0 low while the ROM samples it. Boards with a
 * large capacitor at EN start late and need a longer second wait. Some drivers change only one line
 * at a time. The second attempt is for both kinds, because there may be only two. */
static const eb_reset_sequence_t classic[] = {
    {.name = "DTR/RTS",
     STEPS({false, false, 0}, {true, true, 0}, {false, true, 100}, {true, false, 50},
           {false, false, 0})},
    {.name = "DTR/RTS, one by one, slow start", STEPS(ONE_BY_ONE(550))},
    {.name = "DTR/RTS, slow start",
     STEPS({false, false, 0}, {true, true, 0}, {false, true, 100}, {true, false, 550},
           {false, false, 0})},
    {.name = "DTR/RTS, one by one", STEPS(ONE_BY_ONE(50))},
};

/* With DTR released such an adapter pulls EN low for each byte that it receives. So DTR stays
 * asserted, and the chip starts its program out of (1,1), where GPIO0 is high. */
static const eb_reset_sequence_t dtr_kept[] = {
    {.name = "DTR/RTS, DTR kept", STEPS({true, true, 0}, {false, true, 100}, {true, false, 50})},
    {.name = "DTR/RTS, DTR kept, slow start",
     STEPS({true, true, 0}, {false, true, 100}, {true, false, 550})},
};
static const eb_reset_sequence_t run_dtr_kept = {
    .name = "run, DTR kept", STEPS({false, true, 100}, {true, true, 100}, {true, false, 0})};

/* Over a network each step costs a round trip, so there are only the necessary steps. The board
 * sees them late, so GPIO0 stays low for longer. */
static const eb_reset_sequence_t remote[] = {
    {.name = "remote DTR/RTS", STEPS({false, true, 100}, {true, false, 200}, {false, false, 0})},
    {.name = "remote DTR/RTS, slow start",
     STEPS({false, true, 100}, {true, false, 550}, {false, false, 0})},
};

/* The USB-Serial/JTAG unit of the chip watches for these steps. They pass through (1,1), because
 * some systems send the lines only when RTS changes. A chip with an empty flash restarts again and
 * again, and takes the port away: the second attempt resets it before that. */
static const eb_reset_sequence_t usb_jtag[] = {
    {.name = "USB-Serial/JTAG",
     STEPS({false, false, 100}, {true, false, 100}, {true, true, 0}, {false, true, 100},
           {false, false, 0})},
    {.name = "USB-Serial/JTAG, at once",
     STEPS({true, false, 0}, {true, true, 0}, {false, true, 100}, {false, false, 0})},
};

static const eb_reset_sequence_t run_uart = {.name = "run",
                                             STEPS({false, true, 100}, {false, false, 0})};
/* The port itself vanishes in the reset. */
static const eb_reset_sequence_t run_usb = {.name = "run over USB",
                                            STEPS({false, true, 200}, {false, false, 200})};

#define VARIANTS(list) .variants = (list), .count = sizeof(list) / sizeof((list)[0])

static const struct {
    const eb_reset_sequence_t *variants; /* into download mode */
    size_t count;
    const eb_reset_sequence_t *run;
} rows[EB_PORT_KIND_COUNT] = {
    [EB_PORT_UART] = {VARIANTS(classic), .run = &run_uart},
    [EB_PORT_USB_JTAG] = {VARIANTS(usb_jtag), .run = &run_usb},
    [EB_PORT_USB_OTG] = {VARIANTS(classic), .run = &run_usb},
    [EB_PORT_TCP] = {VARIANTS(classic), .run = &run_uart},
    [EB_PORT_RFC2217] = {VARIANTS(remote), .run = &run_uart},
};

const eb_reset_sequence_t *eb_reset_into_download(const eb_port_info_t *port, bool usb_reset,
                                                  size_t *count)
{
    const eb_port_kind_t kind = usb_reset ? EB_PORT_USB_JTAG : port->kind;

    if (port->keep_dtr && !usb_reset) {
        *count = sizeof(dtr_kept) / sizeof(dtr_kept[0]);
        return dtr_kept;
    }
    *count = rows[kind].count;
    return rows[kind].variants;
}

const eb_reset_sequence_t *eb_reset_run(const eb_port_info_t *port)
{
    return port->keep_dtr ? &run_dtr_kept : rows[port->kind].run;
}

static void pause_for(unsigned ms, const eb_events_t *ev)
{
    while (ms > 0 && !eb_event_cancelled(ev)) {
        const unsigned slice = ms < SLICE_MS ? ms : SLICE_MS;

        eb_sleep_ms(slice);
        ms -= slice;
    }
}

eb_code_t eb_reset_play(eb_transport_t *t, const eb_reset_sequence_t *sequence,
                        const eb_events_t *ev, eb_err_t *err)
{
    const bool kept = eb_transport_info(t)->keep_dtr;

    eb_event_note(ev, EB_LEVEL_TRACE, "reset: %s", sequence->name);
    for (size_t i = 0; i < sequence->count; i++) {
        const eb_reset_step_t *step = &sequence->steps[i];
        const eb_code_t code = eb_transport_set_lines(t, step->dtr, step->rts, err);

        if (code != EB_OK) {
            return code;
        }
        pause_for(step->wait_ms, ev);
        if (eb_event_cancelled(ev)) {
            /* A board must not be left held in reset. */
            (void)eb_transport_set_lines(t, kept, kept, NULL);
            return eb_err_set(err, EB_ERR_CANCELLED, "cancelled");
        }
    }
    return EB_OK;
}
