/* port_holder.h: which other program has a port open. */
#ifndef EB_TRANSPORT_PORT_HOLDER_H
#define EB_TRANSPORT_PORT_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

#define EB_HOLDER_TEXT_BYTES 96

/*
 * Look for another process that has `device` open. `ancestors`: whether those that started this one
 * count too (a program that opened the port and then started us meant us to use it, unless it has
 * locked it). true: out holds "name (process 1234)". What the system does not let us see counts as
 * not there.
 */
bool eb_port_holder_find(const char *device, bool ancestors, char *out, size_t cap);

#endif
