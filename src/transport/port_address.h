/* port_address.h: the parts of a port address as people write it. */
#ifndef EB_TRANSPORT_PORT_ADDRESS_H
#define EB_TRANSPORT_PORT_ADDRESS_H

#include "espbackup/err.h"
#include "espbackup/transport.h"

typedef struct eb_port_address {
    eb_port_kind_t kind;           /* EB_PORT_UART, _TCP or _RFC2217 */
    char host[EB_PORT_NAME_BYTES]; /* without brackets; for EB_PORT_UART the name of the port */
    char port[6];                  /* "1" to "65535"; empty for EB_PORT_UART */
} eb_port_address_t;

/* EB_ERR_USAGE names the address and what was expected. */
eb_code_t eb_port_address_parse(const char *text, eb_port_address_t *out, eb_err_t *err);

#endif
