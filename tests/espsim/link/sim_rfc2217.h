/*
 * sim_rfc2217.h: the telnet of RFC 854 with the COM-PORT-OPTION of RFC 2217, server's side, as a
 * push parser: bytes of the client in, calls and bytes for the client out. No sockets here.
 */
#ifndef ESPSIM_SIM_RFC2217_H
#define ESPSIM_SIM_RFC2217_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_TELNET_SUB_MAX 256U

typedef struct sim_rfc2217_ops {
    void (*data)(void *user, const uint8_t *bytes, size_t count);  /* for the serial port */
    void (*reply)(void *user, const uint8_t *bytes, size_t count); /* for the client, as it is */
    uint32_t (*baud)(void *user, uint32_t baud);                   /* the rate it is then */
    void (*lines)(void *user, bool dtr, bool rts);
    void (*get_lines)(void *user, bool *dtr, bool *rts);
    void (*purge)(void *user, bool to_host, bool to_chip);
} sim_rfc2217_ops_t;

typedef enum sim_telnet_state {
    SIM_TELNET_DATA,
    SIM_TELNET_IAC,
    SIM_TELNET_OPTION, /* after WILL, WONT, DO, DONT */
    SIM_TELNET_SUB,
    SIM_TELNET_SUB_IAC
} sim_telnet_state_t;

typedef struct sim_rfc2217 {
    const sim_rfc2217_ops_t *ops;
    void *user;
    sim_telnet_state_t state;
    uint8_t command;
    bool ours[256], theirs[256]; /* options that are on */
    uint8_t sub[SIM_TELNET_SUB_MAX];
    size_t sub_size;
    uint32_t baud;
    uint8_t datasize, parity, stopsize, flow;
    uint8_t modem_mask, line_mask;
} sim_rfc2217_t;

/* A new client: nothing is agreed on. */
void sim_rfc2217_start(sim_rfc2217_t *t, const sim_rfc2217_ops_t *ops, void *user);
void sim_rfc2217_feed(sim_rfc2217_t *t, const uint8_t *bytes, size_t count);
/* Serial data for the client with 0xFF doubled; `out` has room for twice `count`. */
size_t sim_rfc2217_escape(const uint8_t *bytes, size_t count, uint8_t *out);

#endif
