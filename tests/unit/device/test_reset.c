/* Reset sequences are data: what they must hold for the circuit to do what it should. */
#include "reset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const eb_port_kind_t kinds[] = {EB_PORT_UART, EB_PORT_USB_JTAG, EB_PORT_USB_OTG, EB_PORT_TCP,
                                       EB_PORT_RFC2217};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static const eb_reset_sequence_t *into_download(eb_port_kind_t kind, bool usb_reset, size_t *count)
{
    return eb_reset_into_download(&(eb_port_info_t){.kind = kind}, usb_reset, count);
}

/* On the circuit: RTS alone holds the chip in reset, DTR alone pulls GPIO0 low. */
static bool in_reset(const eb_reset_step_t *step)
{
    return step->rts && !step->dtr;
}

static bool boot_low(const eb_reset_step_t *step)
{
    return step->dtr && !step->rts;
}

static void check_bounds(const eb_reset_sequence_t *sequence)
{
    int total_ms = 0;

    assert_non_null(sequence->name);
    assert_in_range(sequence->count, 2, EB_RESET_STEPS_MAX);
    for (size_t i = 0; i < sequence->count; i++) {
        total_ms += sequence->steps[i].wait_ms;
    }
    /* Ctrl-C stops within a second. */
    assert_in_range(total_ms, 1, 900);
    assert_false(sequence->steps[sequence->count - 1].dtr);
    assert_false(sequence->steps[sequence->count - 1].rts);
}

static void check_into_download(const eb_reset_sequence_t *sequence)
{
    size_t reset = 0;
    bool was_reset = false, sampled = false;

    check_bounds(sequence);
    for (size_t i = 0; i < sequence->count; i++) {
        if (in_reset(&sequence->steps[i])) {
            was_reset = true;
            reset = i;
            assert_true(sequence->steps[i].wait_ms >= 50);
        } else if (was_reset && !sampled && sequence->steps[i].dtr && sequence->steps[i].rts) {
            /* One line after the other: EN rises slowly, and must not wait here. */
            assert_int_equal(sequence->steps[i].wait_ms, 0);
            assert_int_equal(i, reset + 1);
            reset = i;
        } else if (was_reset && !sampled) {
            /* The step that lets the chip out of reset has GPIO0 low, long enough to be sampled. */
            sampled = true;
            assert_int_equal(i, reset + 1);
            assert_true(boot_low(&sequence->steps[i]));
            assert_true(sequence->steps[i].wait_ms >= 50);
        }
    }
    assert_true(sampled);
}

static void classic_sequences_lead_into_download_mode(void **state)
{
    static const eb_port_kind_t circuits[] = {EB_PORT_UART, EB_PORT_RFC2217, EB_PORT_USB_OTG};

    (void)state;
    for (size_t k = 0; k < sizeof(circuits) / sizeof(circuits[0]); k++) {
        size_t count = 0;
        const eb_reset_sequence_t *variants = into_download(circuits[k], false, &count);

        assert_true(count >= 2); /* another timing is tried when the first does not do */
        for (size_t i = 0; i < count; i++) {
            check_into_download(&variants[i]);
        }
        assert_true(variants[0].steps[variants[0].count - 2].wait_ms <
                    variants[1].steps[variants[1].count - 2].wait_ms);
    }
}

static void check_one_by_one(const eb_reset_sequence_t *sequence)
{
    for (size_t i = 1; i < sequence->count; i++) {
        const eb_reset_step_t *a = &sequence->steps[i - 1], *b = &sequence->steps[i];

        assert_int_equal((a->dtr != b->dtr) + (a->rts != b->rts), 1);
    }
}

/* For drivers that change one line at a time: among the first two attempts. */
static void lines_change_one_by_one_at_the_second_attempt(void **state)
{
    size_t count = 0;
    const eb_reset_sequence_t *variants = into_download(EB_PORT_UART, false, &count);

    (void)state;
    assert_int_equal(count, 4);
    check_one_by_one(&variants[1]);
    check_one_by_one(&variants[3]);
}

/* The unit in the chip takes DTR for GPIO0 as it is when RTS falls. */
static void usb_sequence_asks_for_download_mode_before_it_resets(void **state)
{
    size_t count = 0;
    const eb_reset_sequence_t *usb = into_download(EB_PORT_USB_JTAG, false, &count);

    (void)state;
    assert_int_equal(count, 2);
    for (size_t v = 0; v < count; v++) {
        bool asked = false, through_both = false, reset = false;
        unsigned reset_after_ms = 0;

        check_bounds(&usb[v]);
        for (size_t i = 0; i < usb[v].count; i++) {
            asked = asked || boot_low(&usb[v].steps[i]);
            through_both = through_both || (asked && usb[v].steps[i].dtr && usb[v].steps[i].rts);
            reset = reset || (through_both && in_reset(&usb[v].steps[i]));
            reset_after_ms += reset ? 0 : usb[v].steps[i].wait_ms;
        }
        assert_true(reset);
        /* A port that comes and goes is reset at once, and any other with time to notice. */
        assert_int_equal(reset_after_ms, v == 0 ? 200 : 0);
    }
    /* Any port can be told to be one. */
    assert_ptr_equal(into_download(EB_PORT_UART, true, &count), usb);
}

