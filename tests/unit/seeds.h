/* How many seeds, places or moments a test tries: fewer where tests run slowly, under valgrind
 * (EB_TEST_FEW_SEEDS is set). */
#ifndef EB_TEST_SEEDS_H
#define EB_TEST_SEEDS_H

#include <stdint.h>
#include <stdlib.h>

/* From one to the next: each of them, or each fourth. */
static inline unsigned seed_step(void)
{
    return getenv("EB_TEST_FEW_SEEDS") == NULL ? 1 : 4;
}

static inline uint64_t seed_count(uint64_t all)
{
    return all / seed_step();
}

#endif
