#include "read_plan.h"

#include "bytes.h"

#include <string.h>

#define GUESS_MIN_BYTES     EB_SECTOR_BYTES
#define GUESS_START_BYTES   (64u * 1024u)
#define CHUNK_MIN_BYTES     EB_MAP_UNIT_BYTES
#define CHUNK_START_BYTES   (256u * 1024u)
#define DENSE_START_BYTES   (64u * 1024u)
/* A run that is killed loses the chunk in flight: no more than this much time of it. */
#define CHUNK_MAX_SECONDS   3.0
#define CHUNK_CAP_MIN_BYTES (64u * 1024u)

const eb_origin_t eb_plan_guesses[EB_PLAN_GUESSES] = {EB_ORIGIN_RESUMED, EB_ORIGIN_EARLIER,
                                                      EB_ORIGIN_ERASED};

void eb_read_plan_init(eb_read_plan_t *plan, eb_range_t range)
{
    memset(plan, 0, sizeof(*plan));
    plan->chunk_bytes = CHUNK_START_BYTES;
    plan->dense_bytes = DENSE_START_BYTES;
    eb_regions_init(&plan->regions, range);
    for (size_t i = 0; i < EB_ORIGIN_COUNT; i++) {
        plan->guesses[i].size = GUESS_START_BYTES;
    }
}

/* `bytes` within [min, the largest step]. */
static uint32_t step_size(double bytes, uint32_t min)
{
    if (bytes >= EB_PLAN_STEP_MAX_BYTES) {
        return EB_PLAN_STEP_MAX_BYTES;
    }
    return bytes < min ? min : (uint32_t)bytes;
}

static void set_edge(eb_read_plan_guess_t *state, uint64_t addr, bool as_guessed)
{
    state->edge = as_guessed ? EB_EDGE_YES : EB_EDGE_NO;
    state->edge_addr = addr;
}

/* -- guesses ------------------------------------------------------------------------------- */

/* How far the guess reaches from addr on; 0: there is none. */
static uint32_t guess_reach(const eb_read_plan_t *plan, eb_origin_t guess, uint32_t addr)
{
    eb_range_t run = {0, 0};

    if (guess == EB_ORIGIN_RESUMED && plan->resumable != NULL) {
        (void)eb_verified_map_next_verified(plan->resumable, addr, &run);
    } else if (guess == EB_ORIGIN_EARLIER) {
        run = plan->earlier;
    } else if (guess == EB_ORIGIN_ERASED &&
               eb_region_at(&plan->regions, addr)->erased != EB_LIKELY_NO) {
        run = eb_region_at(&plan->regions, addr)->range;
    }
    if (run.size == 0 || run.addr > addr || eb_range_end(run) <= addr) {
        return 0;
    }
    return (uint32_t)(eb_range_end(run) - addr);
}

static double guess_chance(const eb_read_plan_t *plan, eb_origin_t guess, uint32_t addr)
{
    const eb_read_plan_guess_t *state = &plan->guesses[guess];
    const eb_region_t *region = eb_region_at(&plan->regions, addr);
    eb_edge_t edge = state->edge_addr == addr ? state->edge : EB_EDGE_UNKNOWN;

    if (guess == EB_ORIGIN_RESUMED) {
        return edge == EB_EDGE_NO ? 0.5 : 0.95;
    }
    if (guess == EB_ORIGIN_EARLIER) {
        return edge == EB_EDGE_NO ? 0.2 : 0.9;
    }
    if (addr == region->range.addr) {
        edge = EB_EDGE_UNKNOWN; /* what lies before is another thing */
    }
    if (edge == EB_EDGE_UNKNOWN) {
        return region->erased == EB_LIKELY_YES ? 0.9 : 0.5;
    }
    if (edge == EB_EDGE_YES) {
        return 0.9;
    }
    /* The longer it was dense, the longer it will be. */
    return plan->dense_bytes > DENSE_START_BYTES ? 0.1 * DENSE_START_BYTES / plan->dense_bytes
                                                 : 0.1;
}

/* Large enough that round trips are a twentieth of the time; larger would only cost more when it is
 * wrong. */
static uint32_t guess_cap(const eb_read_plan_t *plan)
{
    const eb_link_speed_t *speed = &plan->speed;
    double bytes = speed->digest_s_per_byte > 0
                       ? 20 * speed->round_trip_s / speed->digest_s_per_byte
                       : EB_PLAN_STEP_MAX_BYTES;

    return step_size(bytes, GUESS_START_BYTES);
}

