/*
 * sim_fake_tty.c: see sim_fake_tty.h. The tree is laid out as Linux does it for a USB serial
 * adapter: the tty under an interface ("1-1:1.0") of a device ("1-1"), which holds idVendor and
 * the like, with relative links from /sys/class/tty. Programs look for "usb" in the link, go up
 * from .../device until they find busnum, or look at what the "subsystem" links are called.
 */
#include "sim_fake_tty.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_VID     0x10C4
#define DEFAULT_PID     0xEA60
#define DEFAULT_PRODUCT "CP2102N USB to UART Bridge Controller"
#define USB_DEVICE      "sys/devices/pci0000:00/0000:00:14.0/usb1/1-1"
#define INTERFACE       USB_DEVICE "/1-1:1.0"
#define CP2102C_PID     0xEA64
#define OWN_VID         0x303A
#define OWN_PID         0x1001
#define OWN_PRODUCT     "USB JTAG/serial debug unit"

/* Makes the folders on the way too. */
static bool make_dirs(const char *root, const char *path)
{
    char full[512];
    size_t root_size = strlen(root) + 1;
    int n = snprintf(full, sizeof(full), "%s/%s/", root, path);

    if (n < 0 || (size_t)n >= sizeof(full)) {
        return false;
    }
    for (char *p = full + root_size; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            if (mkdir(full, 0700) != 0 && errno != EEXIST) {
                return false;
            }
            *p = '/';
        }
    }
    return true;
}

static bool make_file(const char *root, const char *path, const char *text)
{
    char full[512];
    FILE *file;
    bool ok;

    snprintf(full, sizeof(full), "%s/%s", root, path);
    file = fopen(full, "w");
    if (file == NULL) {
        return false;
    }
    ok = fprintf(file, "%s\n", text) > 0;
    return fclose(file) == 0 && ok;
}

static bool make_link(const char *root, const char *path, const char *target)
{
    char full[512];

    snprintf(full, sizeof(full), "%s/%s", root, path);
    return symlink(target, full) == 0 || errno == EEXIST;
}

static bool make_device(const char *root, const sim_board_options_t *o)
{
    const char *product = o->usb_jtag  ? OWN_PRODUCT
                          : o->usb_otg ? "CDC ACM of the ROM"
                                       : DEFAULT_PRODUCT;
    const char *maker = o->usb_jtag || o->usb_otg ? "Espressif" : "Silicon Labs";
    const char *serial = o->usb_serial != NULL ? o->usb_serial : "ESPSIM0001";
    char vid[8], pid[8];
    bool given = o->usb_vid != 0 || o->usb_pid != 0;

    snprintf(vid, sizeof(vid), "%04x", given ? o->usb_vid : o->usb_jtag ? OWN_VID : DEFAULT_VID);
    snprintf(pid, sizeof(pid), "%04x",
             given         ? o->usb_pid
             : o->usb_jtag ? OWN_PID
             : o->cp2102c  ? CP2102C_PID
                           : DEFAULT_PID);
    return make_dirs(root, INTERFACE) && make_dirs(root, "sys/class/tty") &&
           make_dirs(root, "sys/bus/usb") && make_dirs(root, "sys/bus/usb-serial") &&
           make_dirs(root, "dev") && make_file(root, USB_DEVICE "/busnum", "1") &&
           make_file(root, USB_DEVICE "/devnum", "7") &&
           make_file(root, USB_DEVICE "/idVendor", vid) &&
           make_file(root, USB_DEVICE "/idProduct", pid) &&
           make_file(root, USB_DEVICE "/product",
                     o->usb_product != NULL ? o->usb_product : product) &&
           make_file(root, USB_DEVICE "/manufacturer", maker) &&
           make_file(root, USB_DEVICE "/serial", serial) &&
           make_file(root, USB_DEVICE "/bNumInterfaces", "1") &&
           make_file(root, INTERFACE "/bInterfaceNumber", "00") &&
           make_link(root, USB_DEVICE "/subsystem", "../../../../../bus/usb") &&
           make_link(root, INTERFACE "/subsystem", "../../../../../../bus/usb");
}

static void tty_name(const sim_fake_tty_t *tty, char *name, size_t size)
{
    if (tty->own_usb) {
        snprintf(name, size, SIM_TTY_OWN_USB "%u", tty->number);
    } else {
        snprintf(name, size, "%s", SIM_TTY_ADAPTER);
    }
}

/*
 * An adapter's driver (usb-serial) has a device for each of its ports between the interface and the
 * tty; a ttyACM lies right under the interface.
 */
static bool make_tty(const sim_fake_tty_t *tty, const char *name)
{
    char port[128], path[200], link[240], target[240];

    snprintf(port, sizeof(port), "%s%s%s", INTERFACE, tty->own_usb ? "" : "/",
             tty->own_usb ? "" : name);
    snprintf(path, sizeof(path), "%s/tty/%s", port, name);
    if (!make_dirs(tty->dir, path)) {
        return false;
    }
    snprintf(link, sizeof(link), "%s/device", path);
    snprintf(target, sizeof(target), "../../../%s", tty->own_usb ? "1-1:1.0" : name);
    if (!make_link(tty->dir, link, target)) {
        return false;
    }
    snprintf(link, sizeof(link), "%s/subsystem", port);
    if (!tty->own_usb && !make_link(tty->dir, link, "../../../../../../../bus/usb-serial")) {
        return false;
    }
    snprintf(link, sizeof(link), "sys/class/tty/%s", name);
    snprintf(target, sizeof(target), "../../%s", path + sizeof("sys/") - 1);
    return make_link(tty->dir, link, target);
}

