#include "account.h"

#include <inttypes.h>

#define MIB 1048576.0

static const struct {
    const char *what, *call;
} words[EB_SPENT_COUNT] = {
    [EB_SPENT_READ] = {"read", "read"},
    [EB_SPENT_READ_LOST] = {"read, and damaged on the way", "read"},
    [EB_SPENT_GUESSED + EB_GUESS_RESUMED] = {"from the run before", "digest"},
    [EB_SPENT_GUESSED + EB_GUESS_PRIOR] = {"as in the earlier backup", "digest"},
    [EB_SPENT_GUESSED + EB_GUESS_ERASED] = {"erased", "digest"},
    [EB_SPENT_WRONG] = {"guessed wrongly", "digest"},
    [EB_SPENT_SALVAGE] = {"of damaged reads looked at", "digest"},
    [EB_SPENT_SPOT] = {"of it asked for again at its address", "digest"},
};

void eb_account_add(eb_account_t *account, eb_spent_on_t on, uint64_t bytes, int64_t us)
{
    account->rows[on].calls++;
    account->rows[on].bytes += bytes;
    account->rows[on].us += us;
}

void eb_account_tell(const eb_account_t *account, const eb_link_speed_t *speed,
                     const eb_events_t *ev)
{
    for (int i = 0; i < EB_SPENT_COUNT; i++) {
        uint32_t calls = account->rows[i].calls;
        if (calls > 0) {
            eb_event_note(ev, EB_LEVEL_DETAIL, "%s: %" PRIu64 " bytes by %" PRIu32 " %s%s, %.2f s",
                          words[i].what, account->rows[i].bytes, calls, words[i].call,
                          calls == 1 ? "" : "s", (double)account->rows[i].us / 1e6);
        }
    }
    eb_event_note(ev, EB_LEVEL_DETAIL,
                  "measured: reading %.2f s a MB, digest %.2f s a MB, round trip %.1f ms",
                  speed->read_s_per_byte * MIB, speed->digest_s_per_byte * MIB,
                  speed->round_trip_s * 1e3);
}
