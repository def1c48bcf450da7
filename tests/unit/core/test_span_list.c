/* Lists of ranges: appended in order, joined, and marked anew, against an array of one cell a unit.
 */
#include "fake_session.h"
#include "flash_compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define CELLS 64

static void neighbours_of_one_state_are_joined(void **state)
{
    eb_spans_t spans = {0};

    (void)state;
    assert_int_equal(eb_spans_add(&spans, 0x1000, 0x1000, EB_SPAN_SAME, NULL), EB_OK);
    assert_int_equal(eb_spans_add(&spans, 0x2000, 0, EB_SPAN_OLD, NULL), EB_OK);
    assert_int_equal(eb_spans_add(&spans, 0x2000, 0x800, EB_SPAN_SAME, NULL), EB_OK);
    assert_int_equal(eb_spans_add(&spans, 0x2800, 0x800, EB_SPAN_OLD, NULL), EB_OK);
    assert_int_equal(eb_spans_add(&spans, 0x4000, 0x10, EB_SPAN_OLD, NULL), EB_OK); /* a gap */
    assert_int_equal(spans.count, 3);
    assert_int_equal(spans.spans[0].size, 0x1800);
    assert_int_equal(eb_spans_bytes(&spans, EB_SPAN_OLD), 0x810);
    assert_int_equal(eb_spans_bytes(&spans, EB_SPAN_NEW), 0);
    eb_spans_free(&spans);
    assert_null(spans.spans);
    eb_spans_free(&spans);
    eb_spans_free(NULL);
}

static void disorder_and_overflow_are_refused(void **state)
{
    eb_spans_t spans = {0};

    (void)state;
    assert_int_equal(eb_spans_add(&spans, 0x1000, 0x1000, EB_SPAN_SAME, NULL), EB_OK);
    assert_int_equal(eb_spans_add(&spans, 0x1FFF, 1, EB_SPAN_SAME, NULL), EB_ERR_INTERNAL);
    assert_int_equal(eb_spans_add(&spans, 0xFFFFF000, 0x1001, EB_SPAN_SAME, NULL), EB_ERR_INTERNAL);
    assert_int_equal(eb_spans_add(&spans, 0xFFFFF000, 0x1000, EB_SPAN_OLD, NULL), EB_OK);
    assert_int_equal(eb_spans_mark(&spans, 0xFFFFF800, 0x800, EB_SPAN_NEW, NULL), EB_OK);
    assert_int_equal(spans.count, 3);
    assert_int_equal(spans.spans[2].addr, 0xFFFFF800u);
    eb_spans_free(&spans);
}

static void assert_as_cells(const eb_spans_t *spans, const int *cells)
{
    size_t at = 0;

    for (size_t i = 0; i < spans->count; i++) {
        const eb_flash_span_t *span = &spans->spans[i];
        assert_true(span->size > 0);
        assert_int_equal(span->addr, at);
        if (i > 0) {
            assert_true(span->state != spans->spans[i - 1].state);
        }
        for (uint32_t k = 0; k < span->size; k++) {
            assert_int_equal(cells[at++], (int)span->state);
        }
    }
    assert_int_equal(at, CELLS);
}

static void marks_are_as_on_an_array(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (int round = 0; round < 200; round++) {
        eb_spans_t spans = {0};
        int cells[CELLS] = {EB_SPAN_OLD};
        assert_int_equal(eb_spans_add(&spans, 0, CELLS, EB_SPAN_OLD, NULL), EB_OK);
        for (int i = 0; i < CELLS; i++) {
            cells[i] = EB_SPAN_OLD;
        }
        for (int mark = 0; mark < 40; mark++) {
            uint32_t addr = (uint32_t)(fake_random(&seed) % (CELLS + 8));
            uint32_t size = (uint32_t)(fake_random(&seed) % 20);
            eb_span_state_t to = (eb_span_state_t)(fake_random(&seed) % 5);
            assert_int_equal(eb_spans_mark(&spans, addr, size, to, NULL), EB_OK);
            for (uint32_t i = addr; i < addr + size && i < CELLS; i++) {
                cells[i] = (int)to;
            }
            assert_as_cells(&spans, cells);
        }
        eb_spans_free(&spans);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_of_one_state_are_joined),
        cmocka_unit_test(disorder_and_overflow_are_refused),
        cmocka_unit_test(marks_are_as_on_an_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
