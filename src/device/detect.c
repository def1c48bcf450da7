/* detect.c: which chip it is, and the facts in its registers. */
#include "session_impl.h"

#include <stdio.h>
#include <string.h>

/* A divider further (percent) than this from every crystal that is sold tells nothing. */
#define CRYSTAL_TOLERANCE_PERCENT 12

static eb_code_t find_row(eb_session_t *s, const eb_chip_row_t **out, eb_err_t *err)
{
    uint32_t chip_id = EB_CHIP_ID_NONE, magic = 0;
    bool answered = false;
    eb_code_t code;

    *out = NULL;
    code = eb_security_ask(s, &s->chip.security, &chip_id, &answered, err);
    if (code != EB_OK) {
        return code;
    }
    s->secure_download = answered && s->chip.security.secure_download_mode == EB_YES;
    if (answered && chip_id != EB_CHIP_ID_NONE) {
        *out = eb_chip_row_by_id(chip_id);
        if (*out == NULL) {
            return eb_err_set(err, EB_ERR_CHIP_UNKNOWN, "chip with the unknown id %u",
                              (unsigned)chip_id);
        }
        return EB_OK;
    }
    if (s->secure_download) {
        /* Registers cannot be read now, and only one chip tells its state but not its id. */
        *out = eb_chip_row_without_id();
        return EB_OK;
    }
    code = eb_dev_read_confirmed(s, EB_CHIP_MAGIC_REG, &magic, err);
    if (code != EB_OK) {
        return code;
    }
    *out = eb_chip_row_by_magic(magic);
    if (*out == NULL) {
        return eb_err_set(err, EB_ERR_CHIP_UNKNOWN, "chip with the unknown magic word 0x%08x",
                          (unsigned)magic);
    }
    return EB_OK;
}

eb_code_t eb_detect_chip(eb_session_t *s, eb_err_t *err)
{
    const eb_chip_row_t *asked = s->chip_name[0] == '\0' ? NULL : eb_chip_row_by_name(s->chip_name);
    const eb_chip_row_t *found;
    eb_code_t code = find_row(s, &found, err);

    /* A request that was damaged is refused like one that the chip does not know. */
    if (code == EB_ERR_CHIP_UNKNOWN) {
        code = find_row(s, &found, err);
    }
    if (code == EB_ERR_CHIP_UNKNOWN && asked != NULL) {
        eb_event_note(s->ev, EB_LEVEL_WARNING,
                      "the chip is unknown, and treated as the %s that was asked for", asked->name);
        found = asked;
        code = EB_OK;
    }
    if (code != EB_OK) {
        return code;
    }
    if (asked != NULL && found != asked) {
        return eb_err_set_reason(err, EB_ERR_CHIP_MISMATCH, EB_REASON_CHIP_ASKED,
                                 "the board has an %s, not an %s", found->name, asked->name);
    }
    if (s->row != NULL && s->row != found) {
        return eb_err_set(err, EB_ERR_CHIP_MISMATCH, "another board answers now: an %s, not the %s",
                          found->name, s->row->name);
    }
    s->row = found;
    /* An adapter made of an Espressif chip may have the id of that chip. */
    if (s->port.kind == EB_PORT_USB_OTG && s->port.pid != found->chip_id) {
        s->port.kind = EB_PORT_UART;
    }
    return EB_OK;
}

static eb_code_t read_words(eb_session_t *s, uint32_t words[EB_FACT_REGS_MAX], eb_err_t *err)
{
    for (size_t i = 0; i < s->row->fact_count; i++) {
        const eb_code_t code = eb_dev_read_confirmed(s, s->row->fact_regs[i], &words[i], err);

        if (code != EB_OK) {
            return code;
        }
    }
    return EB_OK;
}

