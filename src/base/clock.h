/* clock.h: the monotonic clock, deadlines on it, and wall-clock text. */
#ifndef EB_BASE_CLOCK_H
#define EB_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_TIME_TEXT_BYTES 24 /* "2026-11-21T10:15:00Z" */

int64_t eb_clock_ms(void); /* monotonic; deadlines are points on it */

/* clock_system.c. All waiting goes by these two or by a descriptor; tests link a held clock
 * instead.
 */
int64_t eb_clock_us(void);
void eb_sleep_ms(int64_t ms);

/* Milliseconds left until the deadline, never negative. */
int64_t eb_clock_left_ms(int64_t deadline_ms);

/* "2026-11-21T10:15:00Z" (EB_TIME_TEXT_BYTES) and local "20261121_101500" (16 bytes). */
void eb_clock_utc_text(int64_t unix_seconds, char *out, size_t cap);
void eb_clock_local_stamp(int64_t unix_seconds, char *out, size_t cap);
/* What eb_clock_utc_text made; false: it is something else. */
bool eb_clock_read_utc(const char *text, int64_t *unix_seconds);
int64_t eb_clock_unix(void); /* ignores SOURCE_DATE_EPOCH, because a backup has a real time */

#endif
