/* Our decoding of chips beside esptool's, over registers that tests/data/chips made up. */
#include "../../data/chips/chip_vectors.h"
#include "chip_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *text_of(const char *text)
{
    return text != NULL ? text : "";
}

/* Registers that esptool did not ask for are as they come out of reset. */
static uint32_t value_of(const chip_vector_t *v, uint32_t reg)
{
    for (size_t i = 0; i < v->reg_count; i++) {
        if (v->regs[i].reg == reg) {
            return v->regs[i].value;
        }
    }
    return 0;
}

static void decode(const chip_vector_t *v, eb_chip_facts_t *facts)
{
    const eb_chip_row_t *row = eb_chip_row_by_name(v->chip);
    uint32_t words[EB_FACT_REGS_MAX] = {0};

    assert_non_null(row);
    memset(facts, 0, sizeof(*facts));
    for (size_t i = 0; i < row->fact_count; i++) {
        words[i] = value_of(v, row->fact_regs[i]);
    }
    row->read_facts(words, facts);
}

static const char *address(const eb_chip_info_t *chip, const char *kind)
{
    for (size_t i = 0; i < chip->mac_count; i++) {
        if (strcmp(chip->macs[i].kind, kind) == 0) {
            return chip->macs[i].text;
        }
    }
    return "";
}

static void facts_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(chip_vectors); i++) {
        const chip_vector_t *v = &chip_vectors[i];
        char features[EB_CHIP_FEATURES_MAX * (EB_CHIP_FEATURE_BYTES + 2)] = "";
        eb_chip_facts_t facts;

        print_message("%s: %s\n", v->chip, v->description);
        decode(v, &facts);
        for (size_t k = 0; k < facts.chip.feature_count; k++) {
            const size_t used = strlen(features);

            (void)snprintf(features + used, sizeof(features) - used, "%s%s", k > 0 ? ", " : "",
                           facts.chip.features[k]);
        }
        assert_string_equal(facts.chip.description, v->description);
        assert_string_equal(features, v->features);
        assert_string_equal(facts.chip.macs[0].kind, "base");
        assert_string_equal(facts.chip.macs[0].text, v->mac);
        assert_string_equal(address(&facts.chip, "eui64"), text_of(v->eui64));
        assert_string_equal(address(&facts.chip, "extension"), text_of(v->extension));
        assert_string_equal(facts.flash_voltage, text_of(v->voltage));
        assert_string_equal(facts.flash_type, text_of(v->type));
    }
}

static void security_agrees(void **state)
{
    size_t seen = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(chip_vectors); i++) {
        const chip_vector_t *v = &chip_vectors[i];
        eb_chip_facts_t facts;

        if (v->secure_boot < 0) {
            continue;
        }
        decode(v, &facts);
        assert_int_equal(facts.chip.security.secure_boot, v->secure_boot ? EB_YES : EB_NO);
        assert_int_equal(facts.chip.security.flash_encryption, v->encryption ? EB_YES : EB_NO);
        seen++;
    }
    assert_true(seen > 4);
}

static void stubs_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(chip_vectors); i++) {
        const chip_vector_t *v = &chip_vectors[i];
        const eb_chip_row_t *row = eb_chip_row_by_name(v->chip);
        eb_chip_facts_t facts;

        decode(v, &facts);
        assert_string_equal(text_of(eb_chip_row_stub(row, facts.chip.revision_major * 100 +
                                                              facts.chip.revision_minor)),
                            text_of(v->stub));
    }
}

/* Play a program on registers and compare what it writes with what esptool wrote. */
static void check_power(const chip_vector_t *v, const eb_reg_program_t *program)
{
    vector_reg_t now[COUNT(v->regs)];
    size_t written = 0;

    memcpy(now, v->regs, sizeof(now));
    for (size_t i = 0; program != NULL && i < program->count; i++) {
        const eb_reg_step_t *step = &program->steps[i];
        size_t at = 0;

        while (at < v->reg_count && now[at].reg != step->reg) {
            at++;
        }
        /* One that esptool writes without looking may be missing. */
        if (at < v->reg_count && (now[at].value & step->only_if) != step->only_if) {
            continue;
        }
        assert_true(at < v->reg_count || step->clear == UINT32_MAX);
        assert_true(written < v->write_count);
        assert_int_equal(v->writes[written].reg, step->reg);
        now[at].value = (at < v->reg_count ? now[at].value & ~step->clear : 0) | step->set;
        assert_int_equal(v->writes[written].value, now[at].value);
        written++;
    }
    assert_int_equal(written, v->write_count);
}

static void flash_gets_its_supply(void **state)
{
    size_t seen = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(chip_vectors); i++) {
        eb_chip_facts_t facts;

        decode(&chip_vectors[i], &facts);
        check_power(&chip_vectors[i], facts.flash_power);
        seen += chip_vectors[i].write_count > 0 ? 1 : 0;
    }
    assert_true(seen >= 3);
}

static void check_registers(const eb_chip_row_t *row, const chip_constants_t *c)
{
    const eb_spi_regs_t *spi = &row->spi;
    const eb_watchdog_regs_t *w = &row->watchdog;
    const uint32_t regs[] = {spi->base, spi->usr, spi->usr1, spi->usr2, spi->w0, spi->miso_dlen};
    const uint32_t watchdog[] = {w->unlock_reg, w->unlock_key, w->config_reg, w->stage0_reg};
    const uint32_t feeder[] = {w->super_unlock_reg, w->super_unlock_key, w->super_config_reg,
                               w->super_auto_feed};

    assert_memory_equal(regs, c->spi, sizeof(regs));
    assert_int_equal(spi->addr_from_top, c->addr_from_top);
    assert_memory_equal(watchdog, c->watchdog, sizeof(watchdog));
    assert_memory_equal(feeder, c->feeder, sizeof(feeder));
    assert_int_equal(w->can_reset, c->watchdog_reset);
    if (row->crystals_mhz[1] == 0) {
        assert_int_equal(row->crystals_mhz[0], c->crystal_mhz);
    } else {
        assert_int_equal(c->crystal_mhz, 0);
        assert_int_equal(row->uart_divider_reg, c->uart_divider_reg);
        assert_int_equal(row->uart_clocks_per_crystal, c->uart_clocks);
    }
}

static void constants_agree(void **state)
{
    (void)state;
    assert_int_equal(COUNT(chip_constants), eb_chip_row_count());
    for (size_t i = 0; i < COUNT(chip_constants); i++) {
        const chip_constants_t *c = &chip_constants[i];
        const eb_chip_row_t *row = eb_chip_row_by_name(c->chip);

        print_message("%s\n", c->chip);
        assert_non_null(row);
        assert_string_equal(row->name, c->name);
        assert_int_equal(row->chip_id, c->chip_id);
        assert_int_equal(row->magic, c->magic);
        assert_int_equal(row->tells_id, c->tells_id);
        assert_int_equal(!row->efuse_security, c->tells_security);
        assert_int_equal(row->bootloader_addr, c->bootloader_addr);
        assert_int_equal((row->links & EB_CHIP_USB_JTAG) != 0, c->usb_jtag);
        assert_int_equal((row->links & EB_CHIP_USB_OTG) != 0, c->usb_otg);
        assert_int_equal(row->stub_flash_limit > EB_FLASH_LIMIT_24BIT, c->addr_32bit);
        check_registers(row, c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_agree),     cmocka_unit_test(security_agrees),
        cmocka_unit_test(stubs_agree),     cmocka_unit_test(flash_gets_its_supply),
        cmocka_unit_test(constants_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
