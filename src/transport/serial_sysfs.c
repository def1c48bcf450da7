/*
 * serial_sysfs.c: serial_library.h without libserialport. Linux describes its ports as files;
 * serial_plain.c opens all of them.
 */
#include "serial_library.h"
#include "serial_platform.h"
#include "transport_serial.h"
#include "utf8.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TERMINALS  "/sys/class/tty"
#define TEXT_BYTES 256

struct eb_serial_known {
    eb_port_info_t info;
    eb_attachment_t attachment;
};

/* The first line of a file; empty: there is none. */
static void read_line(const char *folder, const char *name, char out[TEXT_BYTES])
{
    char path[PATH_MAX];
    FILE *file = NULL;

    out[0] = '\0';
    if (snprintf(path, sizeof(path), "%s/%s", folder, name) < (int)sizeof(path)) {
        file = fopen(path, "re");
    }
    if (file != NULL) {
        if (fgets(out, TEXT_BYTES, file) == NULL) {
            out[0] = '\0';
        }
        out[strcspn(out, "\n")] = '\0';
        (void)fclose(file);
    }
}

static uint16_t read_id(const char *folder, const char *name)
{
    char text[TEXT_BYTES];

    read_line(folder, name, text);
    return (uint16_t)strtoul(text, NULL, 16);
}

/* The folder of the USB device is above that of its interface, and alone has the ids. */
static void describe_usb(char *folder, eb_port_info_t *info)
{
    char text[TEXT_BYTES];
    char *slash;

    for (read_line(folder, "idVendor", text);
         text[0] == '\0' && (slash = strrchr(folder, '/')) != NULL && slash > folder;
         read_line(folder, "idVendor", text)) {
        *slash = '\0';
    }
    info->vid = read_id(folder, "idVendor");
    info->pid = read_id(folder, "idProduct");
    read_line(folder, "product", text);
    eb_utf8_copy_clean(info->product, sizeof(info->product), text);
    read_line(folder, "serial", text);
    eb_utf8_copy_clean(info->serial, sizeof(info->serial), text);
}

/* False: it is no device. */
static bool describe(const char *terminal, eb_port_info_t *info, eb_attachment_t *attachment)
{
    char link[PATH_MAX], folder[PATH_MAX];

    memset(info, 0, sizeof(*info));
    *attachment = EB_ATTACHED_NATIVE;
    (void)snprintf(link, sizeof(link), TERMINALS "/%.255s/device", terminal);
    if (realpath(link, folder) == NULL) {
        return false;
    }
    (void)snprintf(info->name, sizeof(info->name), "/dev/%.100s", terminal);
    eb_serial_driver(info->name, info->driver, sizeof(info->driver));
    eb_serial_usb_path(info->name, info->usb_path, sizeof(info->usb_path));
    if (info->usb_path[0] != '\0') {
        *attachment = EB_ATTACHED_USB;
        describe_usb(folder, info);
    }
    if (info->product[0] == '\0') {
        eb_utf8_copy_clean(info->product, sizeof(info->product), terminal);
    }
    return true;
}

eb_code_t eb_serial_visit_ports(eb_serial_visit_fn visit, void *user, eb_err_t *err)
{
    DIR *folder = opendir(TERMINALS);
    char device[EB_PORT_NAME_BYTES];
    eb_port_info_t info;
    eb_attachment_t attachment;

    if (folder == NULL) {
        return eb_err_set_errno(err, EB_ERR_FILE_IO, errno, "cannot list the serial ports");
    }
    while (eb_serial_next_name(folder, device, sizeof(device))) {
        if (describe(strrchr(device, '/') + 1, &info, &attachment) &&
            !visit(user, &info, attachment)) {
            break;
        }
    }
    (void)closedir(folder);
    return EB_OK;
}

void eb_serial_known_describe(const eb_serial_known_t *known, eb_port_info_t *info,
                              eb_attachment_t *attachment)
{
    memset(info, 0, sizeof(*info));
    *attachment = EB_ATTACHED_NATIVE;
    if (known != NULL) {
        *info = known->info;
        *attachment = known->attachment;
    }
}

bool eb_serial_known_baud(eb_serial_known_t *known, uint32_t baud, uint32_t *now, int *os_errno)
{
    (void)known;
    (void)baud;
    *now = 0;
    *os_errno = EINVAL;
    return false;
}

eb_code_t eb_serial_known_open(const char *device, eb_serial_known_t **out, int *fd, eb_err_t *err)
{
    const char *slash = strrchr(device, '/');
    eb_serial_known_t *known = calloc(1, sizeof(*known));

    *fd = -1;
    *out = known;
    if (known == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory");
    }
    if (!describe(slash != NULL ? slash + 1 : device, &known->info, &known->attachment)) {
        *out = NULL;
        free(known);
    }
    return EB_OK;
}

void eb_serial_known_close(eb_serial_known_t *known)
{
    free(known);
}
