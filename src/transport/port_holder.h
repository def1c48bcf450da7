/* port_holder.h: which other program has a port open. */
#ifndef EB_TRANSPORT_PORT_HOLDER_H
#define EB_TRANSPORT_PORT_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

#define EB_HOLDER_TEXT_BYTES 96

/*
 * Look for another process that has `device` open; true: out holds "name (process 1234)". With
 * `ancestors` the processes that started us count too. A program that opened the port and then
 * started us wants us to use it, unless it has locked the port. Processes that the system hides do
 * not count.
 */
bool eb_port_holder_find(const char *device, bool ancestors, char *out, size_t cap);

#endif
