/*
 * port_identity.h: the kind of a serial port, and how likely a board is there. Pure: USB ids and
 * the way of attachment decide, so that the list of ports and an open port agree.
 */
#ifndef EB_TRANSPORT_PORT_IDENTITY_H
#define EB_TRANSPORT_PORT_IDENTITY_H

#include "espbackup/transport.h"

/* How the system says that a port is connected. */
typedef enum eb_attachment {
    EB_ATTACHED_NATIVE,
    EB_ATTACHED_USB,
    EB_ATTACHED_BLUETOOTH
} eb_attachment_t;

/* Fill kind, keep_dtr and likelihood from the USB ids in `info` and the attachment. EB_PORT_USB_OTG
 * is a guess until the chip tells its id. */
void eb_port_identify(eb_port_info_t *info, eb_attachment_t attachment);

#endif
