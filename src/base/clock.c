#include "clock.h"

#include <time.h>

int64_t eb_clock_ms(void)
{
    return eb_clock_us() / 1000;
}

int64_t eb_clock_left_ms(int64_t deadline_ms)
{
    const int64_t now = eb_clock_ms();

    return deadline_ms > now ? deadline_ms - now : 0;
}

int64_t eb_clock_unix(void)
{
    return (int64_t)time(NULL);
}

void eb_clock_utc_text(int64_t unix_seconds, char *out, size_t cap)
{
    const time_t when = (time_t)unix_seconds;
    struct tm parts;

    if (cap == 0) {
        return;
    }
    out[0] = '\0';
    if (gmtime_r(&when, &parts) == NULL || strftime(out, cap, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        out[0] = '\0';
    }
}

void eb_clock_local_stamp(int64_t unix_seconds, char *out, size_t cap)
{
    const time_t when = (time_t)unix_seconds;
    struct tm parts;

    if (cap == 0) {
        return;
    }
    out[0] = '\0';
    if (localtime_r(&when, &parts) == NULL || strftime(out, cap, "%Y%m%d_%H%M%S", &parts) == 0) {
        out[0] = '\0';
    }
}
