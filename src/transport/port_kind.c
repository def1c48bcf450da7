/* port_kind.c: how a session treats a kind of port, one row each. */
#include "espbackup/transport.h"

/* The USB-OTG driver in the ROM, which stubs use too, loses data beyond this. */
#define OTG_BLOCK_BYTES 0x800u

static const eb_port_traits_t rows[EB_PORT_KIND_COUNT] = {
    [EB_PORT_UART] = {.has_rate = true, .block_max_bytes = UINT32_MAX},
    [EB_PORT_USB_JTAG] = {.in_chip = true, .block_max_bytes = UINT32_MAX},
    [EB_PORT_USB_OTG] = {.in_chip = true, .block_max_bytes = OTG_BLOCK_BYTES},
    [EB_PORT_TCP] = {.network = true, .block_max_bytes = UINT32_MAX},
    [EB_PORT_RFC2217] = {.network = true, .has_rate = true, .block_max_bytes = UINT32_MAX},
};

const eb_port_traits_t *eb_port_traits(eb_port_kind_t kind)
{
    return &rows[(unsigned)kind < EB_PORT_KIND_COUNT ? kind : EB_PORT_UART];
}
