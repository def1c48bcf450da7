/* port_list.h: what kind of port it is, and how likely a board is there. */
#ifndef EB_TRANSPORT_PORT_LIST_H
#define EB_TRANSPORT_PORT_LIST_H

#include "espbackup/transport.h"
#include "transport_serial.h"

/* Fill kind and likelihood of a port from its USB ids and how it is attached. */
void eb_port_rate(eb_port_info_t *info, eb_attachment_t attachment);

#endif
