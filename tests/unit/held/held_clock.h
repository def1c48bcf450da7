/*
 * held_clock.h: a clock that moves only when everybody waits, linked in place of clock_system.c.
 *
 * Each party of a test (the test itself, a server, a chip) is a fiber: a stack of its own, of which
 * one runs at a time until it waits. When all of them wait the clock jumps to the first deadline.
 * So waiting costs nothing, and the order of events does not depend on the machine.
 */
#ifndef EB_TEST_HELD_CLOCK_H
#define EB_TEST_HELD_CLOCK_H

#include <stdint.h>

#define HELD_NEVER INT64_MAX

typedef struct held_fiber held_fiber_t;

int64_t held_now_us(void);
/* Until then or until woken, which may be for another reason: look and wait again. */
void held_wait(int64_t until_us);

held_fiber_t *held_fiber_start(void (*code)(void *user), void *user);
held_fiber_t *held_fiber_running(void);
void held_fiber_wake(held_fiber_t *fiber); /* NULL is allowed */
/* Lets it run to its end and frees it; NULL is allowed. */
void held_fiber_join(held_fiber_t *fiber);
/* Frees it where it is: after a test that failed. NULL is allowed. */
void held_fiber_drop(held_fiber_t *fiber);

#endif
