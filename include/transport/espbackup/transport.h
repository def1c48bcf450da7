/*
 * transport.h: bytes and control lines to a board, over a serial port, TCP or RFC 2217.
 *
 * An address is a port name (/dev/ttyUSB0, COM3), "socket://HOST:PORT" (raw TCP, no lines, no baud)
 * or "rfc2217://HOST:PORT" (query strings are accepted and ignored, as other tools write them).
 *
 * Deadlines are absolute, on eb_clock_ms(). Waits are cut into slices of at most 100 ms, and cancel
 * (the `ev` given at open) is looked at in between; a cancelled call returns EB_ERR_CANCELLED.
 * After a cancel every read does, but lines, baud, flush and writes that need not wait still work,
 * so that the board can be reset before the port is closed. Not thread-safe: one thread a
 * transport. A lost link gives EB_ERR_PORT_LOST from then on.
 */
#ifndef ESPBACKUP_TRANSPORT_H
#define ESPBACKUP_TRANSPORT_H

#include "espbackup/err.h"
#include "espbackup/event.h"
#include "espbackup/facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a session treats a kind of port; one row each in port_kind.c. */
typedef struct eb_port_traits {
    bool network;  /* a round trip takes as long as the network makes it */
    bool has_rate; /* bytes pass at a baud rate that this side and the chip set */
    bool in_chip;  /* USB unit of the chip: a reset may take the port away, and no UART queues */
    uint32_t block_max_bytes; /* data of one command that the other end bears */
} eb_port_traits_t;

/* Never NULL; an unknown kind gives the row of EB_PORT_UART. Static storage. */
const eb_port_traits_t *eb_port_traits(eb_port_kind_t kind);

typedef struct eb_port_info {
    char name[EB_PORT_NAME_BYTES]; /* as open takes it */
    eb_port_kind_t kind;
    uint16_t vid, pid; /* 0 when not USB or not known */
    char product[128]; /* UTF-8; empty when not known */
    char serial[64];
    int likelihood; /* higher is tried first: Espressif's vendor id, then known adapters */
} eb_port_info_t;

typedef struct eb_port_list {
    eb_port_info_t *ports;
    size_t count;
} eb_port_list_t;

/* Serial ports of this machine, likeliest first. Free with eb_port_list_free (count 0 is EB_OK). */
eb_code_t eb_port_list_get(eb_port_list_t *out, eb_err_t *err);
void eb_port_list_free(eb_port_list_t *list);

typedef struct eb_transport eb_transport_t;

/*
 * Open `address` at 115200 8N1 with DTR and RTS released (both inactive), exclusively. Blocks up to
 * 5 s for TCP. `ev` must outlive the transport. EB_ERR_PORT_NOT_FOUND, _BUSY (hint names the
 * process that holds it, where the system tells), _DENIED, EB_ERR_USAGE for a malformed address.
 */
eb_code_t eb_transport_open(const char *address, const eb_events_t *ev, eb_transport_t **out,
                            eb_err_t *err);
void eb_transport_close(eb_transport_t *t); /* NULL is allowed; never blocks over 1 s */

/* Wait for at least one byte; *got is 0 when the deadline passed, which is EB_OK. */
eb_code_t eb_transport_read(eb_transport_t *t, uint8_t *buf, size_t cap, int64_t deadline_ms,
                            size_t *got, eb_err_t *err);
/* Write all of it; EB_ERR_TIMEOUT when the deadline passed first. */
eb_code_t eb_transport_write(eb_transport_t *t, const uint8_t *buf, size_t len, int64_t deadline_ms,
                             eb_err_t *err);
/* Throw away what was received and not read. */
eb_code_t eb_transport_flush_input(eb_transport_t *t, eb_err_t *err);

/* EB_ERR_UNSUPPORTED where eb_transport_can_* says no, or where the driver refuses the rate. */
eb_code_t eb_transport_set_baud(eb_transport_t *t, uint32_t baud, eb_err_t *err);
/* true = asserted (line low on an auto-reset circuit). Both change at once where possible. */
eb_code_t eb_transport_set_lines(eb_transport_t *t, bool dtr, bool rts, eb_err_t *err);

bool eb_transport_can_baud(const eb_transport_t *t);
bool eb_transport_can_lines(const eb_transport_t *t);
const eb_port_info_t *eb_transport_info(const eb_transport_t *t); /* lives as long as t */
uint32_t eb_transport_baud(const eb_transport_t *t);              /* last one set */

/* Bytes since open, as they went over the wire (SLIP and commands included). */
uint64_t eb_transport_bytes_in(const eb_transport_t *t);
uint64_t eb_transport_bytes_out(const eb_transport_t *t);

#endif
