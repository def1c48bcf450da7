/* progress.c: one line that says what is done, how fast, and for how long still. */
#include "progress.h"

#include "human.h"

#include <inttypes.h>
#include <string.h>

#define REDRAW_MS      125
#define PLAIN_MS       10000
#define PLAIN_LEAST_MS 1000
#define PLAIN_PERCENT  10
#define SAMPLE_MS      400 /* 16 of them: the rate is that of the last 6 s */
#define RATE_LEAST_MS  300
#define LINE_BYTES     256
#define BAR_MOST       30
#define BAR_LEAST      8

static const char *phase_verb(eb_phase_t phase)
{
    switch (phase) {
    case EB_PHASE_CONNECT:
        return "Connecting";
    case EB_PHASE_STUB:
        return "Loading the stub";
    case EB_PHASE_CHECK:
        return "Checking";
    case EB_PHASE_READ:
        return "Reading";
    case EB_PHASE_ERASE:
        return "Erasing";
    case EB_PHASE_WRITE:
        return "Writing";
    case EB_PHASE_VERIFY:
        return "Verifying";
    case EB_PHASE_HASH:
        return "Hashing";
    }
    return "Working";
}

void eb_progress_init(eb_progress_view_t *view, const eb_term_t *term, const char *where)
{
    *view = (eb_progress_view_t){.term = term, .where = where};
}

static void add_sample(eb_progress_view_t *view, int64_t now_ms)
{
    unsigned count = view->sample_count;
    unsigned newest = (count - 1) % EB_PROGRESS_SAMPLES;

    if (count > 0 && now_ms - view->samples[newest].ms < SAMPLE_MS) {
        return;
    }
    view->samples[count % EB_PROGRESS_SAMPLES].ms = now_ms;
    view->samples[count % EB_PROGRESS_SAMPLES].done = view->now.done;
    view->sample_count++;
}

double eb_progress_rate(const eb_progress_view_t *view, int64_t now_ms)
{
    unsigned count = view->sample_count;

    if (count == 0) {
        return 0;
    }
    unsigned oldest = count > EB_PROGRESS_SAMPLES ? count % EB_PROGRESS_SAMPLES : 0;
    int64_t ms = now_ms - view->samples[oldest].ms;
    if (ms < RATE_LEAST_MS || view->now.done < view->samples[oldest].done) {
        return 0;
    }
    return (double)(view->now.done - view->samples[oldest].done) * 1000.0 / (double)ms;
}

static void connect_line(const eb_progress_view_t *view, char *out, size_t cap)
{
    static const char *const frames[] = {".  ", ".. ", "...", "   "};
    const char *dots = view->term->tty ? frames[view->frame % 4] : "";
    const char *to = view->where != NULL ? " to " : "";
    const char *where = view->where != NULL ? view->where : "";
    int n = snprintf(out, cap, "Connecting%s%s%s", to, where, dots);

    /* The first attempt needs no number. */
    if (n < 0 || (size_t)n >= cap || view->now.done < 1) {
        return;
    }
    uint64_t attempt = view->now.done + (view->now.total == 0 || view->now.done < view->now.total);
    if (view->now.total > 0) {
        snprintf(out + n, cap - (size_t)n, "  attempt %" PRIu64 " of %" PRIu64, attempt,
                 view->now.total);
    } else {
        snprintf(out + n, cap - (size_t)n, "  attempt %" PRIu64 ", until Ctrl-C", attempt);
    }
}

/* "[=====>    ]" of `width` columns, brackets included. */
static void bar_text(uint64_t done, uint64_t total, size_t width, char *out)
{
    size_t inner = width - 2;
    size_t full = total == 0 ? 0 : (size_t)((double)inner * (double)done / (double)total);

    out[0] = '[';
    memset(out + 1, ' ', inner);
    memset(out + 1, '=', full < inner ? full : inner);
    if (full < inner && done > 0) {
        out[1 + full] = '>';
    }
    out[1 + inner] = ']';
    out[2 + inner] = '\0';
}

/* "31 %  1.2 of 4 MB  87.6 KB/s  0:32 left" */
static void numbers_text(const eb_progress_view_t *view, int64_t now_ms, char *out, size_t cap)
{
    char part[EB_HUMAN_BYTES], rate[EB_HUMAN_BYTES], left[EB_HUMAN_BYTES];
    double speed = eb_progress_rate(view, now_ms);

    eb_human_part(view->now.done, view->now.total, part);
    int n =
        snprintf(out, cap, "%3u %%  %s", eb_human_percent(view->now.done, view->now.total), part);
    if (n < 0 || (size_t)n >= cap || !(speed > 0)) {
        return;
    }
    eb_human_rate(speed, rate);
    double seconds = (double)(view->now.total - view->now.done) / speed;
    eb_human_clock(seconds < 359999 ? (int64_t)(seconds + 0.5) : 359999, left);
    snprintf(out + n, cap - (size_t)n, "  %s  %s left", rate, left);
}

