#include "link_speed.h"

#include "clock.h"

#include <inttypes.h>

/* Until measured: an adapter of the slower sort, and a chip that hashes slowly. */
#define ROUND_TRIP_GUESS_S   0.004
#define DIGEST_GUESS_S_BYTE  (2.7 / (1024.0 * 1024.0))
#define USB_READ_GUESS_BYTES 145000.0  /* bytes a second of USB-Serial/JTAG, as measured */
#define CHIP_SENDS_MAX_BYTES 1200000.0 /* bytes a second of full-speed USB in bulk */
#define MEASURE_MIN_BYTES    16384u
#define ROUND_TRIP_MAX_BYTES 4096u
#define MEASURE_WEIGHT       0.25

double eb_link_speed_floor_s(const eb_session_t *session)
{
    eb_session_stats_t stats;

    eb_session_get_stats(session, &stats);
    bool has_rate = eb_port_traits(stats.port_kind)->has_rate && stats.baud > 0;
    return has_rate ? 10.0 / stats.baud : 1.0 / CHIP_SENDS_MAX_BYTES;
}

eb_link_speed_t eb_link_speed_guess(const eb_session_t *session)
{
    double read_s = eb_link_speed_floor_s(session);

    if (read_s <= 1.0 / CHIP_SENDS_MAX_BYTES) {
        read_s = 1.0 / USB_READ_GUESS_BYTES;
    }
    return (eb_link_speed_t){read_s, DIGEST_GUESS_S_BYTE, ROUND_TRIP_GUESS_S};
}

/* A small digest is mostly a round trip. */
void eb_link_speed_learn_round_trip(eb_link_speed_t *speed, uint32_t size, int64_t started_us)
{
    double took_s = (double)(eb_clock_us() - started_us) / 1e6 - size * speed->digest_s_per_byte;

    if (size <= ROUND_TRIP_MAX_BYTES && took_s > 0) {
        speed->round_trip_s += MEASURE_WEIGHT * (took_s - speed->round_trip_s);
    }
}

void eb_link_speed_learn_bytes(double *s_per_byte, const eb_link_speed_t *speed, uint32_t size,
                               int64_t started_us)
{
    if (size < MEASURE_MIN_BYTES) {
        return;
    }
    double took_s = (double)(eb_clock_us() - started_us) / 1e6 - speed->round_trip_s;
    double now = (took_s > 0 ? took_s : 0) / size;
    *s_per_byte += MEASURE_WEIGHT * (now - *s_per_byte);
}

void eb_cost_add(eb_cost_t *cost, uint64_t bytes, int64_t us)
{
    cost->calls++;
    cost->bytes += bytes;
    cost->us += us;
}

void eb_cost_tell(const eb_cost_t *cost, const char *what, const char *call, const eb_events_t *ev)
{
    if (cost->calls > 0) {
        eb_event_note(ev, EB_LEVEL_DETAIL, "%s: %" PRIu64 " bytes by %" PRIu32 " %s%s, %.2f s",
                      what, cost->bytes, cost->calls, call, cost->calls == 1 ? "" : "s",
                      (double)cost->us / 1e6);
    }
}
