/*
 * transport_serial.c: the only file that sees libserialport: finding ports, opening, line settings.
 * Ports that it refuses are opened by serial_plain.c. Bytes, locks and modem lines go through
 * serial_platform.h, which says why.
 */
#include "transport_serial.h"

#include "clock.h"
#include "port_identity.h"
#include "serial_platform.h"
#include "transport_backend.h"
#include "utf8.h"

#include <dirent.h>
#include <errno.h>
#include <libserialport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLOSE_DRAIN_MS 500

typedef struct serial {
    eb_backend_ops_t ops; /* without those that the port does not have */
    struct sp_port *port; /* NULL: libserialport does not know it */
    int fd;
    bool plain; /* opened without libserialport */
    bool keep_dtr;
    bool claimed; /* no other program uses it, so its output may be discarded */
    char device[EB_PORT_NAME_BYTES];
} serial_t;

/* -- facts about a port ------------------------------------------------------------------------ */

/* The device chooses its texts, so they may hold any bytes. NULL is empty; a text that is too long
 * is cut between characters. */
static void copy_text(char *out, size_t cap, const char *text)
{
    char *clean = text != NULL ? eb_utf8_clean(text) : NULL;
    size_t used = 0;

    while (clean != NULL && clean[used] != '\0') {
        const size_t n = eb_utf8_sequence(clean + used, strlen(clean + used));

        if (n == 0 || used + n >= cap) {
            break;
        }
        memcpy(out + used, clean + used, n);
        used += n;
    }
    out[used] = '\0';
    free(clean);
}

static eb_attachment_t attachment_of(const struct sp_port *port)
{
    switch (sp_get_port_transport(port)) {
    case SP_TRANSPORT_NATIVE:
        return EB_ATTACHED_NATIVE;
    case SP_TRANSPORT_USB:
        return EB_ATTACHED_USB;
    case SP_TRANSPORT_BLUETOOTH:
        return EB_ATTACHED_BLUETOOTH;
    }
    return EB_ATTACHED_NATIVE;
}

static void describe(const struct sp_port *port, eb_port_info_t *info)
{
    int vid, pid;

    memset(info, 0, sizeof(*info));
    if (port == NULL) {
        return;
    }
    copy_text(info->name, sizeof(info->name), sp_get_port_name(port));
    if (sp_get_port_usb_vid_pid(port, &vid, &pid) == SP_OK && vid >= 0 && pid >= 0) {
        info->vid = (uint16_t)vid;
        info->pid = (uint16_t)pid;
        eb_serial_usb_path(info->name, info->usb_path, sizeof(info->usb_path));
    }
    eb_serial_driver(info->name, info->driver, sizeof(info->driver));
    copy_text(info->product, sizeof(info->product), sp_get_port_usb_product(port));
    copy_text(info->serial, sizeof(info->serial), sp_get_port_usb_serial(port));
    if (info->product[0] == '\0') {
        copy_text(info->product, sizeof(info->product), sp_get_port_description(port));
    }
}

#ifdef __linux__
/* libserialport 0.1.1 crashes when a port goes away while it lists them. */
eb_code_t eb_serial_visit_ports(eb_serial_visit_fn visit, void *user, eb_err_t *err)
{
    char device[EB_PORT_NAME_BYTES];
    DIR *folder = opendir("/sys/class/tty");
    bool more = true;

    if (folder == NULL) {
        return eb_err_set_errno(err, EB_ERR_FILE_IO, errno, "cannot list the serial ports");
    }
    while (more && eb_serial_next_name(folder, device, sizeof(device))) {
        struct sp_port *port;
        eb_port_info_t info;

        if (sp_get_port_by_name(device, &port) == SP_OK) {
            describe(port, &info);
            more = visit(user, &info, attachment_of(port));
            sp_free_port(port);
        }
    }
    (void)closedir(folder);
    return EB_OK;
}
#else
eb_code_t eb_serial_visit_ports(eb_serial_visit_fn visit, void *user, eb_err_t *err)
{
    struct sp_port **ports = NULL;
    eb_port_info_t info;

    if (sp_list_ports(&ports) != SP_OK) {
        return eb_err_set_errno(err, EB_ERR_FILE_IO, sp_last_error_code(),
                                "cannot list the serial ports");
    }
    for (size_t i = 0; ports[i] != NULL; i++) {
        describe(ports[i], &info);
        if (!visit(user, &info, attachment_of(ports[i]))) {
            break;
        }
    }
    sp_free_port_list(ports);
    return EB_OK;
}
#endif

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
        eb_serial_keep_lines(s->fd); /* libserialport lets them fall */
    }
    if (s->claimed) {
        eb_serial_release(s->fd);
    }
    if (s->fd >= 0 && s->plain) {
        (void)close(s->fd);
    } else if (s->fd >= 0) {
        (void)sp_close(s->port);
    }
    if (s->port != NULL) {
        sp_free_port(s->port);
    }
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

