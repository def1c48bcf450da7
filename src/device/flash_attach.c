/* flash_attach.c: attaching the flash, and bringing it back from a mode in which it does not work.
 */
#include "flash_attach.h"

#include "bytes.h"
#include "clock.h"

#define OP_RDSR         0x05u
#define OP_RESET_ENABLE 0x66u
#define OP_RESET        0x99u
#define OP_POWER_DOWN   0xB9u
#define OP_ULTRA_DOWN   0x79u
#define OP_EXIT_ULTRA   0xFFu
#define OP_RELEASE      0xABu /* from power-down */
#define OP_EXIT_QPI     0xFFu
#define OP_EXIT_4_BYTE  0xE9u
#define FLASH_RESET_MS  1
#define XMC_BOOT_MS     2
#define SR_WIP          0x01u /* an erase or a write is going on */
#define SR_MUTE         0xFFu

#define BUSY_MS_MAX  400000 /* the longest that the data sheets give a chip erase (W25Q256) */
#define BUSY_STEP_MS 20

static eb_code_t simple_command(eb_session_t *s, uint8_t op, const uint8_t *data, size_t len,
                                eb_err_t *err)
{
    const eb_request_t request = {.op = op, .data = data, .len = len, .timeout_ms = s->reply_ms};
    eb_reply_t reply;

    return eb_dev_command(s, &request, &reply, err);
}

static eb_code_t take_step(eb_session_t *s, const eb_reg_step_t *step, eb_err_t *err)
{
    uint32_t value = 0;
    eb_code_t code = eb_dev_read_reg(s, step->reg, &value, err);

    if (code != EB_OK || (value & step->only_if) != step->only_if) {
        return code;
    }
    code = eb_dev_write_reg(s, step->reg, (value & ~step->clear) | step->set, err);
    if (code == EB_OK && step->wait_us > 0) {
        eb_sleep_ms((step->wait_us + 999) / 1000);
    }
    return code;
}

eb_code_t eb_flash_power_up(eb_session_t *s, eb_err_t *err)
{
    const eb_reg_program_t *program = s->flash_power;
    eb_code_t code = EB_OK;

    if (program == NULL || s->stub || s->secure_download) {
        return EB_OK;
    }
    for (size_t i = 0; code == EB_OK && i < program->count; i++) {
        code = take_step(s, &program->steps[i], err);
    }
    if (code != EB_OK) {
        (void)eb_err_wrap(err, "switching the supply of the flash on");
    }
    return code;
}

eb_code_t eb_flash_set_params(eb_session_t *s, eb_err_t *err)
{
    uint8_t data[24];

    if (s->flash.size_bytes == 0 || s->flash.size_bytes > UINT32_MAX ||
        (s->row->old_rom && !s->stub)) {
        return EB_OK;
    }
    eb_put_le32(data, 0); /* id: not used */
    eb_put_le32(data + 4, (uint32_t)s->flash.size_bytes);
    eb_put_le32(data + 8, 64 * 1024);
    eb_put_le32(data + 12, 4096);
    eb_put_le32(data + 16, 256);
    eb_put_le32(data + 20, 0xFFFF); /* status mask */
    return simple_command(s, EB_CMD_SPI_SET_PARAMS, data, sizeof(data), err);
}

eb_code_t eb_flash_wait_while_busy(eb_session_t *s, uint32_t *status, eb_err_t *err)
{
    const eb_spi_op_t op = {.opcode = OP_RDSR, .read_bits = 8};
    const int64_t deadline_ms = eb_clock_ms() + BUSY_MS_MAX;
    bool told = false;

    while (eb_clock_left_ms(deadline_ms) > 0) {
        uint32_t words[EB_SPI_READ_WORDS];
        eb_code_t code = eb_spi_user_run(s, &op, words, err);

        *status = words[0] & 0xFF;
        if (code != EB_OK || *status == SR_MUTE || (*status & SR_WIP) == 0) {
            return code;
        }
        code = eb_event_check(s->ev, err);
        if (code != EB_OK) {
            return code;
        }
        if (!told) {
            eb_event_note(s->ev, EB_LEVEL_NOTE,
                          "the flash is still busy with an earlier erase or write; waiting for it");
        }
        told = true;
        eb_sleep_ms(BUSY_STEP_MS);
    }
    return EB_OK;
}

