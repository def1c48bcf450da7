/*
 * reset.h: sequences of the DTR and RTS lines that bring a board into download mode or let it run.
 *
 * On the usual two-transistor circuit DTR asserted alone pulls GPIO0 low (download mode), RTS
 * asserted alone pulls EN low (reset), and both together do nothing.
 */
#ifndef EB_DEVICE_RESET_H
#define EB_DEVICE_RESET_H

#include "espbackup/err.h"
#include "espbackup/event.h"
#include "espbackup/transport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct eb_reset_step {
    bool dtr, rts;
    uint16_t wait_ms; /* after the lines are set */
} eb_reset_step_t;

#define EB_RESET_STEPS_MAX 32

typedef struct eb_reset_sequence {
    const char *name;
    eb_reset_step_t steps[EB_RESET_STEPS_MAX];
    size_t count;
} eb_reset_sequence_t;

/* Into download mode: *count variants to try in turn. `usb_reset`: that of USB-Serial/JTAG on any
 * port. Static storage. */
const eb_reset_sequence_t *eb_reset_into_download(const eb_port_info_t *port, bool usb_reset,
                                                  size_t *count);
/* Run the program in flash. */
const eb_reset_sequence_t *eb_reset_run(const eb_port_info_t *port);

/*
 * A sequence as a user writes it, in the words of esptool's custom_reset_sequence: D0, D1 (DTR),
 * R0, R1 (RTS), U0,1 (both at once), W0.1 (wait, seconds), with | between them. Both lines are
 * released before. EB_ERR_USAGE, and *out empty, for anything else.
 */
eb_code_t eb_reset_parse(const char *text, eb_reset_sequence_t *out, eb_err_t *err);

/* Play a sequence; looks at cancel between steps and every 100 ms. Blocks for the sum of its waits.
 */
eb_code_t eb_reset_play(eb_transport_t *t, const eb_reset_sequence_t *sequence,
                        const eb_events_t *ev, eb_err_t *err);

#endif
