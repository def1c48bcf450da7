/* The largest sidecar that is written is far below the most that is read. */
#include "sample_sidecar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Of three bytes, written as six. */
static void fill_with_marks(char *out, size_t cap)
{
    for (size_t at = 0; at + 3 < cap; at += 3) {
        memcpy(out + at, "\xE2\x80\xAE", 4);
    }
}

static void fill_app(eb_app_image_t *app)
{
    sample_app(app);
    fill_with_marks(app->desc.project, sizeof(app->desc.project));
    fill_with_marks(app->desc.version, sizeof(app->desc.version));
    fill_with_marks(app->desc.idf_version, sizeof(app->desc.idf_version));
    fill_with_marks(app->desc.build_date, sizeof(app->desc.build_date));
    fill_with_marks(app->desc.build_time, sizeof(app->desc.build_time));
    app->length_bytes = 0x1000;
}

static void the_largest_is_far_below_the_limit(void **state)
{
    static eb_origin_range_t ranges[EB_ORIGIN_RANGES_MAX];
    static eb_sidecar_t s, again;
    const uint32_t each = 0x10000;
    eb_err_t err = {0};
    char *text;

    (void)state;
    sample_sidecar(&s);
    s.flash.size_bytes = s.size_bytes = (uint64_t)each * EB_ORIGIN_RANGES_MAX;
    for (size_t i = 0; i < EB_ORIGIN_RANGES_MAX; i++) {
        ranges[i] = (eb_origin_range_t){(uint32_t)i * each, each,
                                        i % 2 == 0 ? EB_ORIGIN_READ : EB_ORIGIN_EARLIER};
    }
    s.ranges = ranges;
    s.range_count = EB_ORIGIN_RANGES_MAX;
    s.origins = (eb_origins_t){0};
    s.origins.bytes[EB_ORIGIN_READ] = s.origins.bytes[EB_ORIGIN_EARLIER] = s.size_bytes / 2;
    fill_with_marks(s.note, sizeof(s.note));
    fill_with_marks(s.stats.port, sizeof(s.stats.port));
    fill_with_marks(s.stats.stub_note, sizeof(s.stats.stub_note));
    fill_with_marks(s.chip.description, sizeof(s.chip.description));
    s.table.unusable = 0; /* a usable one takes more */
    for (size_t i = s.table.count; i < EB_PARTITIONS_MAX; i++) {
        char label[EB_PARTITION_LABEL_BYTES];

        (void)snprintf(label, sizeof(label), "partition_%zu", i);
        sample_partition(&s, label, 0, 0x20, 0x200000 + (uint32_t)i * each, each);
        fill_app(&s.table.entries[i].app);
    }
    if (eb_sidecar_write(&s, &text, &err) != EB_OK ||
        eb_sidecar_read(text, strlen(text), &again, &err) != EB_OK) {
        fail_msg("%s", err.message);
    }
    assert_true(strlen(text) > EB_SIDECAR_MAX_BYTES / 8);
    assert_true(strlen(text) < EB_SIDECAR_MAX_BYTES / 2);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_largest_is_far_below_the_limit)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
