/* measure.h: what a byte read, a byte hashed and a round trip take, for the planner. Pure but for
 * the clock. */
#ifndef EB_CORE_MEASURE_H
#define EB_CORE_MEASURE_H

#include "espbackup/session.h"
#include "plan_cost.h"

#include <stdint.h>

/* The least that a byte takes, in seconds: what the line can carry or, where that is not known,
 * what the chip can send. */
double eb_measure_floor_s(const eb_session_t *session);
/* Until measured. */
eb_plan_cost_t eb_measure_guess(const eb_session_t *session);

/* Learn from a request of `size` bytes that began at started_us and has just ended. */
void eb_measure_round_trip(eb_plan_cost_t *cost, uint32_t size, int64_t started_us);
void eb_measure_per_byte(double *s_per_byte, const eb_plan_cost_t *cost, uint32_t size,
                         int64_t started_us);

#endif
