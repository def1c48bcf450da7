/*
 * serial_iokit.c: serial_library.h for macOS without libserialport, by IOKit; serial_plain.c opens
 * the ports.
 *
 * IOKit is loaded while the program runs, because compilers of other systems do not have it. Each
 * macOS has.
 */
#include "serial_library.h"
#include "transport_serial.h"
#include "utf8.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef EB_IOKIT
#define EB_IOKIT "/System/Library/Frameworks/IOKit.framework/IOKit"
#endif

#define UTF8          0x08000100U
#define NUMBER_SINT32 3L
#define WITH_PARENTS  3U /* kIORegistryIterateRecursively | kIORegistryIterateParents */

typedef const void *cf_t; /* an object of CoreFoundation */
typedef unsigned int io_t;

/* What we use of IOKit and of CoreFoundation, which it brings along. */
typedef struct iokit {
    void *library;
    void *(*IOServiceMatching)(const char *name);
    int (*IOServiceGetMatchingServices)(unsigned port, void *matching, io_t *iterator);
    io_t (*IOIteratorNext)(io_t iterator);
    int (*IOObjectRelease)(io_t object);
    cf_t (*IORegistryEntrySearchCFProperty)(io_t entry, const char *plane, cf_t key, cf_t allocator,
                                            unsigned options);
    cf_t (*CFStringCreateWithCString)(cf_t allocator, const char *text, unsigned encoding);
    unsigned char (*CFStringGetCString)(cf_t string, char *out, long cap, unsigned encoding);
    unsigned char (*CFNumberGetValue)(cf_t number, long type, void *out);
    unsigned long (*CFGetTypeID)(cf_t object);
    unsigned long (*CFStringGetTypeID)(void);
    unsigned long (*CFNumberGetTypeID)(void);
    void (*CFRelease)(cf_t object);
} iokit_t;

struct eb_serial_known {
    eb_port_info_t info;
    eb_attachment_t attachment;
};

/* -- IOKit ------------------------------------------------------------------------------------- */

static bool load(iokit_t *io)
{
    const struct {
        const char *name;
        void *into;
    } functions[] = {
#define FUNCTION(name) {#name, &io->name}
        FUNCTION(IOServiceMatching),
        FUNCTION(IOServiceGetMatchingServices),
        FUNCTION(IOIteratorNext),
        FUNCTION(IOObjectRelease),
        FUNCTION(IORegistryEntrySearchCFProperty),
        FUNCTION(CFStringCreateWithCString),
        FUNCTION(CFStringGetCString),
        FUNCTION(CFNumberGetValue),
        FUNCTION(CFGetTypeID),
        FUNCTION(CFStringGetTypeID),
        FUNCTION(CFNumberGetTypeID),
        FUNCTION(CFRelease),
#undef FUNCTION
    };

    io->library = dlopen(EB_IOKIT, RTLD_LAZY | RTLD_LOCAL);
    if (io->library == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        void *const function = dlsym(io->library, functions[i].name);

        if (function == NULL) {
            (void)dlclose(io->library);
            return false;
        }
        memcpy(functions[i].into, &function, sizeof(function)); /* C has no cast for it */
    }
    return true;
}

/* What the port has under that name, or what it is plugged into; NULL: nothing. */
static cf_t search(const iokit_t *io, io_t port, const char *name)
{
    cf_t key = io->CFStringCreateWithCString(NULL, name, UTF8);
    cf_t found = NULL;

    if (key != NULL) {
        found = io->IORegistryEntrySearchCFProperty(port, "IOService", key, NULL, WITH_PARENTS);
        io->CFRelease(key);
    }
    return found;
}

/* Empty: there is none. */
static void get_text(const iokit_t *io, io_t port, const char *name, char *out, size_t cap)
{
    cf_t found = search(io, port, name);
    char text[512] = "";

    if (found != NULL) {
        if (io->CFGetTypeID(found) != io->CFStringGetTypeID() ||
            io->CFStringGetCString(found, text, (long)sizeof(text), UTF8) == 0) {
            text[0] = '\0';
        }
        io->CFRelease(found);
    }
    eb_utf8_copy_clean(out, cap, text);
}

