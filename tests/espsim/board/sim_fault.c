/*
 * sim_fault.c: see sim_fault.h. The kinds of fault are those that users of serial flashers report:
 * flipped and lost bytes of bad cables and adapters, brown-outs in the middle, a plug that is
 * pulled.
 */
#include "sim_fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_fault_init(sim_fault_t *f)
{
    memset(f, 0, sizeof(*f));
    f->dir[SIM_TO_HOST] = f->dir[SIM_TO_CHIP] = true;
    f->stall_ms = 100;
    f->max = UINT64_MAX;
}

const char *sim_event_name(sim_event_t event)
{
    switch (event) {
    case SIM_EVENT_NONE:
        return "none";
    case SIM_EVENT_RESET:
        return "reset";
    case SIM_EVENT_UNPLUG:
        return "unplug";
    case SIM_EVENT_HANGUP:
        return "hangup";
    case SIM_EVENT_DEAF:
        return "deaf";
    case SIM_EVENT_INTERRUPT:
        return "interrupt";
    }
    return "?";
}

static bool fail(char *why, size_t why_size, const char *item, const char *expected)
{
    snprintf(why, why_size, "--fault: '%s': expected %s", item, expected);
    return false;
}

/* 5000, 64K, 1M; *end is left at what follows. */
static bool parse_count(const char *text, char **end, uint64_t *value)
{
    unsigned long long number;

    if (*text < '0' || *text > '9') {
        return false;
    }
    number = strtoull(text, end, 0);
    if (**end == 'K' || **end == 'k') {
        number *= 1024, (*end)++;
    } else if (**end == 'M') {
        number *= 1024 * 1024, (*end)++;
    }
    *value = number;
    return true;
}

static bool parse_event(sim_fault_t *f, const char *item, char *why, size_t why_size)
{
    sim_fault_event_t event = {SIM_EVENT_NONE, 0, 0, 0, 0};
    size_t name_size = strcspn(item, "@-=");
    sim_event_t kind;
    char *end;
    bool every = false, ok;

    for (kind = SIM_EVENT_RESET; kind <= SIM_EVENT_INTERRUPT; kind++) {
        if (strlen(sim_event_name(kind)) == name_size &&
            strncmp(item, sim_event_name(kind), name_size) == 0) {
            event.kind = kind;
        }
    }
    every = strncmp(item + name_size, "-every=", 7) == 0;
    if (event.kind == SIM_EVENT_NONE || (!every && item[name_size] != '@')) {
        return fail(why, why_size, item,
                    "flip=, drop=, dup=, insert=, stall=, stall-ms=, above=, or "
                    "reset|unplug|hangup|deaf|interrupt with @BYTES, @FROM-TO, -every=BYTES");
    }
    if (f->event_count == SIM_FAULT_EVENTS_MAX) {
        return fail(why, why_size, item, "at most 32 events");
    }
    ok = parse_count(item + name_size + (every ? 7 : 1), &end, &event.from);
    event.to = event.from;
    if (ok && !every && *end == '-') {
        ok = parse_count(end + 1, &end, &event.to);
    }
    if (!ok || *end != '\0' || event.from == 0 || event.to < event.from) {
        return fail(why, why_size, item, "a number of bytes above 0");
    }
    if (every) {
        event.every = event.from;
    }
    f->events[f->event_count++] = event;
    return true;
}

static bool parse_item(sim_fault_t *f, const char *item, char *why, size_t why_size)
{
    struct {
        const char *name;
        double *value;
    } rates[] = {{"flip=", &f->flip},
                 {"drop=", &f->drop},
                 {"dup=", &f->dup},
                 {"insert=", &f->insert},
                 {"stall=", &f->stall}};
    char *end;

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        size_t n = strlen(rates[i].name);
        if (strncmp(item, rates[i].name, n) == 0) {
            double value = strtod(item + n, &end);
            if (end == item + n || *end != '\0' || !(value >= 0.0 && value <= 1.0)) {
                return fail(why, why_size, item, "a probability from 0 to 1");
            }
            *rates[i].value = value;
            return true;
        }
    }
    if (strncmp(item, "stall-ms=", 9) == 0) {
        if (!parse_count(item + 9, &end, &f->stall_ms) || *end != '\0') {
            return fail(why, why_size, item, "milliseconds");
        }
        return true;
    }
    if (strncmp(item, "above=", 6) == 0) {
        if (!parse_count(item + 6, &end, &f->above) || *end != '\0') {
            return fail(why, why_size, item, "a baud rate");
        }
        return true;
    }
    return parse_event(f, item, why, why_size);
}

