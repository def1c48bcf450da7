/*
 * serial_library.h: the ports that the system lists.
 *
 * By libserialport (serial_libserialport.c), or where a build has none, by what Linux tells of its
 * terminals (serial_sysfs.c), or by IOKit of macOS (serial_iokit.c).
 */
#ifndef EB_TRANSPORT_SERIAL_LIBRARY_H
#define EB_TRANSPORT_SERIAL_LIBRARY_H

#include "espbackup/err.h"
#include "espbackup/transport.h"
#include "port_identity.h"

#include <stdbool.h>
#include <stdint.h>

/* A port that is known to the library. */
typedef struct eb_serial_known eb_serial_known_t;

/* Open `device`. EB_OK with *fd -1: the library does not, serial_plain.c may; *out is then NULL
 * where it does not know the port either. */
eb_code_t eb_serial_known_open(const char *device, eb_serial_known_t **out, int *fd, eb_err_t *err);
void eb_serial_known_close(eb_serial_known_t *known); /* and free; NULL is allowed */

/* Name, ids and texts; NULL: nothing is known. */
void eb_serial_known_describe(const eb_serial_known_t *known, eb_port_info_t *info,
                              eb_attachment_t *attachment);

/* Set 8N1 without flow control at this rate, on a port that the library opened. *now: the rate that
 * the driver has taken, 0: not told. False: *os_errno, or 0. */
bool eb_serial_known_baud(eb_serial_known_t *known, uint32_t baud, uint32_t *now, int *os_errno);

#endif
