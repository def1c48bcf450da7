/*
 * transport_serial.c: a serial port as a transport. serial_library.h opens it and sets its rate,
 * and serial_plain.c where that refuses. Bytes, locks and modem lines go through serial_platform.h.
 */
#include "transport_serial.h"

#include "clock.h"
#include "port_identity.h"
#include "serial_library.h"
#include "serial_platform.h"
#include "transport_backend.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLOSE_DRAIN_MS 500

typedef struct serial {
    eb_backend_ops_t ops;     /* without those that the port does not have */
    eb_serial_known_t *known; /* NULL: not known to the library */
    int fd;
    bool plain; /* opened by serial_plain.c */
    bool keep_dtr;
    bool claimed; /* no other program uses it, so its output may be discarded */
    char device[EB_PORT_NAME_BYTES];
} serial_t;

/* -- the backend ------------------------------------------------------------------------------- */

static void serial_close(void *self)
{
    serial_t *s = self;
    bool done = false;

    if (s->claimed) {
        /* Send the last command, but do not wait for a port that accepts nothing, because the
         * kernel waits up to 30 s at the close. */
        (void)eb_serial_drain(s->fd, s->device, CLOSE_DRAIN_MS, &done, NULL);
        if (!done) {
            eb_serial_discard_output(s->fd);
        }
    }
    if (s->claimed && s->keep_dtr) {
        eb_serial_keep_lines(s->fd); /* else they fall */
    }
    if (s->claimed) {
        eb_serial_release(s->fd);
    }
    if (s->fd >= 0 && s->plain) {
        (void)close(s->fd);
    }
    eb_serial_known_close(s->known);
    free(s);
}

static eb_code_t serial_read(void *self, uint8_t *buf, size_t cap, int wait_ms, size_t *got,
                             eb_err_t *err)
{
    const serial_t *s = self;

    return eb_serial_read(s->fd, s->device, buf, cap, wait_ms, got, err);
}

static eb_code_t serial_write(void *self, const uint8_t *buf, size_t len, int wait_ms, size_t *put,
                              eb_err_t *err)
{
    const serial_t *s = self;

    return eb_serial_write(s->fd, s->device, buf, len, wait_ms, put, err);
}

static eb_code_t serial_flush_input(void *self, eb_err_t *err)
{
    const serial_t *s = self;

    return eb_serial_flush_input(s->fd, s->device, err);
}

static eb_code_t serial_set_lines(void *self, bool dtr, bool rts, eb_err_t *err)
{
    const serial_t *s = self;

    return eb_serial_set_lines(s->fd, s->device, dtr, rts, err);
}

static bool apply(serial_t *s, uint32_t baud, uint32_t *now, int *failure)
{
    if (s->plain) {
        return eb_serial_plain_baud(s->fd, baud, now, failure) == EB_OK;
    }
    return eb_serial_known_baud(s->known, baud, now, failure);
}

static eb_code_t serial_set_baud(void *self, uint32_t baud, eb_err_t *err)
{
    serial_t *s = self;
    int failure;
    uint32_t now, off;

    if (baud == 0 || baud > INT32_MAX) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "%s: no baud rate %u", s->device,
                          (unsigned)baud);
    }
    if (!apply(s, baud, &now, &failure)) {
        bool done;

        /* Every call fails on a port that is gone, so look whether the rate is to blame. */
        if (eb_serial_drain(s->fd, s->device, 0, &done, err) == EB_ERR_PORT_LOST) {
            return EB_ERR_PORT_LOST;
        }
        return failure != 0
                   ? eb_err_set_errno(err, EB_ERR_UNSUPPORTED, failure, "%s does not take %u baud",
                                      s->device, (unsigned)baud)
                   : eb_err_set(err, EB_ERR_UNSUPPORTED, "%s does not take %u baud", s->device,
                                (unsigned)baud);
    }
    /* A driver without this rate may silently choose the nearest. */
    off = now > baud ? now - baud : baud - now;
    if (now != 0 && (uint64_t)off * 100 > (uint64_t)baud * 3) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "%s does not take %u baud (it took %u)",
                          s->device, (unsigned)baud, (unsigned)now);
    }
    return EB_OK;
}

static const eb_backend_ops_t serial_ops = {
    .close = serial_close,
    .read = serial_read,
    .write = serial_write,
    .flush_input = serial_flush_input,
    .set_baud = serial_set_baud,
    .set_lines = serial_set_lines,
};

/* After eb_serial_claim. */
static eb_code_t prepare(serial_t *s, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    s->ops = serial_ops;
    if (s->plain && !eb_serial_has_lines(s->fd)) {
        s->ops.set_lines = NULL;
    } else {
        /* The kernel asserts both lines at the open. On the usual circuit both do the same as
         * neither. */
        code = eb_serial_set_lines(s->fd, s->device, s->keep_dtr, s->keep_dtr, err);
    }
    if (code == EB_OK) {
        code = serial_set_baud(s, EB_INITIAL_BAUD, err);
    }
    if (s->plain && eb_serial_is_pty(s->device)) {
        s->ops.set_baud = NULL;
    }
    return code == EB_OK ? eb_serial_flush_input(s->fd, s->device, err) : code;
}

/* -- opening ----------------------------------------------------------------------------------- */

static eb_code_t open_port(serial_t *s, eb_err_t *err)
{
    eb_code_t code = eb_serial_known_open(s->device, &s->known, &s->fd, err);

    if (code == EB_OK && s->fd < 0) {
        s->plain = true;
        code = eb_serial_plain_open(s->device, &s->fd, err);
    }
    return code;
}

eb_code_t eb_serial_open(const char *name, const eb_events_t *ev, eb_backend_t *out, eb_err_t *err)
{
    eb_port_info_t info;
    eb_attachment_t attachment;
    serial_t *s = calloc(1, sizeof(*s));
    eb_code_t code;

    (void)ev; /* nothing here waits */
    if (s == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory");
    }
    s->fd = -1;
    code = eb_serial_resolve(name, s->device, sizeof(s->device), err);
    if (code == EB_OK) {
        code = open_port(s, err);
    }
    if (code == EB_OK) {
        code = eb_serial_claim(s->fd, s->device, err);
    }
    s->claimed = code == EB_OK;
    if (code == EB_OK) {
        eb_serial_known_describe(s->known, &info, &attachment);
        eb_port_identify(&info, attachment);
        s->keep_dtr = info.keep_dtr;
        code = prepare(s, err);
    }
    if (code != EB_OK) {
        serial_close(s);
        return code;
    }
    *out = (eb_backend_t){.ops = &s->ops, .self = s, .info = info};
    return EB_OK;
}