static bool get_number(const iokit_t *io, io_t port, const char *name, uint32_t *out)
{
    cf_t found = search(io, port, name);
    bool is_number = false;

    *out = 0;
    if (found != NULL) {
        is_number = io->CFGetTypeID(found) == io->CFNumberGetTypeID() &&
                    io->CFNumberGetValue(found, NUMBER_SINT32, out) != 0;
        io->CFRelease(found);
    }
    return is_number;
}

/* -- the ports --------------------------------------------------------------------------------- */

/* Of its two names, the one that waits for no carrier: /dev/cu.usbserial-0001. False: it has none.
 */
static bool describe(const iokit_t *io, io_t port, eb_port_info_t *info,
                     eb_attachment_t *attachment)
{
    char provider[64];
    uint32_t vid, pid, place, interface;

    memset(info, 0, sizeof(*info));
    *attachment = EB_ATTACHED_NATIVE;
    get_text(io, port, "IOCalloutDevice", info->name, sizeof(info->name));
    get_text(io, port, "IOProviderClass", provider, sizeof(provider));
    if (get_number(io, port, "idVendor", &vid) && get_number(io, port, "idProduct", &pid)) {
        *attachment = EB_ATTACHED_USB;
        info->vid = (uint16_t)vid;
        info->pid = (uint16_t)pid;
        get_text(io, port, "USB Product Name", info->product, sizeof(info->product));
        get_text(io, port, "USB Serial Number", info->serial, sizeof(info->serial));
        (void)get_number(io, port, "bInterfaceNumber", &interface);
        if (get_number(io, port, "locationID", &place)) {
            (void)snprintf(info->usb_path, sizeof(info->usb_path), "%08x:%u", (unsigned)place,
                           (unsigned)interface);
        }
    } else if (strstr(provider, "Bluetooth") != NULL || strstr(info->name, "Bluetooth") != NULL) {
        *attachment = EB_ATTACHED_BLUETOOTH;
    }
    return info->name[0] != '\0';
}

eb_code_t eb_serial_visit_ports(eb_serial_visit_fn visit, void *user, eb_err_t *err)
{
    iokit_t io;
    io_t iterator = 0, port;
    eb_port_info_t info;
    eb_attachment_t attachment;
    bool more = true;

    if (!load(&io)) {
        return eb_err_set(err, EB_ERR_FILE_IO, "cannot list the serial ports: there is no %s",
                          EB_IOKIT);
    }
    /* The dictionary is theirs then. */
    if (io.IOServiceGetMatchingServices(0, io.IOServiceMatching("IOSerialBSDClient"), &iterator) !=
        0) {
        (void)dlclose(io.library);
        return eb_err_set(err, EB_ERR_FILE_IO, "cannot list the serial ports");
    }
    while (more && (port = io.IOIteratorNext(iterator)) != 0) {
        if (describe(&io, port, &info, &attachment)) {
            more = visit(user, &info, attachment);
        }
        (void)io.IOObjectRelease(port);
    }
    (void)io.IOObjectRelease(iterator);
    (void)dlclose(io.library);
    return EB_OK;
}

/* -- one port ---------------------------------------------------------------------------------- */

typedef struct wanted {
    const char *device;
    eb_serial_known_t *known;
    bool found;
} wanted_t;

static bool take_wanted(void *user, const eb_port_info_t *info, eb_attachment_t attachment)
{
    wanted_t *w = user;

    w->found = strcmp(info->name, w->device) == 0;
    if (w->found) {
        *w->known = (eb_serial_known_t){.info = *info, .attachment = attachment};
    }
    return !w->found;
}

eb_code_t eb_serial_known_open(const char *device, eb_serial_known_t **out, int *fd, eb_err_t *err)
{
    wanted_t w = {.device = device, .known = calloc(1, sizeof(*w.known))};

    *fd = -1;
    *out = w.known;
    if (w.known == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory");
    }
    /* A port opens also where the list fails. */
    (void)eb_serial_visit_ports(take_wanted, &w, NULL);
    if (!w.found) {
        *out = NULL;
        free(w.known);
    }
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

/* serial_plain.c does it, because nothing here opens a port. */
bool eb_serial_known_baud(eb_serial_known_t *known, uint32_t baud, uint32_t *now, int *os_errno)
{
    (void)known;
    (void)baud;
    *now = 0;
    *os_errno = EINVAL;
    return false;
}

void eb_serial_known_close(eb_serial_known_t *known)
{
    free(known);
}
