/* ports_win32.h: what Windows tells about a serial port. */
#ifndef EB_TRANSPORT_PORTS_WIN32_H
#define EB_TRANSPORT_PORTS_WIN32_H

#include "espbackup/transport.h"
#include "port_identity.h"

#include <wchar.h>

/* Name, ids and texts of "COM3". */
void eb_ports_describe(const wchar_t *name, eb_port_info_t *info, eb_attachment_t *attachment);

#endif