static int listen_lines(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    if (fd >= 0 &&
        (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0 || listen(fd, 16) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The library lies beside the program. */
static void find_preload(sim_fake_tty_t *tty)
{
    char self[400];
    const char *given = getenv("ESPSIM_TTY_PRELOAD");
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    if (given != NULL) {
        snprintf(tty->preload, sizeof(tty->preload), "%s", given);
        return;
    }
    self[n > 0 ? n : 0] = '\0';
    slash = strrchr(self, '/');
    if (slash != NULL) {
        snprintf(tty->preload, sizeof(tty->preload), "%.*s/espsim_tty_preload.so",
                 (int)(slash - self), self);
    }
    if (access(tty->preload, R_OK) != 0) {
        tty->preload[0] = '\0';
    }
}

bool sim_fake_tty_open(sim_fake_tty_t *tty, const sim_board_options_t *options)
{
    memset(tty, 0, sizeof(*tty));
    tty->lines_fd = -1;
    tty->own_usb = options->usb_jtag || options->usb_otg;
    tty->max_baud = options->driver_max_baud;
    tty->no_modem_lines = options->no_modem_lines;
    snprintf(tty->dir, sizeof(tty->dir), "/tmp/espsim-XXXXXX");
    if (mkdtemp(tty->dir) == NULL) {
        fprintf(stderr, "espsim: cannot make %s: %s\n", tty->dir, strerror(errno));
        tty->dir[0] = '\0';
        return false;
    }
    snprintf(tty->lines_path, sizeof(tty->lines_path), "%s/lines", tty->dir);
    snprintf(tty->default_link, sizeof(tty->default_link), "%s/pty", tty->dir);
    tty->lines_fd = listen_lines(tty->lines_path);
    if (tty->lines_fd < 0 || !make_device(tty->dir, options)) {
        fprintf(stderr, "espsim: cannot fill %s: %s\n", tty->dir, strerror(errno));
        sim_fake_tty_close(tty);
        return false;
    }
    find_preload(tty);
    return true;
}

bool sim_fake_tty_show(sim_fake_tty_t *tty, bool present)
{
    char name[32], path[160];

    tty_name(tty, name, sizeof(name));
    snprintf(path, sizeof(path), "dev/%s", name);
    if (present) {
        return make_tty(tty, name) && make_link(tty->dir, path, "../pty");
    }
    snprintf(path, sizeof(path), "%s/sys/class/tty/%s", tty->dir, name);
    unlink(path);
    snprintf(path, sizeof(path), "%s/dev/%s", tty->dir, name);
    unlink(path);
    return true;
}

void sim_fake_tty_environment(const sim_fake_tty_t *tty, const char *link_path)
{
    const char *old = getenv("LD_PRELOAD"), *asan = getenv("ASAN_OPTIONS");
    char preload[1024], name[32], max_baud[16];

    if (tty->preload[0] == '\0') {
        fprintf(stderr, "espsim: espsim_tty_preload.so is not beside espsim; plain pty\n");
        return;
    }
    snprintf(preload, sizeof(preload), "%s%s%s", tty->preload, old != NULL ? ":" : "",
             old != NULL ? old : "");
    setenv("LD_PRELOAD", preload, 1);
    /* A program with the address sanitizer refuses to start after somebody else's preload. */
    snprintf(preload, sizeof(preload), "%s%sverify_asan_link_order=0", asan != NULL ? asan : "",
             asan != NULL ? ":" : "");
    setenv("ASAN_OPTIONS", preload, 1);
    tty_name(tty, name, sizeof(name));
    snprintf(preload, sizeof(preload), "/dev/%s", name);
    setenv("ESPSIM_TTY_NAME", tty->own_usb ? "/dev/" SIM_TTY_OWN_USB : preload, 1);
    setenv("ESPSIM_TTY_PTS", link_path, 1);
    setenv("ESPSIM_TTY_SYSFS", tty->dir, 1);
    setenv("ESPSIM_TTY_LINES", tty->lines_path, 1);
    snprintf(max_baud, sizeof(max_baud), "%u", tty->max_baud);
    setenv("ESPSIM_TTY_MAX_BAUD", max_baud, 1);
    setenv("ESPSIM_TTY_NO_LINES", tty->no_modem_lines ? "1" : "", 1);
    setenv("ESPBACKUP_PORT", preload, 1);
    setenv("ESPTOOL_PORT", preload, 1);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void sim_fake_tty_close(sim_fake_tty_t *tty)
{
    if (tty->lines_fd >= 0) {
        close(tty->lines_fd);
    }
    tty->lines_fd = -1;
    if (tty->dir[0] != '\0') {
        nftw(tty->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    }
    tty->dir[0] = '\0';
}
