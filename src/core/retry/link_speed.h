/* link_speed.h: what a byte read, a byte hashed and a round trip take, for the planner; and what
 * calls of one sort took, for whoever asks (-v). */
#ifndef EB_RETRY_LINK_SPEED_H
#define EB_RETRY_LINK_SPEED_H

#include "espbackup/event.h"
#include "espbackup/session.h"

#include <stdint.h>

/* As measured in this session. */
typedef struct eb_link_speed {
    double read_s_per_byte;
    double digest_s_per_byte;
    double round_trip_s;
} eb_link_speed_t;

/* The least that a byte takes, in seconds: what the line can carry or, where that is not known,
 * what the chip can send. */
double eb_link_speed_floor_s(const eb_session_t *session);
/* Until measured. */
eb_link_speed_t eb_link_speed_guess(const eb_session_t *session);

/* Learn from a request of `size` bytes that began at started_us and has just ended. */
void eb_link_speed_learn_round_trip(eb_link_speed_t *speed, uint32_t size, int64_t started_us);
void eb_link_speed_learn_bytes(double *s_per_byte, const eb_link_speed_t *speed, uint32_t size,
                               int64_t started_us);

/* Calls of one sort, and what they cost. */
typedef struct eb_cost {
    uint32_t calls;
    uint64_t bytes;
    int64_t us;
} eb_cost_t;
void eb_cost_add(eb_cost_t *cost, uint64_t bytes, int64_t us);
/* A note at EB_LEVEL_DETAIL, if there was any; call: "read" or "digest". */
void eb_cost_tell(const eb_cost_t *cost, const char *what, const char *call, const eb_events_t *ev);

#endif
