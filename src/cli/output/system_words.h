/*
 * system_words.h: words for people that differ between operating systems: names of ports, and what
 * to do so that the system lets one use them.
 */
#ifndef EB_CLI_SYSTEM_WORDS_H
#define EB_CLI_SYSTEM_WORDS_H

/* A serial port, in examples. */
extern const char *const eb_system_port;
/* Hints. */
extern const char *const eb_system_port_denied;
extern const char *const eb_system_usb_access;
extern const char *const eb_system_dfu_util;

#endif
