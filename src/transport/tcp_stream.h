/* tcp_stream.h: one TCP connection, non-blocking, for raw TCP and RFC 2217. */
#ifndef EB_TRANSPORT_TCP_STREAM_H
#define EB_TRANSPORT_TCP_STREAM_H

#include "espbackup/err.h"
#include "espbackup/event.h"

#include <stddef.h>
#include <stdint.h>

/* What to do about a connection that ended. */
#define EB_TCP_LOST_HINT                                                                           \
    "check that the server still runs, that its board is plugged in, and the network between"

typedef struct eb_tcp {
    int fd; /* -1 when closed */
    char peer[300];
} eb_tcp_t;

/* Within 5 s (looking up the name may take longer); cancel is honoured. EB_ERR_PORT_NOT_FOUND. */
eb_code_t eb_tcp_connect(eb_tcp_t *tcp, const char *host, const char *port, const eb_events_t *ev,
                         eb_err_t *err);
void eb_tcp_close(eb_tcp_t *tcp);

/* Wait at most wait_ms; *got / *put are 0 when nothing moved. EB_ERR_PORT_LOST at EOF and errors.
 */
eb_code_t eb_tcp_read(eb_tcp_t *tcp, uint8_t *buf, size_t cap, int wait_ms, size_t *got,
                      eb_err_t *err);
eb_code_t eb_tcp_write(eb_tcp_t *tcp, const uint8_t *buf, size_t len, int wait_ms, size_t *put,
                       eb_err_t *err);

#endif