static void run_sequences_never_ask_for_download_mode(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        const eb_reset_sequence_t *run = eb_reset_run(&(eb_port_info_t){.kind = kinds[k]});
        bool reset = false;

        check_bounds(run);
        for (size_t i = 0; i < run->count; i++) {
            assert_false(run->steps[i].dtr);
            reset = reset || in_reset(&run->steps[i]);
        }
        assert_true(reset);
    }
}

/* Where the adapter resets the board with DTR released, only a reset may release it. */
static void dtr_is_kept_where_it_must_be(void **state)
{
    const eb_port_info_t port = {.kind = EB_PORT_UART, .keep_dtr = true};
    const eb_reset_sequence_t *run = eb_reset_run(&port);
    size_t count = 0;
    const eb_reset_sequence_t *variants = eb_reset_into_download(&port, false, &count);

    (void)state;
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < variants[i].count; k++) {
            assert_true(variants[i].steps[k].dtr || in_reset(&variants[i].steps[k]));
        }
        assert_true(boot_low(&variants[i].steps[variants[i].count - 1]));
    }
    /* GPIO0 is high while the chip samples it. */
    assert_true(in_reset(&run->steps[0]));
    assert_true(run->steps[1].dtr && run->steps[1].rts && run->steps[1].wait_ms >= 50);
    assert_true(run->steps[run->count - 1].dtr);
}

static void a_sequence_as_the_user_writes_it(void **state)
{
    static const eb_reset_step_t want[] = {{false, false, 0}, {false, true, 100},
                                           {true, true, 0},   {true, false, 50},
                                           {false, false, 0}, {true, true, 1550}};
    eb_reset_sequence_t sequence;
    eb_err_t err = {0};

    (void)state;
    assert_int_equal(eb_reset_parse("D0|R1|W0.1|D1|R0|W0.05|D0|U1,1|W1.5|W.05", &sequence, &err),
                     EB_OK);
    assert_int_equal(sequence.count, sizeof(want) / sizeof(want[0]));
    for (size_t i = 0; i < sequence.count; i++) {
        assert_int_equal(sequence.steps[i].dtr, want[i].dtr);
        assert_int_equal(sequence.steps[i].rts, want[i].rts);
        assert_int_equal(sequence.steps[i].wait_ms, want[i].wait_ms);
    }
}

static void a_sequence_may_be_written_as_for_esptool(void **state)
{
    static const eb_reset_step_t want[] = {{false, false, 200},
                                           {true, false, 0},
                                           {true, true, 100}};
    eb_reset_sequence_t sequence;
    eb_err_t err = {0};

    (void)state;
    assert_int_equal(eb_reset_parse("W0.2| d1 |u1, 1 || w.1|", &sequence, &err), EB_OK);
    assert_int_equal(sequence.count, sizeof(want) / sizeof(want[0]));
    for (size_t i = 0; i < sequence.count; i++) {
        assert_int_equal(sequence.steps[i].dtr, want[i].dtr);
        assert_int_equal(sequence.steps[i].rts, want[i].rts);
        assert_int_equal(sequence.steps[i].wait_ms, want[i].wait_ms);
    }
}

static void what_is_no_sequence_is_told(void **state)
{
    static const char *const bad[] = {"",         " | ",         "D",     "D2",       "D0|Q",
                                      "D0|R1 0",  "D0|W",        "D0|W.", "D0|W1.2.", "D0|W10.001",
                                      "D0|W-1",   "U1",          "U1,2",  "U1,1,1",   "X0",
                                      "D0|W6|W5", "D0|W99999999"};
    char many[EB_RESET_STEPS_MAX * 3 + 3] = "D1";
    eb_reset_sequence_t sequence;
    eb_err_t err;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        err = (eb_err_t){0};
        assert_int_equal(eb_reset_parse(bad[i], &sequence, &err), EB_ERR_USAGE);
        assert_int_equal(sequence.count, 0);
        assert_non_null(strstr(err.hint, "D0|R1|W0.1"));
    }
    for (size_t i = 1; i < EB_RESET_STEPS_MAX; i++) {
        memcpy(many + strlen(many), "|D0", 4);
    }
    assert_int_equal(eb_reset_parse(many, &sequence, NULL), EB_OK);
    assert_int_equal(sequence.count, EB_RESET_STEPS_MAX);
    memcpy(many + strlen(many), "|D0", 4);
    assert_int_equal(eb_reset_parse(many, &sequence, &err), EB_ERR_USAGE);
    assert_int_equal(sequence.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classic_sequences_lead_into_download_mode),
        cmocka_unit_test(lines_change_one_by_one_at_the_second_attempt),
        cmocka_unit_test(usb_sequence_asks_for_download_mode_before_it_resets),
        cmocka_unit_test(run_sequences_never_ask_for_download_mode),
        cmocka_unit_test(dtr_is_kept_where_it_must_be),
        cmocka_unit_test(a_sequence_as_the_user_writes_it),
        cmocka_unit_test(a_sequence_may_be_written_as_for_esptool),
        cmocka_unit_test(what_is_no_sequence_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