/* Commands without data. */
static eb_code_t tell_flash(eb_session_t *s, const uint8_t *opcodes, size_t count, eb_err_t *err)
{
    eb_code_t code = EB_OK;

    for (size_t i = 0; i < count && code == EB_OK; i++) {
        const eb_spi_op_t op = {.opcode = opcodes[i]};
        uint32_t words[EB_SPI_READ_WORDS];

        code = eb_spi_user_run(s, &op, words, err);
    }
    eb_sleep_ms(FLASH_RESET_MS);
    return code;
}

/*
 * A program may leave the flash in a mode that neither the ROM bootloader nor a stub expects, and a
 * reset of the chip does not end it. A mute flash is woken: it may be in power-down, or in QPI
 * mode, which hears FF on one line as on four. Then it is reset, but not while it is busy.
 */
static eb_code_t revive(eb_session_t *s, eb_err_t *err)
{
    static const uint8_t wake[] = {OP_EXIT_QPI, OP_RELEASE};
    static const uint8_t reset[] = {OP_RESET_ENABLE, OP_RESET}, exit_4_byte[] = {OP_EXIT_4_BYTE};
    uint32_t status = 0;
    eb_code_t code = eb_flash_wait_while_busy(s, &status, err);

    if (code == EB_OK && status == SR_MUTE) {
        code = tell_flash(s, wake, sizeof(wake), err);
        if (code == EB_OK) {
            code = eb_flash_wait_while_busy(s, &status, err);
        }
    }
    if (code == EB_OK) {
        code = tell_flash(s, reset, sizeof(reset), err);
    }
    /* Of the parts with 4 address bytes some know no reset. */
    return code == EB_OK ? tell_flash(s, exit_4_byte, sizeof(exit_4_byte), err) : code;
}

eb_code_t eb_flash_attach_pins(eb_session_t *s, eb_err_t *err)
{
    uint8_t pins[8] = {0}; /* the second word, for the ROM only: not the legacy way */
    /* The oldest ROM has no command for it, but attaches when a write begins: of nothing, here. */
    static const uint8_t nothing[16] = {[9] = 0x04}; /* erase 0, 0 blocks of 0x400, at 0 */

    if (s->stub && s->spi_connection.kind == EB_SPI_USUAL) {
        return EB_OK;
    }
    if (s->row->old_rom && !s->stub) {
        const eb_code_t code = simple_command(s, EB_CMD_FLASH_BEGIN, nothing, sizeof(nothing), err);

        /* It attaches first, and then fails when the flash is in a mode in which it is mute. */
        return code == EB_ERR_DEVICE ? EB_OK : code;
    }
    eb_put_le32(pins, s->flash_pins);
    return simple_command(s, EB_CMD_SPI_ATTACH, pins, s->stub ? 4 : sizeof(pins), err);
}

eb_code_t eb_flash_attach(eb_session_t *s, eb_err_t *err)
{
    eb_spi_user_t spi;
    eb_code_t code = eb_flash_attach_pins(s, err), end;

    if (code != EB_OK) {
        return code;
    }
    code = eb_spi_user_begin(s, &spi, err);
    if (code == EB_OK) {
        code = revive(s, err);
    }
    end = eb_spi_user_end(s, &spi, code == EB_OK ? err : NULL);
    return code == EB_OK ? end : code;
}

eb_code_t eb_flash_make_ready(eb_session_t *s, eb_err_t *err)
{
    return s->row->stub_flash_limit > EB_FLASH_LIMIT_24BIT ? eb_flash_attach(s, err) : EB_OK;
}

eb_code_t eb_flash_boot_xmc(eb_session_t *s, eb_err_t *err)
{
    static const uint8_t restart[] = {OP_POWER_DOWN, OP_ULTRA_DOWN, OP_EXIT_ULTRA};
    static const uint8_t release[] = {OP_RELEASE};
    eb_spi_user_t spi;
    eb_code_t code = eb_spi_user_begin(s, &spi, err), end;

    if (code == EB_OK) {
        code = tell_flash(s, restart, sizeof(restart), err);
        eb_sleep_ms(XMC_BOOT_MS);
    }
    if (code == EB_OK) {
        code = tell_flash(s, release, sizeof(release), err);
    }
    end = eb_spi_user_end(s, &spi, code == EB_OK ? err : NULL);
    return code == EB_OK ? end : code;
}
