/* The table of chips: what each row must have, and how one is found. */
#include "chip_row.h"
#include "espbackup/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool only(const char *text, const char *allowed)
{
    return text[0] != '\0' && strspn(text, allowed) == strlen(text);
}

static void rows_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < eb_chip_row_count(); i++) {
        const eb_chip_row_t *row = eb_chip_row_at(i);

        print_message("%s\n", row->id);
        /* Ids become file names. */
        assert_true(only(row->id, "abcdefghijklmnopqrstuvwxyz0123456789"));
        assert_in_range(strlen(row->id), 1, sizeof(((eb_chip_info_t *)NULL)->id) - 1);
        assert_in_range(strlen(row->name), 1, sizeof(((eb_chip_info_t *)NULL)->name) - 1);
        assert_true((row->links & EB_CHIP_UART) != 0);
        assert_true(row->tells_id != (row->magic != 0));
        assert_true(row->stub_flash_limit == EB_FLASH_LIMIT_24BIT ||
                    row->stub_flash_limit == EB_FLASH_LIMIT_32BIT);
        assert_true(row->bootloader_addr % 0x1000 == 0);
        assert_true(row->fact_count > 0 && row->fact_count <= EB_FACT_REGS_MAX);
        assert_non_null(row->read_facts);
        for (size_t k = 0; k < row->fact_count; k++) {
            assert_true(row->fact_regs[k] != 0 && row->fact_regs[k] % 4 == 0);
        }
        assert_true(row->spi.base != 0 && row->spi.usr != 0 && row->spi.usr1 != 0 &&
                    row->spi.usr2 != 0 && row->spi.w0 != 0);
        assert_true((row->stub.old_name == NULL) == (row->stub.old_before == 0));
    }
}

static void measuring_needs_its_registers(void **state)
{
    (void)state;
    for (size_t i = 0; i < eb_chip_row_count(); i++) {
        const eb_chip_row_t *row = eb_chip_row_at(i);
        const bool measured = row->crystals_mhz[1] != 0;

        assert_true(measured == (row->uart_divider_reg != 0));
        assert_true(measured == (row->uart_divider_mask != 0));
        assert_true(measured == (row->uart_clocks_per_crystal > 0));
    }
}

static void usb_needs_its_registers(void **state)
{
    (void)state;
    for (size_t i = 0; i < eb_chip_row_count(); i++) {
        const eb_chip_row_t *row = eb_chip_row_at(i);
        const eb_watchdog_regs_t *w = &row->watchdog;

        if ((row->links & EB_CHIP_USB_JTAG) != 0) {
            assert_true(w->unlock_reg != 0 && w->super_unlock_reg != 0);
        }
        if ((row->links & EB_CHIP_USB_OTG) != 0 && w->unlock_reg != 0) {
            assert_true(w->can_reset);
        }
        if (w->unlock_reg != 0) {
            assert_true(w->unlock_key != 0 && w->config_reg != 0 && w->stage0_reg != 0);
        }
        if (w->super_unlock_reg != 0) {
            assert_true(w->super_unlock_key != 0 && w->super_config_reg != 0 &&
                        w->super_auto_feed != 0);
        }
        assert_true((row->download.strap_reg != 0) == (row->download.strap_run != 0));
        assert_true((row->download.force_reg != 0) == (row->download.force_on != 0));
    }
}

static void rows_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < eb_chip_row_count(); i++) {
        const eb_chip_row_t *a = eb_chip_row_at(i);

        for (size_t k = i + 1; k < eb_chip_row_count(); k++) {
            const eb_chip_row_t *b = eb_chip_row_at(k);

            assert_string_not_equal(a->id, b->id);
            assert_string_not_equal(a->name, b->name);
            assert_int_not_equal(a->chip_id, b->chip_id);
            if (!a->tells_id && !b->tells_id) {
                assert_int_not_equal(a->magic, b->magic);
            }
        }
    }
}

static void rows_are_found(void **state)
{
    size_t without_id = 0;

    (void)state;
    for (size_t i = 0; i < eb_chip_row_count(); i++) {
        const eb_chip_row_t *row = eb_chip_row_at(i);

        assert_ptr_equal(eb_chip_row_by_name(row->id), row);
        assert_ptr_equal(eb_chip_row_by_name(row->name), row);
        assert_string_equal(eb_chip_name(row->id), row->name);
        if (row->tells_id) {
            assert_ptr_equal(eb_chip_row_by_id(row->chip_id), row);
        } else {
            assert_null(eb_chip_row_by_id(row->chip_id));
            assert_ptr_equal(eb_chip_row_by_magic(row->magic), row);
            without_id += row->efuse_security ? 0 : 1;
        }
    }
    /* Only so does a state without an id say which chip it is. */
    assert_int_equal(without_id, 1);
    assert_ptr_equal(eb_chip_row_without_id(), eb_chip_row_by_name("esp32s2"));
    assert_null(eb_chip_row_at(eb_chip_row_count()));
    assert_null(eb_chip_row_by_id(4711));
    assert_null(eb_chip_row_by_id(EB_CHIP_ID_NONE));
    assert_null(eb_chip_row_by_magic(0));
    assert_null(eb_chip_row_by_name("esp32x"));
    assert_null(eb_chip_row_by_name("esp"));
    assert_string_equal(eb_chip_name("esp32x"), "");
    assert_null(eb_chip_row_by_name(""));
}

/* The bootloader lies before the usual place of the table: there it is looked for in a file. */
static void ids_of_headers_tell_the_bootloader(void **state)
{
    uint32_t addr;

    (void)state;
    for (size_t i = 0; i < eb_chip_row_count(); i++) {
        const eb_chip_row_t *row = eb_chip_row_at(i);
        assert_true(row->bootloader_addr < 0x8000);
        if (row->chip_id != EB_CHIP_ID_NONE) {
            assert_ptr_equal(eb_chip_bootloader(row->chip_id, &addr), row->name);
            assert_int_equal(addr, row->bootloader_addr);
        }
    }
    assert_null(eb_chip_bootloader(4711, &addr));
    assert_null(eb_chip_bootloader(EB_CHIP_ID_NONE, &addr));
}

static void stubs_follow_the_revision(void **state)
{
    const eb_chip_row_t *p4 = eb_chip_row_by_name("esp32p4"), *c2 = eb_chip_row_by_name("esp32c2");

    (void)state;
    assert_string_equal(eb_chip_row_stub(p4, 0), "esp32p4-rev1");
    assert_string_equal(eb_chip_row_stub(p4, 299), "esp32p4-rev1");
    assert_string_equal(eb_chip_row_stub(p4, 300), "esp32p4");
    assert_null(eb_chip_row_stub(c2, 0));
    assert_string_equal(eb_chip_row_stub(c2, 100), "esp32c2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(measuring_needs_its_registers),
        cmocka_unit_test(usb_needs_its_registers),
        cmocka_unit_test(rows_differ),
        cmocka_unit_test(rows_are_found),
        cmocka_unit_test(ids_of_headers_tell_the_bootloader),
        cmocka_unit_test(stubs_follow_the_revision),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
