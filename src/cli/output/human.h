/* human.h: sizes, rates, durations and times as people read them. K is 1024, as on the way in. */
#ifndef EB_OUTPUT_HUMAN_H
#define EB_OUTPUT_HUMAN_H

#include <stddef.h>
#include <stdint.h>

#define EB_HUMAN_BYTES 32

/* "512 bytes", "24 KB", "1.5 MB", "4 MB". */
void eb_human_size(uint64_t bytes, char out[EB_HUMAN_BYTES]);
/* "1.0 of 4 MB": in the unit of the whole. */
void eb_human_part(uint64_t done, uint64_t total, char out[EB_HUMAN_BYTES]);
/* "87.6 KB/s"; 0 gives "-". */
void eb_human_rate(double bytes_per_second, char out[EB_HUMAN_BYTES]);
/* "0:07", "12:05", "1:02:03". */
void eb_human_clock(int64_t seconds, char out[EB_HUMAN_BYTES]);
/* "0.4 s", "14 s", "2 min 5 s". */
void eb_human_seconds(double seconds, char out[EB_HUMAN_BYTES]);
/* "2026-11-21T10:15:00Z" to local "2026-11-21 11:15"; text that is not such a time gives "-". */
void eb_human_local_time(const char *utc, char out[EB_HUMAN_BYTES]);
/* 31; never 100 before it is all. */
unsigned eb_human_percent(uint64_t done, uint64_t total);
/* "25 %"; "erased" when nothing is used, and never 0 % else. */
void eb_human_used(uint64_t used, uint64_t size, char out[EB_HUMAN_BYTES]);

#endif
