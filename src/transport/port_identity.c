#include "port_identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define VID_ESPRESSIF   0x303A
#define PID_SERIAL_JTAG 0x1001
#define PID_OTG_MAX     0x00FF /* USB-OTG in the ROM has the id of the chip as PID */
#define VID_SILABS      0x10C4
#define PID_CP2102C     0xEA64

enum {
    LIKELY_ESPRESSIF = 100,
    LIKELY_KNOWN_ADAPTER = 80,
    LIKELY_USB = 50,
    LIKELY_NATIVE = 20,  /* a UART of a Raspberry Pi, but on a PC seldom a board */
    LIKELY_BLUETOOTH = 5 /* opening one may take seconds and wake a headset */
};

/* Vendors of the USB-to-serial adapters that boards carry. */
static const uint16_t adapter_vendors[] = {
    VID_SILABS, /* CP210x */
    0x1A86,     /* WCH CH34x, CH910x */
    0x0403,     /* FTDI */
    0x067B,     /* Prolific */
    0x04E2,     /* MaxLinear (Exar) */
    0x0483,     /* ST-Link and others with a serial port */
    0x2E8A,     /* Raspberry Pi, as a debug probe */
};

static bool is_adapter_vendor(uint16_t vid)
{
    for (size_t i = 0; i < sizeof(adapter_vendors) / sizeof(adapter_vendors[0]); i++) {
        if (adapter_vendors[i] == vid) {
            return true;
        }
    }
    return false;
}

void eb_port_identify(eb_port_info_t *info, eb_attachment_t attachment)
{
    info->kind = EB_PORT_UART;
    /* Its hardware flow control cannot be switched off (Silicon Labs' errata of the CP2102C). */
    info->keep_dtr = info->vid == VID_SILABS && info->pid == PID_CP2102C;
    if (info->vid == VID_ESPRESSIF) {
        if (info->pid == PID_SERIAL_JTAG) {
            info->kind = EB_PORT_USB_JTAG;
        } else if (info->pid <= PID_OTG_MAX) {
            info->kind = EB_PORT_USB_OTG;
        }
        info->likelihood = LIKELY_ESPRESSIF;
    } else if (is_adapter_vendor(info->vid)) {
        info->likelihood = LIKELY_KNOWN_ADAPTER;
    } else if (attachment == EB_ATTACHED_USB) {
        info->likelihood = LIKELY_USB;
    } else if (attachment == EB_ATTACHED_NATIVE) {
        info->likelihood = LIKELY_NATIVE;
    } else {
        info->likelihood = LIKELY_BLUETOOTH;
    }
}

static bool same_device(const eb_port_info_t *a, const eb_port_info_t *b)
{
    return a->vid == b->vid && a->pid == b->pid && strcmp(a->serial, b->serial) == 0;
}

static bool same_place(const eb_port_info_t *a, const eb_port_info_t *b)
{
    return a->usb_path[0] != '\0' && strcmp(a->usb_path, b->usb_path) == 0;
}

bool eb_port_is_unique(const eb_port_info_t *port, const eb_port_list_t *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const eb_port_info_t *p = &list->ports[i];

        if (same_device(port, p) && !same_place(port, p) && strcmp(port->name, p->name) != 0) {
            return false;
        }
    }
    return true;
}

const eb_port_info_t *eb_port_find_again(const eb_port_info_t *port, const char *name, bool unique,
                                         const eb_port_list_t *list)
{
    const eb_port_info_t *by_name = NULL, *by_serial = NULL;
    size_t serials = 0;

    for (size_t i = 0; i < list->count; i++) {
        const eb_port_info_t *p = &list->ports[i];
        const bool same = same_device(port, p);

        if (same && same_place(port, p)) {
            return p;
        }
        if (strcmp(p->name, name) == 0) {
            /* At the old place the same board may have other ids than before. */
            by_name = same || same_place(port, p) ? p : NULL;
        }
        if (same && p->serial[0] != '\0') {
            by_serial = p;
            serials++;
        }
    }
    if (by_name != NULL) {
        return by_name;
    }
    return unique && serials == 1 ? by_serial : NULL;
}
