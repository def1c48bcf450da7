/* human.c: numbers for people. */
#include "human.h"

#include "clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define KB 1024.0
#define MB (1024.0 * 1024.0)

/* One decimal, none where it would say nothing. */
static void scaled(double value, const char *unit, char out[EB_HUMAN_BYTES])
{
    char digits[EB_HUMAN_BYTES];

    snprintf(digits, sizeof(digits), "%.*f", value < 99.95 ? 1 : 0, value);
    size_t len = strlen(digits);
    if (len > 2 && strcmp(digits + len - 2, ".0") == 0) {
        digits[len - 2] = '\0';
    }
    snprintf(out, EB_HUMAN_BYTES, "%.20s %s", digits, unit);
}

void eb_human_size(uint64_t bytes, char out[EB_HUMAN_BYTES])
{
    if (bytes == 1) {
        snprintf(out, EB_HUMAN_BYTES, "1 byte");
    } else if (bytes < 1024) {
        snprintf(out, EB_HUMAN_BYTES, "%" PRIu64 " bytes", bytes);
    } else if (bytes < 1024 * 1024) {
        scaled((double)bytes / KB, "KB", out);
    } else {
        scaled((double)bytes / MB, "MB", out);
    }
}

void eb_human_part(uint64_t done, uint64_t total, char out[EB_HUMAN_BYTES])
{
    char size[EB_HUMAN_BYTES];

    eb_human_size(total, size);
    if (total < 1024) {
        snprintf(out, EB_HUMAN_BYTES, "%u of %.16s", (unsigned)done, size);
    } else {
        snprintf(out, EB_HUMAN_BYTES, "%.1f of %.16s",
                 (double)done / ((double)total < MB ? KB : MB), size);
    }
}

void eb_human_rate(double bytes_per_second, char out[EB_HUMAN_BYTES])
{
    if (!(bytes_per_second > 0)) {
        snprintf(out, EB_HUMAN_BYTES, "-");
    } else if (bytes_per_second < MB) {
        snprintf(out, EB_HUMAN_BYTES, "%.1f KB/s", bytes_per_second / KB);
    } else {
        snprintf(out, EB_HUMAN_BYTES, "%.1f MB/s", bytes_per_second / MB);
    }
}

void eb_human_clock(int64_t seconds, char out[EB_HUMAN_BYTES])
{
    int64_t s = seconds < 0 ? 0 : seconds;

    if (s < 3600) {
        snprintf(out, EB_HUMAN_BYTES, "%" PRId64 ":%02" PRId64, s / 60, s % 60);
    } else {
        snprintf(out, EB_HUMAN_BYTES, "%" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600, s / 60 % 60,
                 s % 60);
    }
}

void eb_human_seconds(double seconds, char out[EB_HUMAN_BYTES])
{
    if (seconds < 9.95) {
        snprintf(out, EB_HUMAN_BYTES, "%.1f s", seconds < 0 ? 0.0 : seconds);
        return;
    }
    int64_t s = (int64_t)(seconds + 0.5);
    if (s < 60) {
        snprintf(out, EB_HUMAN_BYTES, "%" PRId64 " s", s);
    } else {
        snprintf(out, EB_HUMAN_BYTES, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
    }
}

void eb_human_local_time(const char *utc, char out[EB_HUMAN_BYTES])
{
    struct tm local;
    int64_t seconds;

    snprintf(out, EB_HUMAN_BYTES, "-");
    if (!eb_clock_read_utc(utc, &seconds)) {
        return;
    }
    const time_t when = (time_t)seconds;
    if (localtime_r(&when, &local) == NULL) {
        return;
    }
    if (strftime(out, EB_HUMAN_BYTES, "%Y-%m-%d %H:%M", &local) == 0) {
        snprintf(out, EB_HUMAN_BYTES, "-");
    }
}

unsigned eb_human_percent(uint64_t done, uint64_t total)
{
    if (total == 0 || done >= total) {
        return 100;
    }
    return (unsigned)(100.0 * (double)done / (double)total);
}

void eb_human_used(uint64_t used, uint64_t size, char out[EB_HUMAN_BYTES])
{
    const unsigned percent = eb_human_percent(used, size);

    if (used == 0) {
        snprintf(out, EB_HUMAN_BYTES, "erased");
    } else {
        snprintf(out, EB_HUMAN_BYTES, "%u %%", percent > 0 ? percent : 1);
    }
}
