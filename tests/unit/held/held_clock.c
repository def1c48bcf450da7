/* held_clock.c: see held_clock.h. */
#include "held_clock.h"

#include "clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0u
#define VALGRIND_STACK_DEREGISTER(id)       ((void)(id))
#endif

#define FIBERS_MAX  8
/* Where a stack is larger, AddressSanitizer maps new memory for its shadow at each change to it. */
#define STACK_BYTES (1u << 18)
#define GUARD_BYTES 4096u
#define LOOKS_MAX   10000000u

struct held_fiber {
    ucontext_t context;
    void (*code)(void *user);
    void *user;
    uint8_t *stack; /* NULL: the test's own */
    unsigned stack_id;
    bool used, done;
    int64_t wake_at_us;
    uint64_t turn; /* when it ran last: of those that may run, the one that waited longest does */
};

static held_fiber_t fibers[FIBERS_MAX] = {{.used = true}}; /* the first is the test itself */
static held_fiber_t *running = &fibers[0];
static int64_t now_us = INT64_C(1000000000);
static uint64_t turns;
static unsigned looks;

static void give_up(const char *why)
{
    fprintf(stderr, "held clock: %s\n", why);
    abort();
}

int64_t held_now_us(void)
{
    return now_us;
}

static held_fiber_t *next_fiber(void)
{
    held_fiber_t *next = NULL;

    for (size_t i = 0; i < FIBERS_MAX; i++) {
        held_fiber_t *f = &fibers[i];
        if (f->used && !f->done && f->wake_at_us != HELD_NEVER &&
            (next == NULL || f->wake_at_us < next->wake_at_us ||
             (f->wake_at_us == next->wake_at_us && f->turn < next->turn))) {
            next = f;
        }
    }
    if (next == NULL) {
        give_up("everybody waits for somebody else");
    }
    return next;
}

void held_wait(int64_t until_us)
{
    held_fiber_t *self = running;

    looks = 0;
    self->wake_at_us = until_us > now_us ? until_us : now_us;
    running = next_fiber();
    running->turn = ++turns;
    if (running->wake_at_us > now_us) {
        now_us = running->wake_at_us;
    }
    if (running != self && swapcontext(&self->context, &running->context) != 0) {
        give_up("cannot change to another stack");
    }
}

static void run_fiber(void)
{
    running->code(running->user);
    running->done = true;
    held_fiber_wake(&fibers[0]);
    held_wait(HELD_NEVER);
}

/* In a function of its own: getcontext may come back twice, so gcc 14 wants no variable that
 * changes beside it. */
static bool make_context(held_fiber_t *f)
{
    if (getcontext(&f->context) != 0) {
        return false;
    }
    f->context.uc_stack.ss_sp = f->stack;
    f->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&f->context, run_fiber, 0);
    return true;
}

held_fiber_t *held_fiber_start(void (*code)(void *user), void *user)
{
    held_fiber_t *f = &fibers[1];

    while (f < fibers + FIBERS_MAX && f->used) {
        f++;
    }
    if (f == fibers + FIBERS_MAX) {
        give_up("too many fibers");
    }
    *f = (held_fiber_t){.code = code, .user = user, .used = true, .wake_at_us = now_us};
    f->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f->stack == MAP_FAILED || mprotect(f->stack, GUARD_BYTES, PROT_NONE) != 0 ||
        !make_context(f)) {
        give_up("no stack for a fiber");
    }
    f->stack_id = VALGRIND_STACK_REGISTER(f->stack, f->stack + STACK_BYTES);
    return f;
}

held_fiber_t *held_fiber_running(void)
{
    return running;
}

void held_fiber_wake(held_fiber_t *fiber)
{
    if (fiber != NULL && fiber->wake_at_us > now_us) {
        fiber->wake_at_us = now_us;
    }
}

void held_fiber_join(held_fiber_t *fiber)
{
    while (fiber != NULL && !fiber->done) {
        held_wait(HELD_NEVER);
    }
    held_fiber_drop(fiber);
}

void held_fiber_drop(held_fiber_t *fiber)
{
    if (fiber != NULL) {
        VALGRIND_STACK_DEREGISTER(fiber->stack_id);
        (void)munmap(fiber->stack, STACK_BYTES);
        *fiber = (held_fiber_t){.used = false};
    }
}

/* -- clock.h ---------------------------------------------------------------------------------- */

int64_t eb_clock_us(void)
{
    if (++looks > LOOKS_MAX) {
        give_up("somebody looks at the clock for ever and does not wait");
    }
    return now_us;
}

void eb_sleep_ms(int64_t ms)
{
    const int64_t until_us = now_us + ms * 1000;

    while (now_us < until_us) {
        held_wait(until_us);
    }
}
