/* telnet.h: the byte level of telnet (RFC 854): commands told from data, and data escaped. */
#ifndef EB_TRANSPORT_TELNET_H
#define EB_TRANSPORT_TELNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EB_TELNET_SE = 240,
    EB_TELNET_SB = 250,
    EB_TELNET_WILL = 251,
    EB_TELNET_WONT = 252,
    EB_TELNET_DO = 253,
    EB_TELNET_DONT = 254,
    EB_TELNET_IAC = 255
};

#define EB_TELNET_SUB_MAX 64

typedef enum eb_telnet_state {
    EB_TELNET_DATA = 0,
    EB_TELNET_COMMAND,
    EB_TELNET_OPTION,
    EB_TELNET_IN_SUB,
    EB_TELNET_SUB_COMMAND
} eb_telnet_state_t;

/* Called while decoding. */
typedef struct eb_telnet_handler {
    void *user;
    void (*option)(void *user, uint8_t verb, uint8_t option);  /* WILL, WONT, DO, DONT */
    void (*sub)(void *user, const uint8_t *bytes, size_t len); /* one subnegotiation, unescaped */
} eb_telnet_handler_t;

/* Zeroed is the start. */
typedef struct eb_telnet {
    eb_telnet_state_t state;
    uint8_t verb;
    uint8_t sub[EB_TELNET_SUB_MAX];
    size_t sub_len; /* over EB_TELNET_SUB_MAX: too long, it will be dropped whole */
} eb_telnet_t;

/* Split raw into commands, given to the handler, and data, put into out (room for len bytes).
 * Returns the number of data bytes. A command may be cut anywhere between two calls. */
size_t eb_telnet_decode(eb_telnet_t *t, const uint8_t *raw, size_t len, uint8_t *out,
                        const eb_telnet_handler_t *handler);

/* Double each IAC; out has room for 2 * len bytes. Returns the number of bytes written. */
size_t eb_telnet_escape(const uint8_t *data, size_t len, uint8_t *out);

#endif
