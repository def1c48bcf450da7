/*
 * serial_libserialport.c: the only file that sees libserialport: finding ports, opening, line
 * settings. serial_platform.h says why the rest does not go through it.
 */
#include "serial_library.h"
#include "serial_platform.h"
#include "transport_serial.h"
#include "utf8.h"

#include <dirent.h>
#include <errno.h>
#include <libserialport.h>
#include <stdlib.h>
#include <string.h>

struct eb_serial_known {
    struct sp_port *port;
    bool opened;
};

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
    eb_utf8_copy_clean(info->name, sizeof(info->name), sp_get_port_name(port));
    if (sp_get_port_usb_vid_pid(port, &vid, &pid) == SP_OK && vid >= 0 && pid >= 0) {
        info->vid = (uint16_t)vid;
        info->pid = (uint16_t)pid;
        eb_serial_usb_path(info->name, info->usb_path, sizeof(info->usb_path));
    }
    eb_serial_driver(info->name, info->driver, sizeof(info->driver));
    eb_utf8_copy_clean(info->product, sizeof(info->product), sp_get_port_usb_product(port));
    eb_utf8_copy_clean(info->serial, sizeof(info->serial), sp_get_port_usb_serial(port));
    if (info->product[0] == '\0') {
        eb_utf8_copy_clean(info->product, sizeof(info->product), sp_get_port_description(port));
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

void eb_serial_known_describe(const eb_serial_known_t *known, eb_port_info_t *info,
                              eb_attachment_t *attachment)
{
    memset(info, 0, sizeof(*info));
    *attachment = EB_ATTACHED_NATIVE;
    if (known != NULL) {
        describe(known->port, info);
        *attachment = attachment_of(known->port);
    }
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

/* In one step. DTR and RTS are left out, because libserialport sets them one by one. */
bool eb_serial_known_baud(eb_serial_known_t *known, uint32_t baud, uint32_t *now, int *os_errno)
{
    struct sp_port_config *config = NULL;
    enum sp_return rc = sp_new_config(&config);

    *os_errno = 0;
    if (rc != SP_OK) {
        return false;
    }
    (void)sp_set_config_baudrate(config, (int)baud);
    (void)sp_set_config_bits(config, 8);
    (void)sp_set_config_parity(config, SP_PARITY_NONE);
    (void)sp_set_config_stopbits(config, 1);
    (void)sp_set_config_xon_xoff(config, SP_XONXOFF_DISABLED);
    rc = sp_set_config(known->port, config);
    *os_errno = rc == SP_ERR_FAIL ? sp_last_error_code() : 0;
    sp_free_config(config);
    *now = rc == SP_OK ? rate_now(known->port) : 0;
    return rc == SP_OK;
}

static eb_code_t open_port(eb_serial_known_t *known, const char *device, int *fd, eb_err_t *err)
{
    const enum sp_return rc = sp_open(known->port, SP_MODE_READ_WRITE);
    const int failure = rc == SP_ERR_FAIL ? sp_last_error_code() : ENOTTY;

    /* libserialport asks for the modem lines, which some drivers do not have. */
    if (rc != SP_OK && (failure == ENOTTY || failure == EINVAL)) {
        return EB_OK;
    }
    if (rc != SP_OK) {
        return eb_serial_open_error(device, failure, err);
    }
    known->opened = true;
    if (sp_get_port_handle(known->port, fd) != SP_OK) {
        return eb_err_set(err, EB_ERR_INTERNAL, "%s has no handle", device);
    }
    return EB_OK;
}

eb_code_t eb_serial_known_open(const char *device, eb_serial_known_t **out, int *fd, eb_err_t *err)
{
    eb_serial_known_t *known = calloc(1, sizeof(*known));
    const enum sp_return rc =
        known != NULL ? sp_get_port_by_name(device, &known->port) : SP_ERR_MEM;

    *fd = -1;
    *out = NULL;
    if (rc != SP_OK) {
        free(known);
        /* The device exists, as eb_serial_resolve has found. So libserialport does not know its
         * kind: it is a pty, or a node with a name of its own. */
        return rc == SP_ERR_MEM ? eb_err_set(err, EB_ERR_INTERNAL, "no memory") : EB_OK;
    }
    *out = known;
    return open_port(known, device, fd, err);
}

void eb_serial_known_close(eb_serial_known_t *known)
{
    if (known == NULL) {
        return;
    }
    if (known->opened) {
        (void)sp_close(known->port);
    }
    sp_free_port(known->port);
    free(known);
}
