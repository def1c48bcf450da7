#include "read_stats.h"

#define MIB 1048576.0

static const char *const words[EB_SPENT_COUNT] = {
    [EB_SPENT_READ] = "read",           [EB_SPENT_READ_LOST] = "read and damaged on the line",
    [EB_SPENT_WRONG] = "wrong guesses", [EB_SPENT_SALVAGE] = "pieces of damaged reads",
    [EB_SPENT_SPOT] = "address checks",
};

static const char *words_of(int row)
{
    int guess = row - EB_SPENT_GUESSED;

    return guess >= 0 && guess < EB_GUESS_COUNT ? eb_origin_text(eb_guess_origin((eb_guess_t)guess))
                                                : words[row];
}

void eb_read_stats_tell(const eb_cost_t spent[EB_SPENT_COUNT], const eb_link_speed_t *speed,
                        const eb_events_t *ev)
{
    for (int i = 0; i < EB_SPENT_COUNT; i++) {
        eb_cost_tell(&spent[i], words_of(i), i <= EB_SPENT_READ_LOST ? "read" : "digest", ev);
    }
    eb_event_note(ev, EB_LEVEL_DETAIL,
                  "measured: reading %.2f s a MB, digest %.2f s a MB, round trip %.1f ms",
                  speed->read_s_per_byte * MIB, speed->digest_s_per_byte * MIB,
                  speed->round_trip_s * 1e3);
}