static void work_line(const eb_progress_view_t *view, int64_t now_ms, char *out, size_t cap)
{
    char numbers[LINE_BYTES / 2];
    char bar[BAR_MOST + 3] = "";
    const char *verb = phase_verb(view->now.phase);

    if (view->now.total == 0) {
        snprintf(out, cap, "%s", verb);
        return;
    }
    numbers_text(view, now_ms, numbers, sizeof(numbers));
    if (view->term->tty) {
        /* Room for the longest numbers is kept free, so that the bar does not jump. */
        int room = view->term->width - 1 - (int)strlen(verb) - 4 - 42;
        if (room >= BAR_LEAST) {
            bar_text(view->now.done, view->now.total, (size_t)(room < BAR_MOST ? room : BAR_MOST),
                     bar);
        }
    }
    snprintf(out, cap, "%s  %s%s%s", verb, bar, bar[0] != '\0' ? " " : "", numbers);
}

void eb_progress_text(const eb_progress_view_t *view, int64_t now_ms, char *out, size_t cap)
{
    char line[LINE_BYTES];
    size_t width = view->term->tty && view->term->width > 1 ? (size_t)view->term->width - 1 : 0;

    if (view->now.phase == EB_PHASE_CONNECT) {
        connect_line(view, line, sizeof(line));
    } else {
        work_line(view, now_ms, line, sizeof(line));
    }
    eb_term_clean(line, width, out, cap);
}

static void draw(eb_progress_view_t *view, int64_t now_ms)
{
    char line[LINE_BYTES];

    eb_progress_text(view, now_ms, line, sizeof(line));
    if (view->term->tty) {
        fprintf(view->term->file, "\r%s\033[K", line);
        view->drawn = true;
    } else {
        fprintf(view->term->file, "%s%s%s\n", view->name != NULL ? view->name : "",
                view->name != NULL ? ": " : "", line);
    }
    fflush(view->term->file);
    view->last_draw_ms = now_ms;
    view->last_percent = eb_human_percent(view->now.done, view->now.total);
    view->frame++;
}

/* Whether enough happened, or enough time passed, for another drawing. */
static bool is_due(const eb_progress_view_t *view, int64_t now_ms)
{
    int64_t since_ms = now_ms - view->last_draw_ms;

    if (view->term->tty) {
        return since_ms >= REDRAW_MS;
    }
    if (since_ms >= PLAIN_MS) {
        return true;
    }
    unsigned percent = eb_human_percent(view->now.done, view->now.total);
    return view->now.phase != EB_PHASE_CONNECT && view->now.total > 0 &&
           since_ms >= PLAIN_LEAST_MS &&
           percent / PLAIN_PERCENT > view->last_percent / PLAIN_PERCENT;
}

/* Whether a line off the terminal is worth it as soon as the phase starts. The others are over in a
 * moment, and tell of themselves only when they are not. */
static bool is_announced(eb_phase_t phase)
{
    switch (phase) {
    case EB_PHASE_STUB:
    case EB_PHASE_CHECK:
    case EB_PHASE_HASH:
        return false;
    case EB_PHASE_CONNECT:
    case EB_PHASE_READ:
    case EB_PHASE_ERASE:
    case EB_PHASE_WRITE:
    case EB_PHASE_VERIFY:
        return true;
    }
    return true;
}

bool eb_progress_record(eb_progress_view_t *view, const eb_progress_t *progress, int64_t now_ms)
{
    bool fresh = !view->active || view->now.phase != progress->phase;

    view->now = *progress;
    if (view->now.total > 0 && view->now.done > view->now.total) {
        view->now.done = view->now.total;
    }
    if (fresh) {
        view->active = true;
        view->sample_count = 0;
        view->last_percent = 0;
        view->last_draw_ms = now_ms;
    }
    add_sample(view, now_ms);
    return fresh;
}

void eb_progress_update(eb_progress_view_t *view, const eb_progress_t *progress, int64_t now_ms)
{
    bool fresh = eb_progress_record(view, progress, now_ms);

    if (fresh ? view->term->tty || is_announced(progress->phase) : is_due(view, now_ms)) {
        draw(view, now_ms);
    }
}

void eb_progress_tick(eb_progress_view_t *view, int64_t now_ms)
{
    if (view->active && is_due(view, now_ms)) {
        draw(view, now_ms);
    }
}

void eb_progress_hide(eb_progress_view_t *view)
{
    if (!view->drawn) {
        return;
    }
    fprintf(view->term->file, "\r\033[K");
    fflush(view->term->file);
    view->drawn = false;
    view->last_draw_ms = INT64_MIN / 2;
}

void eb_progress_end(eb_progress_view_t *view)
{
    eb_progress_hide(view);
    view->active = false;
}