static bool is_worth_it(const eb_read_plan_t *plan, double chance, uint32_t size)
{
    const eb_link_speed_t *speed = &plan->speed;
    double digest_s = speed->round_trip_s + (double)size * speed->digest_s_per_byte;
    double read_s = speed->round_trip_s + (double)size * speed->read_s_per_byte;

    return chance * read_s > digest_s;
}

/* Let a range end on a multiple of 64 KiB or 4 KiB where it can, so that later ones lie well; and
 * on a unit of the map always, because the map counts no part of one. */
static uint32_t aligned_size(uint32_t addr, uint32_t size)
{
    static const uint32_t steps[] = {64u * 1024u, EB_SECTOR_BYTES, EB_MAP_UNIT_BYTES};
    uint64_t end = (uint64_t)addr + size;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        uint64_t rounded = end - end % steps[i];
        bool unit = steps[i] == EB_MAP_UNIT_BYTES;
        if (size >= steps[i] && rounded > addr && (unit || rounded - addr > size / 2)) {
            return (uint32_t)(rounded - addr);
        }
    }
    return size;
}

/* Cut to whole units of the map, which counts no part of one; 0: less than one. */
static uint32_t whole_units(eb_range_t open, uint32_t size)
{
    uint64_t end = (uint64_t)open.addr + size;

    if (size >= open.size) {
        return open.size;
    }
    end -= end % EB_MAP_UNIT_BYTES;
    return end > open.addr ? (uint32_t)(end - open.addr) : 0;
}

static bool try_guess(const eb_read_plan_t *plan, eb_origin_t guess, eb_range_t open,
                      eb_read_plan_step_t *step)
{
    const eb_read_plan_guess_t *state = &plan->guesses[guess];

    if (open.addr < state->not_before || (plan->only_resumed && guess != EB_ORIGIN_RESUMED)) {
        return false;
    }
    uint32_t size = eb_min_u32(guess_reach(plan, guess, open.addr), open.size);
    if (size > state->size) {
        size = aligned_size(open.addr, state->size);
    }
    size = whole_units(open, size);
    if (size == 0 || !is_worth_it(plan, guess_chance(plan, guess, open.addr), size)) {
        return false;
    }
    *step = (eb_read_plan_step_t){guess, {open.addr, size}};
    return true;
}

/* The first half of what is known to hold a difference. */
static bool try_search(eb_read_plan_t *plan, eb_range_t open, eb_read_plan_step_t *step)
{
    eb_range_t search = eb_range_common(plan->search, open);
    bool same = search.size == plan->search.size && search.addr == open.addr;

    if (plan->search.size == 0) {
        return false;
    }
    if (same && search.size > GUESS_MIN_BYTES) {
        uint32_t half = search.size / 2;
        half = half < GUESS_MIN_BYTES ? GUESS_MIN_BYTES : half;
        uint64_t end = (uint64_t)search.addr + half;
        half = end % EB_SECTOR_BYTES < half ? half - (uint32_t)(end % EB_SECTOR_BYTES) : half;
        if (half < search.size && is_worth_it(plan, 0.5, half)) {
            *step = (eb_read_plan_step_t){plan->search_guess, {search.addr, half}};
            return true;
        }
    }
    /* Found, or too dear to go on: the difference lies in what is read now. */
    plan->guesses[plan->search_guess].not_before = eb_range_end(plan->search);
    plan->dense_bytes =
        plan->search_guess == EB_ORIGIN_ERASED ? 4 * EB_SECTOR_BYTES : plan->search.size;
    plan->search.size = 0;
    return false;
}

void eb_read_plan_guessed(eb_read_plan_t *plan, const eb_read_plan_step_t *step, bool right)
{
    eb_read_plan_guess_t *state = &plan->guesses[step->guess];
    uint64_t end = eb_range_end(step->range);
    bool searching = plan->search.size > 0;
    bool run = guess_chance(plan, step->guess, step->range.addr) >= 0.5;

    if (right) {
        state->size = eb_min_u32(state->size * 2, guess_cap(plan));
        set_edge(state, end, true);
        plan->high = eb_max_u64(end, plan->high);
        if (searching) {
            plan->search.addr += step->range.size;
            plan->search.size -= step->range.size;
        }
        return;
    }
    state->size = GUESS_START_BYTES;
    if (searching || (run && step->range.size > GUESS_MIN_BYTES)) {
        plan->search = step->range;
        plan->search_guess = step->guess;
        return;
    }
    state->not_before = end;
    /* A change is often shorter than the guess that met it: what is read next tells more. */
    uint64_t read_end = (uint64_t)step->range.addr + plan->dense_bytes;
    if (step->guess == EB_ORIGIN_EARLIER && read_end < end) {
        state->not_before = read_end;
    }
    set_edge(state, end, false);
}

