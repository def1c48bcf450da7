#include "port_list.h"

#include <stdlib.h>
#include <string.h>

#define VID_ESPRESSIF   0x303A
#define PID_SERIAL_JTAG 0x1001

enum {
    LIKELY_ESPRESSIF = 100,
    LIKELY_KNOWN_ADAPTER = 80,
    LIKELY_USB = 50,
    LIKELY_NATIVE = 20,  /* a UART of a Raspberry Pi, but on a PC seldom a board */
    LIKELY_BLUETOOTH = 5 /* opening one may take seconds and wake a headset */
};

/* Vendors of the USB-to-serial adapters that boards carry. */
static const uint16_t adapter_vendors[] = {
    0x10C4, /* Silicon Labs CP210x */
    0x1A86, /* WCH CH34x, CH910x */
    0x0403, /* FTDI */
    0x067B, /* Prolific */
    0x04E2, /* MaxLinear (Exar) */
    0x0483, /* ST-Link and others with a serial port */
    0x2E8A, /* Raspberry Pi, as a debug probe */
};

static bool is_known_adapter(uint16_t vid)
{
    for (size_t i = 0; i < sizeof(adapter_vendors) / sizeof(adapter_vendors[0]); i++) {
        if (adapter_vendors[i] == vid) {
            return true;
        }
    }
    return false;
}

void eb_port_rate(eb_port_info_t *info, eb_attachment_t attachment)
{
    info->kind = EB_PORT_UART;
    if (info->vid == VID_ESPRESSIF) {
        info->kind = info->pid == PID_SERIAL_JTAG ? EB_PORT_USB_JTAG : EB_PORT_USB_OTG;
        info->likelihood = LIKELY_ESPRESSIF;
    } else if (is_known_adapter(info->vid)) {
        info->likelihood = LIKELY_KNOWN_ADAPTER;
    } else if (attachment == EB_ATTACHED_USB) {
        info->likelihood = LIKELY_USB;
    } else if (attachment == EB_ATTACHED_NATIVE) {
        info->likelihood = LIKELY_NATIVE;
    } else {
        info->likelihood = LIKELY_BLUETOOTH;
    }
}

typedef struct collector {
    eb_port_list_t *list;
    size_t capacity;
    bool no_memory;
} collector_t;

static bool collect(void *user, const eb_port_info_t *info, eb_attachment_t attachment)
{
    collector_t *c = user;
    eb_port_list_t *list = c->list;

    if (list->count == c->capacity) {
        const size_t capacity = c->capacity == 0 ? 8 : 2 * c->capacity;
        eb_port_info_t *bigger = realloc(list->ports, capacity * sizeof(*bigger));

        if (bigger == NULL) {
            c->no_memory = true;
            return false;
        }
        list->ports = bigger;
        c->capacity = capacity;
    }
    list->ports[list->count] = *info;
    eb_port_rate(&list->ports[list->count], attachment);
    list->count++;
    return true;
}

/* Likeliest first; names in the order in which people count: ttyUSB2 before ttyUSB10. */
static int compare_ports(const void *a, const void *b)
{
    const eb_port_info_t *x = a, *y = b;
    const size_t x_len = strlen(x->name), y_len = strlen(y->name);

    if (x->likelihood != y->likelihood) {
        return x->likelihood > y->likelihood ? -1 : 1;
    }
    if (x_len != y_len) {
        return x_len < y_len ? -1 : 1;
    }
    return strcmp(x->name, y->name);
}

eb_code_t eb_port_list_get(eb_port_list_t *out, eb_err_t *err)
{
    collector_t c = {.list = out};
    eb_code_t code;

    *out = (eb_port_list_t){0};
    code = eb_serial_visit_ports(collect, &c, err);
    if (code == EB_OK && c.no_memory) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory for the list of ports");
    }
    if (code != EB_OK) {
        eb_port_list_free(out);
        return code;
    }
    if (out->count > 1) {
        qsort(out->ports, out->count, sizeof(*out->ports), compare_ports);
    }
    return EB_OK;
}

void eb_port_list_free(eb_port_list_t *list)
{
    if (list == NULL) {
        return;
    }
    free(list->ports);
    *list = (eb_port_list_t){0};
}
