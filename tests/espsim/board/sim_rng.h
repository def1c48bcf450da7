/*
 * sim_rng.h: repeatable random numbers (splitmix64). Every use has a stream of its own, so that
 * faults of one direction do not depend on how the two directions happen to interleave.
 */
#ifndef ESPSIM_SIM_RNG_H
#define ESPSIM_SIM_RNG_H

#include <stdint.h>

typedef struct sim_rng {
    uint64_t state;
} sim_rng_t;

static inline uint64_t sim_rng_next(sim_rng_t *rng)
{
    uint64_t z = (rng->state += UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* `stream` tells apart the users of one seed. */
static inline void sim_rng_seed(sim_rng_t *rng, uint64_t seed, uint64_t stream)
{
    rng->state = seed * UINT64_C(0xD1342543DE82EF95) + stream;
    (void)sim_rng_next(rng);
}

/* 0 <= result < 1 */
static inline double sim_rng_unit(sim_rng_t *rng)
{
    return (double)(sim_rng_next(rng) >> 11) * 0x1.0p-53;
}

#endif
