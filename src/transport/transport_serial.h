/* transport_serial.h: facts about serial ports, for port_list.c. */
#ifndef EB_TRANSPORT_SERIAL_H
#define EB_TRANSPORT_SERIAL_H

#include "espbackup/err.h"
#include "espbackup/transport.h"
#include "port_identity.h"

#include <stdbool.h>

/* Called for each serial port; `info` has name, ids and texts, not kind or likelihood.
 * false ends the listing. */
typedef bool (*eb_serial_visit_fn)(void *user, const eb_port_info_t *info,
                                   eb_attachment_t attachment);

eb_code_t eb_serial_visit_ports(eb_serial_visit_fn visit, void *user, eb_err_t *err);

#endif
