#include "clock.h"

#include <stdio.h>
#include <string.h>
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

/* Not every system has timegm: years begin in March here, so that a leap day is their last. */
static int64_t days_since_1970(int year, int month, int day)
{
    const int y = month <= 2 ? year - 1 : year;
    const int from_march = (month + 9) % 12;

    return INT64_C(365) * y + y / 4 - y / 100 + y / 400 + (153 * from_march + 2) / 5 + day - 1 -
           719468;
}

bool eb_clock_read_utc(const char *text, int64_t *unix_seconds)
{
    char back[EB_TIME_TEXT_BYTES];
    int year, month, day, hour, minute, second;

    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &year, &month, &day, &hour, &minute, &second) !=
        6) {
        return false;
    }
    *unix_seconds =
        days_since_1970(year, month, day) * 86400 + hour * INT64_C(3600) + minute * 60 + second;
    eb_clock_utc_text(*unix_seconds, back, sizeof(back));
    return strcmp(text, back) == 0;
}
