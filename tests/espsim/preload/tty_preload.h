/* tty_preload.h: between the files of the preload. */
#ifndef ESPSIM_TTY_PRELOAD_H
#define ESPSIM_TTY_PRELOAD_H

#define SIM_TTY_PRELOAD /* only what goes over the socket */
#include "sim_fake_tty.h"

#define EXPORT __attribute__((visibility("default")))

/* The next definition of a function, of the same type as `like`. */
#define NEXT(like) ((__typeof__(&like))sim_tty_next(#like))

void *sim_tty_next(const char *name);
/* An environment variable, empty if it is not set. */
const char *sim_tty_setting(const char *name);
/* One request to espsim; < 0 with errno when it does not answer. */
int sim_tty_ask(uint8_t op, uint32_t bits, uint32_t *now);

#endif
