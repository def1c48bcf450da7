/* Reset sequences are data: what they must hold for the circuit to do what it should. */
#include "reset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const eb_port_kind_t kinds[] = {EB_PORT_UART, EB_PORT_USB_JTAG, EB_PORT_USB_OTG, EB_PORT_TCP,
                                       EB_PORT_RFC2217};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

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
    for (size_t i = 0; i < sequence->count; i++)
        total_ms += sequence->steps[i].wait_ms;
    /* Ctrl-C stops within a second. */
    assert_in_range(total_ms, 1, 900);
    assert_false(sequence->steps[sequence->count - 1].dtr);
    assert_false(sequence->steps[sequence->count - 1].rts);
}

static void check_into_loader(const eb_reset_sequence_t *sequence)
{
    size_t reset = 0;
    bool was_reset = false, sampled = false;

    check_bounds(sequence);
    for (size_t i = 0; i < sequence->count; i++) {
        if (in_reset(&sequence->steps[i])) {
            was_reset = true;
            reset = i;
        } else if (was_reset && !sampled) {
            /* The step that lets the chip out of reset has GPIO0 low, long enough to be sampled. */
            sampled = true;
            assert_int_equal(i, reset + 1);
            assert_true(boot_low(&sequence->steps[i]));
            assert_true(sequence->steps[i].wait_ms >= 50);
            assert_true(sequence->steps[reset].wait_ms >= 50);
        }
    }
    assert_true(sampled);
}

static void classic_sequences_lead_into_the_loader(void **state)
{
    static const eb_port_kind_t circuits[] = {EB_PORT_UART, EB_PORT_RFC2217, EB_PORT_USB_OTG};

    (void)state;
    for (size_t k = 0; k < sizeof(circuits) / sizeof(circuits[0]); k++) {
        size_t count = 0;
        const eb_reset_sequence_t *variants = eb_reset_into_loader(circuits[k], false, &count);

        assert_true(count >= 2); /* another timing is tried when the first does not do */
        for (size_t i = 0; i < count; i++)
            check_into_loader(&variants[i]);
        assert_true(variants[0].steps[variants[0].count - 2].wait_ms <
                    variants[1].steps[variants[1].count - 2].wait_ms);
    }
}

/* The unit in the chip takes DTR for GPIO0 as it is when RTS falls. */
static void usb_sequence_asks_for_the_loader_before_it_resets(void **state)
{
    size_t count = 0;
    const eb_reset_sequence_t *usb = eb_reset_into_loader(EB_PORT_USB_JTAG, false, &count);
    bool asked = false, through_both = false, reset = false;

    (void)state;
    assert_int_equal(count, 1);
    check_bounds(usb);
    for (size_t i = 0; i < usb->count; i++) {
        asked = asked || boot_low(&usb->steps[i]);
        through_both = through_both || (asked && usb->steps[i].dtr && usb->steps[i].rts);
        reset = reset || (through_both && in_reset(&usb->steps[i]));
    }
    assert_true(reset);
    /* Any port can be told to be one. */
    assert_ptr_equal(eb_reset_into_loader(EB_PORT_UART, true, &count), usb);
}

static void run_sequences_never_ask_for_the_loader(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        const eb_reset_sequence_t *run = eb_reset_run(kinds[k]);
        bool reset = false;

        check_bounds(run);
        for (size_t i = 0; i < run->count; i++) {
            assert_false(run->steps[i].dtr);
            reset = reset || in_reset(&run->steps[i]);
        }
        assert_true(reset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classic_sequences_lead_into_the_loader),
        cmocka_unit_test(usb_sequence_asks_for_the_loader_before_it_resets),
        cmocka_unit_test(run_sequences_never_ask_for_the_loader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
