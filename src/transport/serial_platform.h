/*
 * serial_platform.h: what libserialport does not do, or does not do well enough, by OS.
 *
 * libserialport 0.1.1 gives no reason for a port that it refuses, does not open exclusively, sets
 * DTR and RTS one after the other, and mistakes an unplugged port for a silent port. It refuses
 * ports without modem lines. `fd` is the handle of an open port.
 */
#ifndef EB_TRANSPORT_SERIAL_PLATFORM_H
#define EB_TRANSPORT_SERIAL_PLATFORM_H

#include "espbackup/err.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Find the device that `name` stands for (links resolved, "ttyUSB0" taken for "/dev/ttyUSB0") and
 * look whether it can be opened: EB_ERR_PORT_NOT_FOUND, _DENIED or _BUSY, each with its hint. */
eb_code_t eb_serial_resolve(const char *name, char *device, size_t cap, eb_err_t *err);

#ifdef __linux__
/* The next port of /sys/class/tty, "/dev/ttyUSB0". false: there are no more. */
bool eb_serial_next_name(DIR *folder, char *out, size_t cap);
#endif

/* The error for an open(2) of `device` that failed. */
eb_code_t eb_serial_open_error(const char *device, int os_errno, eb_err_t *err);

/* Lock the port against other programs. Switch off hardware flow control and inheritance by
 * children, which libserialport leaves on. Ask for low latency, which may fail without harm. */
eb_code_t eb_serial_claim(int fd, const char *device, eb_err_t *err);

/* Where the port `name` is plugged in, "1-1.2:1.0"; empty where the system does not tell. */
void eb_serial_usb_path(const char *name, char *out, size_t cap);

/* The driver of the port, "cp210x"; empty where the system does not tell. */
void eb_serial_driver(const char *name, char *out, size_t cap);

/* Let the lines stay over the close. */
void eb_serial_keep_lines(int fd);

/* Give up what eb_serial_claim has. */
void eb_serial_release(int fd);

/* Without libserialport: open a terminal as a raw 8N1 port, and set its rate (serial_rate_*.c).
 * *now: the rate that the driver has taken, 0: not told. EB_ERR_UNSUPPORTED and *os_errno. */
eb_code_t eb_serial_plain_open(const char *device, int *fd, eb_err_t *err);
eb_code_t eb_serial_plain_baud(int fd, uint32_t baud, uint32_t *now, int *os_errno);
/* A program is at the other end of `device`, so that nobody knows the rate of the line. */
bool eb_serial_is_pty(const char *device);
bool eb_serial_has_lines(int fd);

/* Both lines in one step. */
eb_code_t eb_serial_set_lines(int fd, const char *device, bool dtr, bool rts, eb_err_t *err);

/* As in transport_backend.h. */
eb_code_t eb_serial_read(int fd, const char *device, uint8_t *buf, size_t cap, int wait_ms,
                         size_t *got, eb_err_t *err);
eb_code_t eb_serial_write(int fd, const char *device, const uint8_t *buf, size_t len, int wait_ms,
                          size_t *put, eb_err_t *err);
eb_code_t eb_serial_drain(int fd, const char *device, int wait_ms, bool *done, eb_err_t *err);
eb_code_t eb_serial_flush_input(int fd, const char *device, eb_err_t *err);
void eb_serial_discard_output(int fd);

#endif
