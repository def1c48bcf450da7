/*
 * rfc2217_link.h: the client's side of RFC 2217 over one TCP connection.
 *
 * Each setting is a subcommand that the server acknowledges with the same number plus 100, which
 * costs a round trip. So we send settings only when they change, and several together. Some servers
 * do not acknowledge DTR and RTS: we wait for such an acknowledgement once, and then no more.
 */
#ifndef EB_TRANSPORT_RFC2217_LINK_H
#define EB_TRANSPORT_RFC2217_LINK_H

#include "espbackup/err.h"
#include "espbackup/event.h"
#include "tcp_stream.h"
#include "telnet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EB_RFC2217_SET_BAUDRATE = 1,
    EB_RFC2217_SET_DATASIZE = 2,
    EB_RFC2217_SET_PARITY = 3,
    EB_RFC2217_SET_STOPSIZE = 4,
    EB_RFC2217_SET_CONTROL = 5,
    EB_RFC2217_PURGE_DATA = 12,
    EB_RFC2217_FROM_SERVER = 100
};
enum {
    EB_RFC2217_CONTROL_NO_FLOW = 1,
    EB_RFC2217_CONTROL_DTR_ON = 8,
    EB_RFC2217_CONTROL_DTR_OFF = 9,
    EB_RFC2217_CONTROL_RTS_ON = 11,
    EB_RFC2217_CONTROL_RTS_OFF = 12
};
enum { EB_RFC2217_PARITY_NONE = 1, EB_RFC2217_STOP_ONE = 1, EB_RFC2217_PURGE_RECEIVED = 1 };

/* What the server may acknowledge, as bits. */
enum {
    EB_RFC2217_ACK_BAUD = 1 << 0,
    EB_RFC2217_ACK_DATASIZE = 1 << 1,
    EB_RFC2217_ACK_PARITY = 1 << 2,
    EB_RFC2217_ACK_STOPSIZE = 1 << 3,
    EB_RFC2217_ACK_FLOW = 1 << 4,
    EB_RFC2217_ACK_DTR = 1 << 5,
    EB_RFC2217_ACK_RTS = 1 << 6,
    EB_RFC2217_ACK_PURGE = 1 << 7
};

#define EB_RFC2217_RAW_BYTES   16384
#define EB_RFC2217_HELD_BYTES  65536
#define EB_RFC2217_CHUNK_BYTES 4096
#define EB_RFC2217_REPLY_BYTES 512

typedef enum eb_rfc2217_option {
    EB_RFC2217_INDEX_BINARY,
    EB_RFC2217_INDEX_SGA,
    EB_RFC2217_INDEX_COM_PORT,
    EB_RFC2217_OPTION_COUNT
} eb_rfc2217_option_t;

typedef struct eb_rfc2217 {
    eb_tcp_t tcp;
    const eb_events_t *ev;
    eb_telnet_t telnet;
    bool we_will[EB_RFC2217_OPTION_COUNT];   /* asked for or agreed */
    bool they_will[EB_RFC2217_OPTION_COUNT]; /* the same for the server's side */
    bool com_port_agreed, com_port_refused;
    unsigned acks;   /* EB_RFC2217_ACK_* since the last request */
    unsigned silent; /* EB_RFC2217_ACK_* that this server does not send */
    uint32_t server_baud;
    uint32_t baud;
    bool dtr, rts, lines_known;
    bool overflow; /* data came while an acknowledgement was awaited, more than can be held */
    uint8_t raw[EB_RFC2217_RAW_BYTES];
    uint8_t decoded[EB_RFC2217_RAW_BYTES];
    uint8_t held[EB_RFC2217_HELD_BYTES]; /* received and not yet read */
    size_t held_start, held_len;
    /* Escaped and not yet sent; always sent before anything else. */
    uint8_t tx[2 * EB_RFC2217_CHUNK_BYTES];
    size_t tx_start, tx_len;
    uint8_t reply[EB_RFC2217_REPLY_BYTES]; /* answers to options, collected while decoding */
    size_t reply_len;
} eb_rfc2217_t;

/* Agree on binary telnet and on RFC 2217. EB_ERR_PORT_NOT_FOUND when the peer speaks neither. */
eb_code_t eb_rfc2217_negotiate(eb_rfc2217_t *r, eb_err_t *err);

/* Take in what there is, waiting at most wait_ms; data goes to `held`, commands are answered. */
eb_code_t eb_rfc2217_pump(eb_rfc2217_t *r, int wait_ms, eb_err_t *err);
/* Send what is left in tx; *done when it is empty. */
eb_code_t eb_rfc2217_push(eb_rfc2217_t *r, int wait_ms, bool *done, eb_err_t *err);

/* Send the commands [bytes, end) and wait, up to 2 s, for their acknowledgements (EB_RFC2217_ACK_*
 * bits). EB_OK also when some do not come: `acks` says which did. Data that comes meanwhile is
 * held. After a cancel it still sends, and waits less. */
eb_code_t eb_rfc2217_request(eb_rfc2217_t *r, const uint8_t *bytes, const uint8_t *end,
                             unsigned want, eb_err_t *err);

/* Append a command to out and return its end: at most 8 bytes, 14 for the baud rate, 16 for the
 * lines. */
uint8_t *eb_rfc2217_put_byte(uint8_t *out, uint8_t command, uint8_t value);
uint8_t *eb_rfc2217_put_baud(uint8_t *out, uint32_t baud);
uint8_t *eb_rfc2217_put_lines(uint8_t *out, bool dtr, bool rts, bool send_dtr, bool send_rts);

#endif