/* -- reads --------------------------------------------------------------------------------- */

static uint32_t chunk_cap(const eb_read_plan_t *plan)
{
    double bytes = plan->speed.read_s_per_byte > 0 ? CHUNK_MAX_SECONDS / plan->speed.read_s_per_byte
                                                   : EB_PLAN_STEP_MAX_BYTES;

    return step_size(bytes, CHUNK_CAP_MIN_BYTES);
}

/* Stop where another guess begins that may be good. */
static uint32_t clip_at_guess(const eb_read_plan_t *plan, uint32_t addr, uint32_t size)
{
    uint64_t end = (uint64_t)addr + size;
    eb_range_t run;

    if (plan->resumable != NULL &&
        eb_verified_map_next_verified(plan->resumable, (uint64_t)addr + 1, &run) &&
        run.addr > addr && run.addr < end &&
        run.addr >= plan->guesses[EB_ORIGIN_RESUMED].not_before) {
        end = run.addr;
    }
    if (plan->only_resumed) {
        return (uint32_t)(end - addr);
    }
    if (plan->earlier.size > 0 && plan->earlier.addr > addr && plan->earlier.addr < end) {
        end = plan->earlier.addr;
    }
    for (size_t i = 0; i < plan->regions.count; i++) {
        const eb_region_t *region = &plan->regions.list[i];
        if (region->erased != EB_LIKELY_NO && region->range.addr > addr &&
            region->range.addr < end) {
            end = region->range.addr;
        }
    }
    return (uint32_t)(end - addr);
}

static void plan_read(const eb_read_plan_t *plan, eb_range_t open, eb_read_plan_step_t *step)
{
    uint32_t size = eb_min_u32(open.size, plan->chunk_bytes);

    size = eb_min_u32(size, chunk_cap(plan));
    if (open.addr < plan->high) {
        size = (uint32_t)eb_min_u64(size, plan->high - open.addr);
    } else {
        size = clip_at_guess(plan, open.addr, eb_min_u32(size, plan->dense_bytes));
    }
    if (size < open.size) {
        size = whole_units(open, aligned_size(open.addr, size));
    }
    if (size == 0) {
        uint32_t unit = EB_MAP_UNIT_BYTES - open.addr % EB_MAP_UNIT_BYTES;
        size = eb_min_u32(open.size, unit);
    }
    *step = (eb_read_plan_step_t){EB_ORIGIN_NONE, {open.addr, size}};
}

bool eb_read_plan_next(eb_read_plan_t *plan, const eb_verified_map_t *map,
                       eb_read_plan_step_t *step)
{
    eb_range_t open;

    memset(step, 0, sizeof(*step));
    if (!eb_verified_map_next_open(map, 0, &open)) {
        return false;
    }
    if (open.addr >= plan->high) {
        if (try_search(plan, open, step)) {
            return true;
        }
        for (size_t i = 0; i < EB_PLAN_GUESSES; i++) {
            if (try_guess(plan, eb_plan_guesses[i], open, step)) {
                return true;
            }
        }
    }
    plan_read(plan, open, step);
    return true;
}

void eb_read_plan_was_read(eb_read_plan_t *plan, const eb_read_plan_step_t *step, bool as_erased,
                           bool as_earlier)
{
    uint64_t end = eb_range_end(step->range);

    plan->high = eb_max_u64(end, plan->high);
    set_edge(&plan->guesses[EB_ORIGIN_ERASED], end, as_erased);
    set_edge(&plan->guesses[EB_ORIGIN_EARLIER], end, as_earlier);
    plan->chunk_bytes = eb_min_u32(plan->chunk_bytes * 2, EB_PLAN_STEP_MAX_BYTES);
    plan->dense_bytes = eb_min_u32(plan->dense_bytes * 2, EB_PLAN_STEP_MAX_BYTES);
}

void eb_read_plan_read_failed(eb_read_plan_t *plan, const eb_read_plan_step_t *step,
                              uint32_t received)
{
    uint64_t end = (uint64_t)step->range.addr + received + EB_MAP_UNIT_BYTES - 1;

    end -= end % EB_MAP_UNIT_BYTES;
    plan->high = eb_max_u64(end, plan->high);
    plan->chunk_bytes = eb_min_u32(plan->chunk_bytes, step->range.size) / 4;
    if (plan->chunk_bytes < CHUNK_MIN_BYTES) {
        plan->chunk_bytes = CHUNK_MIN_BYTES;
    }
}
