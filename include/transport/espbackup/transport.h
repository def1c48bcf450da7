/*
 * transport.h: bytes and control lines to a board, over a serial port, TCP or RFC 2217.
 *
 * An address is a port name (/dev/ttyUSB0, COM3), "socket://HOST:PORT" (raw TCP: no lines, no baud
 * rate) or "rfc2217://HOST:PORT" (a query string is accepted and ignored, as other tools write it).
 *
 * Deadlines are points in time on eb_clock_ms(). A call that waits asks for a cancel at least every
 * 100 ms, through the `ev` given at open, and then returns EB_ERR_CANCELLED. After a cancel reads
 * fail at once. Lines, baud rate, flush and writes that need not wait still work, so that the board
 * can be reset before the port is closed. After EB_ERR_PORT_LOST every call returns it again. A
 * transport belongs to one thread.
 *
 * Sources: RFC 854 (telnet) and RFC 2217.
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
    uint32_t block_max_bytes; /* data of one command that the other end accepts */
} eb_port_traits_t;

/* Never NULL; an unknown kind gives the row of EB_PORT_UART. Static storage. */
const eb_port_traits_t *eb_port_traits(eb_port_kind_t kind);

typedef struct eb_port_info {
    char name[EB_PORT_NAME_BYTES]; /* as eb_transport_open takes it */
    eb_port_kind_t kind;
    uint16_t vid, pid; /* 0: not USB, or not known */
    bool keep_dtr; /* the adapter asserts RTS by itself while DTR is released, which is a reset */
    char product[128]; /* UTF-8; empty: not known */
    char serial[64];   /* UTF-8; empty: not known */
    char driver[32];   /* of the operating system, "cp210x"; empty: not known */
    char usb_path[32]; /* where it is plugged in, "1-1.2:1.0"; empty: not known */
    int likelihood;    /* of a board; higher first: Espressif's vendor id, then known adapters */
} eb_port_info_t;

typedef struct eb_port_list {
    eb_port_info_t *ports;
    size_t count;
} eb_port_list_t;

/*
 * The serial ports of this computer, likeliest first; none is opened. No port at all is EB_OK with
 * count 0. Free with eb_port_list_free, also after a failure, which leaves an empty list.
 * EB_ERR_FILE_IO when the system does not list ports, EB_ERR_INTERNAL without memory.
 */
eb_code_t eb_port_list_get(eb_port_list_t *out, eb_err_t *err);
void eb_port_list_free(eb_port_list_t *list); /* NULL is allowed */

/* Whether no other port of `list` has the USB ids and the serial number of `port`. Adapters of one
 * make often have the same. */
bool eb_port_is_unique(const eb_port_info_t *port, const eb_port_list_t *list);
/*
 * The entry of `list` that a USB port, which went away, has become; NULL: none is known to be it.
 * By its USB path, then by the old `name`, then by its serial number, if it is `unique`. With the
 * old path and name it may have other USB ids than before.
 */
const eb_port_info_t *eb_port_find_again(const eb_port_info_t *port, const char *name, bool unique,
                                         const eb_port_list_t *list);

typedef struct eb_transport eb_transport_t;

/*
 * Open `address` exclusively, at 115200 8N1 with DTR and RTS released; where DTR must be kept, both
 * stay asserted, over the close too. An RFC 2217 server keeps its lines. `ev` is borrowed until the
 * close, and may be NULL. *out is NULL after a failure, else to be closed by eb_transport_close.
 * Blocks up to 5 s for a TCP connection (after the name was looked up, which no cancel ends) and 5
 * s more for an RFC 2217 server. EB_ERR_PORT_NOT_FOUND, EB_ERR_PORT_BUSY (the hint names the other
 * program, where the system tells), EB_ERR_PORT_DENIED, EB_ERR_UNSUPPORTED (not at 115200 baud),
 * EB_ERR_USAGE for a malformed address, EB_ERR_CANCELLED.
 */
eb_code_t eb_transport_open(const char *address, const eb_events_t *ev, eb_transport_t **out,
                            eb_err_t *err);
/* Close and free. Waits up to 500 ms until a serial port has sent its bytes. NULL is allowed. */
void eb_transport_close(eb_transport_t *t);

/* Wait for at least one byte; *got of them (up to cap) are in buf. *got 0 with EB_OK: the deadline
 * passed. A deadline in the past takes the bytes that are there. */
eb_code_t eb_transport_read(eb_transport_t *t, uint8_t *buf, size_t cap, int64_t deadline_ms,
                            size_t *got, eb_err_t *err);
/* Hand all bytes to the system. EB_ERR_TIMEOUT when it did not accept all before the deadline: an
 * unknown part of them is sent. */
eb_code_t eb_transport_write(eb_transport_t *t, const uint8_t *buf, size_t len, int64_t deadline_ms,
                             eb_err_t *err);
/* Discard the bytes that were received and not read. RFC 2217: blocks up to 2 s. */
eb_code_t eb_transport_flush_input(eb_transport_t *t, eb_err_t *err);

/* Set the rate of this side, in baud. EB_ERR_UNSUPPORTED where eb_transport_can_baud is false, or
 * where the driver or server refuses the rate or is over 3 % off it; the old rate stays. RFC 2217:
 * blocks up to 2 s. */
eb_code_t eb_transport_set_baud(eb_transport_t *t, uint32_t baud, eb_err_t *err);
/*
 * true: asserted, which pulls the line low on an auto-reset circuit. A serial port changes both
 * lines at once. RFC 2217 changes them one after the other, in the order that does not reset the
 * board on the way, and blocks up to 2 s. EB_ERR_UNSUPPORTED where eb_transport_can_lines is false.
 */
eb_code_t eb_transport_set_lines(eb_transport_t *t, bool dtr, bool rts, eb_err_t *err);

bool eb_transport_can_baud(const eb_transport_t *t);
bool eb_transport_can_lines(const eb_transport_t *t);
const eb_port_info_t *eb_transport_info(const eb_transport_t *t); /* borrowed until the close */
uint32_t eb_transport_baud(const eb_transport_t *t);              /* as last set; 115200 at first */

/* Bytes since the open, SLIP and commands included, telnet not. */
uint64_t eb_transport_bytes_in(const eb_transport_t *t);
uint64_t eb_transport_bytes_out(const eb_transport_t *t);

#endif
