/*
 * transport_backend.h: the calls that each transport implements, and transport.c uses.
 *
 * Backends work in slices: each call waits at most `wait_ms` (0 to 100) and reports what it did in
 * that time. Deadlines, cancel, counting and remembering a lost link are done once, in transport.c.
 * A link that is gone is EB_ERR_PORT_LOST.
 */
#ifndef EB_TRANSPORT_BACKEND_H
#define EB_TRANSPORT_BACKEND_H

#include "espbackup/err.h"
#include "espbackup/event.h"
#include "espbackup/transport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_SLICE_MS     100
#define EB_INITIAL_BAUD 115200u

typedef struct eb_backend_ops {
    void (*close)(void *self);
    /* *got is 0 when nothing came in the slice. */
    eb_code_t (*read)(void *self, uint8_t *buf, size_t cap, int wait_ms, size_t *got,
                      eb_err_t *err);
    /* *put: how many bytes from the start of buf were passed on; 0 to len. */
    eb_code_t (*write)(void *self, const uint8_t *buf, size_t len, int wait_ms, size_t *put,
                       eb_err_t *err);
    eb_code_t (*flush_input)(void *self, eb_err_t *err);
    eb_code_t (*set_baud)(void *self, uint32_t baud, eb_err_t *err);       /* NULL: cannot */
    eb_code_t (*set_lines)(void *self, bool dtr, bool rts, eb_err_t *err); /* NULL: cannot */
} eb_backend_ops_t;

/* Filled by an opener; `self` belongs to the backend until ops->close. */
typedef struct eb_backend {
    const eb_backend_ops_t *ops;
    void *self;
    eb_port_info_t info;
} eb_backend_t;

/* Each leaves *out alone on failure. `name` is a port of this machine, `host` a name or number. */
eb_code_t eb_serial_open(const char *name, const eb_events_t *ev, eb_backend_t *out, eb_err_t *err);
eb_code_t eb_tcp_open(const char *host, const char *port, const eb_events_t *ev, eb_backend_t *out,
                      eb_err_t *err);
eb_code_t eb_rfc2217_open(const char *host, const char *port, const eb_events_t *ev,
                          eb_backend_t *out, eb_err_t *err);

#endif
