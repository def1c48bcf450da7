#include "write_report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAMED_MAX   2   /* ranges of one state; the result holds all of them */
#define CAUSE_CHARS 200 /* so that the ranges have room */

typedef struct text {
    char chars[EB_ERR_TEXT_BYTES];
    size_t used;
} text_t;

static void add(text_t *text, const char *format, ...) EB_PRINTF(2, 3);

static void add(text_t *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(text->chars + text->used, sizeof(text->chars) - text->used, format, args);
    va_end(args);
    if (len > 0) {
        text->used += (size_t)len;
        text->used = text->used < sizeof(text->chars) ? text->used : sizeof(text->chars) - 1;
    }
}

static void add_state(text_t *text, const eb_spans_t *spans, eb_span_state_t state,
                      const char *words)
{
    unsigned count = 0;

    for (size_t i = 0; i < spans->count; i++) {
        const eb_flash_span_t *span = &spans->spans[i];
        if (span->state != state) {
            continue;
        }
        if (count == 0) {
            add(text, "; %s: ", words);
        }
        if (count < NAMED_MAX) {
            add(text, "%s0x%x + 0x%x", count > 0 ? ", " : "", span->addr, span->size);
        }
        count++;
    }
    if (count > NAMED_MAX) {
        add(text, " and %u more, %llu bytes in all", count - NAMED_MAX,
            (unsigned long long)eb_spans_bytes(spans, state));
    }
}

eb_code_t eb_write_unfinished(const eb_spans_t *spans, const eb_err_t *cause, eb_err_t *err)
{
    text_t text = {.used = 0};

    /* Where it was stopped is no cause, and the ranges tell it. */
    add(&text, "%.*s", CAUSE_CHARS, cause->code == EB_ERR_CANCELLED ? "stopped" : cause->message);
    add_state(&text, spans, EB_SPAN_UNKNOWN, "unknown");
    add_state(&text, spans, EB_SPAN_WRITTEN, "written, not verified");
    add_state(&text, spans, EB_SPAN_OLD, "old");
    add_state(&text, spans, EB_SPAN_NEW, "new");
    (void)eb_err_set(err, EB_ERR_UNFINISHED, "%s", text.chars);
    if (err != NULL) {
        err->os_errno = cause->os_errno;
        err->device_status = cause->device_status;
    }
    eb_err_hint(err, "%s", cause->hint);
    /* A lost server has words of its own. */
    eb_err_reason(err, cause->code == EB_ERR_PORT_LOST && cause->hint[0] == '\0' ? EB_REASON_PLUG_IN
                                                                                 : cause->reason);
    return EB_ERR_UNFINISHED;
}

void eb_write_report(const eb_write_engine_t *engine)
{
    const eb_link_speed_t *speed = &engine->ahead.speed;

    eb_cost_tell(&engine->ahead.digest_cost, "compared", "digest", engine->ev);
    if (engine->ahead.skipped_bytes > 0) {
        eb_event_note(engine->ev, EB_LEVEL_DETAIL,
                      "not compared, for what lies around differs: %" PRIu64 " bytes",
                      engine->ahead.skipped_bytes);
    }
    if (engine->bytes_erased > 0) {
        eb_event_note(engine->ev, EB_LEVEL_DETAIL, "erased: %" PRIu64 " bytes, %.2f s",
                      engine->bytes_erased, (double)engine->erase_us / 1e6);
    }
    if (engine->bytes_written > 0) {
        eb_event_note(engine->ev, EB_LEVEL_DETAIL,
                      "written: %" PRIu64 " bytes, %" PRIu64 " over the wire, %.2f s",
                      engine->bytes_written, engine->wire_bytes, (double)engine->write_us / 1e6);
    }
    eb_cost_tell(&engine->verify_cost.digest_cost, "verified", "digest", engine->ev);
    eb_event_note(engine->ev, EB_LEVEL_DETAIL, "measured: digest %.2f s a MB, round trip %.1f ms",
                  speed->digest_s_per_byte * 1048576.0, speed->round_trip_s * 1e3);
}