bool sim_fault_parse(sim_fault_t *f, const char *text, char *why, size_t why_size)
{
    char *copy = strdup(text), *rest = copy, *item;
    bool ok = copy != NULL;

    while (ok && (item = strsep(&rest, ",")) != NULL) {
        ok = *item == '\0' || parse_item(f, item, why, why_size);
    }
    free(copy);
    return ok;
}

/* Uniform in 1 .. 2*mean-1: the mean is `every`, and two events never fall on one byte. */
static uint64_t draw_gap(sim_rng_t *rng, uint64_t every)
{
    return 1 + sim_rng_next(rng) % (2 * every - 1);
}

void sim_fault_start(sim_fault_t *f)
{
    for (unsigned dir = 0; dir < SIM_DIR_COUNT; dir++) {
        sim_rng_seed(&f->rng[dir], f->seed, 0x100 + dir);
    }
    sim_rng_seed(&f->event_rng, f->seed, 0x110);
    for (size_t i = 0; i < f->event_count; i++) {
        sim_fault_event_t *e = &f->events[i];
        if (e->every > 0) {
            e->next = draw_gap(&f->event_rng, e->every);
        } else {
            e->next = e->from + sim_rng_next(&f->event_rng) % (e->to - e->from + 1);
        }
    }
}

bool sim_fault_active(const sim_fault_t *f)
{
    return f->event_count > 0 || f->flip > 0 || f->drop > 0 || f->dup > 0 || f->insert > 0 ||
           f->stall > 0;
}

static sim_event_t next_event(sim_fault_t *f, sim_dir_t dir)
{
    for (size_t i = 0; i < f->event_count; i++) {
        sim_fault_event_t *e = &f->events[i];
        sim_fault_counts_t *counts = &f->counts[dir];
        if (e->next == 0 || f->event_seen < e->next || f->done >= f->max) {
            continue;
        }
        e->next = e->every > 0 ? e->next + draw_gap(&f->event_rng, e->every) : 0;
        f->done++;
        counts->resets += e->kind == SIM_EVENT_RESET;
        counts->unplugs += e->kind == SIM_EVENT_UNPLUG;
        counts->hangups += e->kind == SIM_EVENT_HANGUP;
        return e->kind;
    }
    return SIM_EVENT_NONE;
}

/* One draw decides which fault, if any: a byte suffers at most one. */
static void byte_fault(sim_fault_t *f, sim_dir_t dir, sim_fault_result_t *r)
{
    sim_fault_counts_t *counts = &f->counts[dir];
    double u = sim_rng_unit(&f->rng[dir]);
    uint64_t more;

    if (u >= f->flip + f->drop + f->dup + f->insert + f->stall) {
        return;
    }
    more = sim_rng_next(&f->rng[dir]);
    f->done++;
    if (u < f->flip) {
        r->out[0] = (uint8_t)(r->out[0] ^ (1U << (more & 7)));
        counts->flips++;
    } else if (u < f->flip + f->drop) {
        r->count = 0;
        counts->drops++;
    } else if (u < f->flip + f->drop + f->dup) {
        r->out[r->count++] = r->out[0];
        counts->dups++;
    } else if (u < f->flip + f->drop + f->dup + f->insert) {
        r->out[r->count++] = (uint8_t)more;
        counts->inserts++;
    } else {
        r->stall_ms = f->stall_ms;
        counts->stalls++;
    }
}

void sim_fault_byte(sim_fault_t *f, sim_dir_t dir, uint8_t byte, sim_fault_result_t *result)
{
    result->out[0] = byte;
    result->count = 1;
    result->stall_ms = 0;
    result->event = SIM_EVENT_NONE;
    f->seen[dir]++;
    if (!f->dir[dir] || f->seen[dir] <= f->after) {
        return;
    }
    f->event_seen++;
    if (f->done < f->max && (f->above == 0 || f->baud > f->above)) {
        byte_fault(f, dir, result);
    }
    result->event = next_event(f, dir);
}