/* 8N1 without flow control in one step. DTR and RTS are left out, because libserialport sets them
 * one by one. */
static bool apply(serial_t *s, uint32_t baud, int *failure)
{
    struct sp_port_config *config = NULL;
    enum sp_return rc;

    if (s->plain) {
        return eb_serial_plain_baud(s->fd, baud, failure) == EB_OK;
    }
    rc = sp_new_config(&config);
    if (rc != SP_OK) {
        *failure = 0;
        return false;
    }
    (void)sp_set_config_baudrate(config, (int)baud);
    (void)sp_set_config_bits(config, 8);
    (void)sp_set_config_parity(config, SP_PARITY_NONE);
    (void)sp_set_config_stopbits(config, 1);
    (void)sp_set_config_xon_xoff(config, SP_XONXOFF_DISABLED);
    rc = sp_set_config(s->port, config);
    *failure = rc == SP_ERR_FAIL ? sp_last_error_code() : 0;
    sp_free_config(config);
    return rc == SP_OK;
}

/* The rate as the driver has it now; 0 when it cannot be told. */
static uint32_t rate_now(struct sp_port *port)
{
    struct sp_port_config *config = NULL;
    int baud = 0;

    if (sp_new_config(&config) != SP_OK) {
        return 0;
    }
    if (sp_get_config(port, config) != SP_OK || sp_get_config_baudrate(config, &baud) != SP_OK) {
        baud = 0;
    }
    sp_free_config(config);
    return baud > 0 ? (uint32_t)baud : 0;
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
    if (!apply(s, baud, &failure)) {
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
    now = s->plain ? baud : rate_now(s->port);
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

static eb_code_t open_plain(serial_t *s, eb_err_t *err)
{
    s->plain = true;
    return eb_serial_plain_open(s->device, &s->fd, err);
}

static eb_code_t open_port(serial_t *s, eb_err_t *err)
{
    enum sp_return rc = sp_get_port_by_name(s->device, &s->port);
    int failure;

    if (rc == SP_ERR_MEM) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory");
    }
    /* The device exists, as eb_serial_resolve has found. So libserialport does not know its kind:
     * it is a pty, or a node with a name of its own. */
    if (rc != SP_OK) {
        s->port = NULL;
        return open_plain(s, err);
    }
    rc = sp_open(s->port, SP_MODE_READ_WRITE);
    failure = rc == SP_ERR_FAIL ? sp_last_error_code() : ENOTTY;
    /* libserialport asks for the modem lines, which some drivers do not have. */
    if (rc != SP_OK && (failure == ENOTTY || failure == EINVAL)) {
        return open_plain(s, err);
    }
    if (rc != SP_OK) {
        return eb_serial_open_error(s->device, failure, err);
    }
    if (sp_get_port_handle(s->port, &s->fd) != SP_OK) {
        (void)sp_close(s->port);
        return eb_err_set(err, EB_ERR_INTERNAL, "%s has no handle", s->device);
    }
    return EB_OK;
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
        describe(s->port, &info);
        attachment = s->port != NULL ? attachment_of(s->port) : EB_ATTACHED_NATIVE;
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