/* From the divider that the ROM found for our baud rate: clock = divider * baud. */
static int measured_crystal(const eb_session_t *s, uint32_t divider_reg)
{
    const eb_chip_row_t *row = s->row;
    const uint64_t hz = (uint64_t)(divider_reg & row->uart_divider_mask) *
                        eb_transport_baud(s->transport) / (uint64_t)row->uart_clocks_per_crystal;
    uint64_t least = UINT64_MAX;
    int nearest = 0;

    for (size_t i = 0; i < EB_CRYSTALS_MAX && row->crystals_mhz[i] != 0; i++) {
        const uint64_t want = (uint64_t)row->crystals_mhz[i] * 1000000u;
        const uint64_t off = hz > want ? hz - want : want - hz;

        if (off < least && off * 100u <= want * CRYSTAL_TOLERANCE_PERCENT) {
            least = off;
            nearest = row->crystals_mhz[i];
        }
    }
    return nearest;
}

static eb_code_t find_crystal(eb_session_t *s, const eb_chip_facts_t *facts, eb_err_t *err)
{
    uint32_t divider = 0;
    eb_code_t code;

    if (!eb_chip_crystal_varies(s->row)) {
        s->chip.crystal_mhz = s->row->crystals_mhz[0];
        return EB_OK;
    }
    /* A stub may have changed the clock of the UART. */
    if (!s->stub) {
        code = eb_dev_read_confirmed(s, s->row->uart_divider_reg, &divider, err);
        if (code != EB_OK) {
            return code;
        }
        s->chip.crystal_mhz = measured_crystal(s, divider);
        s->chip.crystal_measured = s->chip.crystal_mhz != 0;
    }
    if (s->chip.crystal_mhz == 0) {
        s->chip.crystal_mhz = facts->crystal_mhz;
    }
    return EB_OK;
}

static void name_chip(const eb_session_t *s, eb_chip_info_t *chip)
{
    (void)snprintf(chip->id, sizeof(chip->id), "%s", s->row->id);
    (void)snprintf(chip->name, sizeof(chip->name), "%s", s->row->name);
    chip->chip_id = s->row->chip_id;
    chip->bootloader_addr = s->row->bootloader_addr;
}

eb_code_t eb_detect_facts(eb_session_t *s, eb_err_t *err)
{
    uint32_t words[EB_FACT_REGS_MAX] = {0};
    eb_chip_facts_t facts = {0};
    eb_code_t code;

    if (s->secure_download) {
        /* Registers cannot be read, so unknown facts stay empty. */
        name_chip(s, &s->chip);
        (void)snprintf(s->chip.description, sizeof(s->chip.description), "%s", s->row->name);
        s->chip.crystal_mhz =
            eb_chip_crystal_varies(s->row) ? s->row->secure_crystal_mhz : s->row->crystals_mhz[0];
        return EB_OK;
    }
    code = read_words(s, words, err);
    if (code != EB_OK) {
        return code;
    }
    s->row->read_facts(words, &facts);
    if (!s->row->efuse_security) {
        facts.chip.security = s->chip.security;
    }
    s->chip = facts.chip;
    name_chip(s, &s->chip);
    s->rom_clock_hz = facts.rom_clock_hz;
    s->flash_power = facts.flash_power;
    s->flash_pins = facts.flash_pins;
    (void)snprintf(s->flash.voltage, sizeof(s->flash.voltage), "%s", facts.flash_voltage);
    (void)snprintf(s->flash.type, sizeof(s->flash.type), "%s", facts.flash_type);
    return find_crystal(s, &facts, err);
}

eb_code_t eb_detect_mac(eb_session_t *s, char out[EB_MAC_TEXT_BYTES], eb_err_t *err)
{
    uint32_t words[EB_FACT_REGS_MAX] = {0};
    eb_chip_facts_t facts = {0};
    eb_code_t code;

    out[0] = '\0';
    if (s->secure_download) {
        return EB_OK;
    }
    code = read_words(s, words, err);
    if (code != EB_OK) {
        return code;
    }
    s->row->read_facts(words, &facts);
    (void)snprintf(out, EB_MAC_TEXT_BYTES, "%s", facts.chip.macs[0].text);
    return EB_OK;
}
