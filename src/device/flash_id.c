/* flash_id.c: attaching the flash, and who made it and how large it is. */
#include "bytes.h"
#include "clock.h"
#include "flash_vendors.h"
#include "session_impl.h"
#include "spi_user.h"

#include <stdio.h>
#include <string.h>

#define OP_RDID         0x9Fu
#define OP_SFDP         0x5Au
#define OP_UNIQUE_ID    0x4Bu
#define OP_RDSR         0x05u
#define OP_RESET_ENABLE 0x66u
#define OP_RESET        0x99u
#define OP_RELEASE      0xABu /* from power-down */
#define OP_EXIT_QPI     0xFFu
#define OP_EXIT_4_BYTE  0xE9u
#define FLASH_RESET_MS  1
#define SR_WIP          0x01u /* an erase or a write is going on */
#define SR_MUTE         0xFFu

#define BUSY_MS_MAX  400000 /* the longest that the data sheets give a chip erase (W25Q256) */
#define BUSY_STEP_MS 20

#define SFDP_SIGNATURE  0x50444653u /* "SFDP" */
#define JEDEC_MUTE_HIGH 0xFFFFFFu
#define JEDEC_HIGH      0xFFu /* manufacturer of a line that nobody drives */
#define JEDEC_LOW       0x00u

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

/* ROM and stub assume a size until they are told. */
static eb_code_t set_params(eb_session_t *s, eb_err_t *err)
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

/* A reset of the chip does not end an erase that began before it. Until its end the flash answers
 * nothing but its status. */
static eb_code_t wait_while_busy(eb_session_t *s, uint32_t *status, eb_err_t *err)
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
    eb_code_t code = wait_while_busy(s, &status, err);

    if (code == EB_OK && status == SR_MUTE) {
        code = tell_flash(s, wake, sizeof(wake), err);
        if (code == EB_OK) {
            code = wait_while_busy(s, &status, err);
        }
    }
    if (code == EB_OK) {
        code = tell_flash(s, reset, sizeof(reset), err);
    }
    /* Of the parts with 4 address bytes some know no reset. */
    return code == EB_OK ? tell_flash(s, exit_4_byte, sizeof(exit_4_byte), err) : code;
}

/* A stub attaches the flash when it starts, on the pins that it finds by itself. */
static eb_code_t attach_pins(eb_session_t *s, eb_err_t *err)
{
    uint8_t pins[8] = {0}; /* the second word, for the ROM only: not the legacy way */
    /* The oldest ROM has no command for it, but attaches when a write begins: of nothing, here. */
    static const uint8_t nothing[16] = {[9] = 0x04}; /* erase 0, 0 blocks of 0x400, at 0 */

    if (s->stub && s->spi_connection.kind == EB_SPI_USUAL) {
        return EB_OK;
    }
    if (s->row->old_rom && !s->stub) {
        return simple_command(s, EB_CMD_FLASH_BEGIN, nothing, sizeof(nothing), err);
    }
    eb_put_le32(pins, s->flash_pins);
    return simple_command(s, EB_CMD_SPI_ATTACH, pins, s->stub ? 4 : sizeof(pins), err);
}

static eb_code_t attach(eb_session_t *s, eb_err_t *err)
{
    eb_spi_user_t spi;
    eb_code_t code = attach_pins(s, err), end;

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
    return s->row->stub_flash_limit > EB_FLASH_LIMIT_24BIT ? attach(s, err) : EB_OK;
}

/* Facts that the flash tells. */
typedef struct eb_flash_answers {
    uint32_t jedec_id;
    bool sfdp;
    uint64_t size_by_sfdp; /* 0: not known */
    uint32_t unique_id[2];
} eb_flash_answers_t;

static eb_code_t read_jedec(eb_session_t *s, uint32_t *out, eb_err_t *err)
{
    const eb_spi_op_t op = {.opcode = OP_RDID, .read_bits = 24};
    uint32_t words[EB_SPI_READ_WORDS];
    eb_code_t code = eb_spi_user_run(s, &op, words, err);

    if (code == EB_OK && (words[0] & 0xFFFFFF) == JEDEC_MUTE_HIGH) {
        uint32_t status;

        code = wait_while_busy(s, &status, err);
        if (code == EB_OK) {
            code = eb_spi_user_run(s, &op, words, err);
        }
    }
    if (code != EB_OK) {
        return code;
    }
    /* First byte read, the manufacturer, is the lowest. */
    *out = (words[0] & 0xFF) << 16 | (words[0] & 0xFF00) | ((words[0] >> 16) & 0xFF);
    return EB_OK;
}

static eb_code_t read_sfdp(eb_session_t *s, eb_flash_answers_t *out, eb_err_t *err)
{
    eb_spi_op_t op = {.opcode = OP_SFDP, .addr_bits = 24, .dummy_bits = 8, .read_bits = 128};
    uint32_t words[EB_SPI_READ_WORDS];
    eb_code_t code;

    code = eb_spi_user_run(s, &op, words, err);
    if (code != EB_OK || words[0] != SFDP_SIGNATURE) {
        return code;
    }
    out->sfdp = true;
    /* Header of the basic table: its place is in the last word, the density in its second. */
    op.addr = (words[3] & 0xFFFFFF) + 4;
    op.read_bits = 32;
    code = eb_spi_user_run(s, &op, words, err);
    if (code == EB_OK) {
        out->size_by_sfdp = eb_flash_size_by_sfdp(words[0]);
    }
    return code;
}

static eb_code_t read_unique_id(eb_session_t *s, eb_flash_answers_t *out, eb_err_t *err)
{
    const eb_spi_op_t op = {.opcode = OP_UNIQUE_ID, .dummy_bits = 32, .read_bits = 64};
    uint32_t words[EB_SPI_READ_WORDS];
    eb_code_t code = eb_spi_user_run(s, &op, words, err);

    if (code != EB_OK) {
        return code;
    }
    out->unique_id[0] = words[0];
    out->unique_id[1] = words[1];
    return EB_OK;
}

static void set_size(eb_flash_info_t *flash, uint64_t size, const char *source)
{
    flash->size_bytes = size;
    (void)snprintf(flash->size_source, sizeof(flash->size_source), "%s", source);
}

/* Beyond its end a flash repeats itself. A read there returns other data twice, and an erase there
 * destroys other data. */
static eb_code_t take_option(eb_session_t *s, uint64_t told, eb_err_t *err)
{
    const uint64_t wanted = s->options.flash_size;

    if (told != 0 && wanted > told) {
        (void)eb_err_set(
            err, EB_ERR_REFUSED,
            "a flash size of %llu bytes is asked for, and the flash with id 0x%06x has "
            "%llu",
            (unsigned long long)wanted, (unsigned)s->flash.jedec_id, (unsigned long long)told);
        eb_err_reason(err, EB_REASON_DETECT_SIZE);
        return EB_ERR_REFUSED;
    }
    if (told != 0 && wanted < told) {
        eb_event_note(s->ev, EB_LEVEL_WARNING,
                      "only the first %llu of the %llu bytes of the flash count, because that "
                      "flash size is asked for",
                      (unsigned long long)wanted, (unsigned long long)told);
    }
    set_size(&s->flash, wanted, "option");
    return EB_OK;
}

static eb_code_t judge_size(eb_session_t *s, uint64_t by_sfdp, eb_err_t *err)
{
    const uint64_t by_jedec = eb_flash_size_by_jedec(s->flash.jedec_id);

    if (s->options.flash_size != 0) {
        return take_option(s, by_jedec > by_sfdp ? by_jedec : by_sfdp, err);
    }
    if (by_jedec != 0 && by_sfdp != 0 && by_jedec != by_sfdp) {
        /* A size too small loses data, a size too large reads data twice: let the user decide. */
        eb_event_note(s->ev, EB_LEVEL_WARNING,
                      "the flash says %llu bytes by its id 0x%06x, but %llu by its SFDP table; its "
                      "size counts as unknown",
                      (unsigned long long)by_jedec, (unsigned)s->flash.jedec_id,
                      (unsigned long long)by_sfdp);
    } else if (by_jedec != 0) {
        set_size(&s->flash, by_jedec, "jedec");
    } else if (by_sfdp != 0) {
        set_size(&s->flash, by_sfdp, "sfdp");
    }
    return EB_OK;
}

/* No manufacturer has these numbers. Some bits of a line without a flash may still read otherwise.
 */
static bool is_mute(uint32_t jedec_id)
{
    return jedec_id >> 16 == JEDEC_HIGH || jedec_id >> 16 == JEDEC_LOW;
}

static eb_code_t ask_flash(eb_session_t *s, eb_flash_answers_t *out, eb_err_t *err)
{
    eb_spi_user_t spi;
    eb_code_t code, end;

    memset(out, 0, sizeof(*out));
    code = eb_spi_user_begin(s, &spi, err);
    if (code == EB_OK) {
        code = read_jedec(s, &out->jedec_id, err);
    }
    if (code == EB_OK && !is_mute(out->jedec_id)) {
        code = read_sfdp(s, out, err);
    }
    if (code == EB_OK && !is_mute(out->jedec_id)) {
        code = read_unique_id(s, out, err);
    }
    end = eb_spi_user_end(s, &spi, code == EB_OK ? err : NULL);
    return code == EB_OK ? end : code;
}

static bool same_answers(const eb_flash_answers_t *a, const eb_flash_answers_t *b)
{
    return a->jedec_id == b->jedec_id && a->sfdp == b->sfdp && a->size_by_sfdp == b->size_by_sfdp &&
           a->unique_id[0] == b->unique_id[0] && a->unique_id[1] == b->unique_id[1];
}

/* Answers carry no checksum, and the size of a backup depends on these. */
static eb_code_t ask_flash_confirmed(eb_session_t *s, eb_flash_answers_t *out, eb_err_t *err)
{
    eb_flash_answers_t before;
    eb_code_t code = ask_flash(s, out, err);

    for (int i = 0; code == EB_OK && i < EB_DEV_CONFIRM_READS; i++) {
        before = *out;
        code = ask_flash(s, out, err);
        if (code == EB_OK && same_answers(&before, out)) {
            return EB_OK;
        }
        s->stats.retries++;
    }
    return code != EB_OK ? code
                         : eb_err_set(err, EB_ERR_LINE, "the flash never answers the same twice");
}

static eb_code_t identify(eb_session_t *s, eb_err_t *err)
{
    eb_flash_info_t *flash = &s->flash;
    eb_flash_answers_t found;
    const char *name;
    eb_code_t code = ask_flash_confirmed(s, &found, err);

    if (code != EB_OK) {
        return code;
    }
    flash->jedec_id = found.jedec_id;
    flash->known = !is_mute(found.jedec_id);
    if (!flash->known) {
        return EB_OK;
    }
    flash->sfdp = found.sfdp;
    /* A flash that does not know the command leaves the line idle. */
    flash->has_unique_id = !(found.unique_id[0] == 0 && found.unique_id[1] == 0) &&
                           !(found.unique_id[0] == UINT32_MAX && found.unique_id[1] == UINT32_MAX);
    if (flash->has_unique_id) {
        eb_put_le32(flash->unique_id, found.unique_id[0]);
        eb_put_le32(flash->unique_id + 4, found.unique_id[1]);
    }
    name = eb_flash_vendor_name(flash->jedec_id);
    if (name != NULL) {
        (void)snprintf(flash->manufacturer, sizeof(flash->manufacturer), "%s", name);
    }
    name = eb_flash_part_name(flash->jedec_id);
    if (name != NULL) {
        (void)snprintf(flash->device, sizeof(flash->device), "%s", name);
    }
    return judge_size(s, found.size_by_sfdp, err);
}

eb_code_t eb_flash_setup(eb_session_t *s, eb_err_t *err)
{
    eb_code_t code;

    if (s->secure_download) {
        return EB_OK; /* registers cannot be reached: the flash stays unknown */
    }
    code = attach(s, err);
    if (code == EB_OK) {
        code = identify(s, err);
    }
    if (code == EB_OK) {
        code = set_params(s, err);
    }
    if (code != EB_OK) {
        (void)eb_err_wrap(err, "identifying the flash");
    }
    return code;
}

eb_code_t eb_flash_attach_again(eb_session_t *s, bool after_reset, eb_err_t *err)
{
    eb_code_t code;

    if (s->secure_download) {
        return EB_OK;
    }
    code = after_reset ? attach(s, err) : attach_pins(s, err);
    return code == EB_OK ? set_params(s, err) : code;
}

eb_code_t eb_flash_confirm_present(eb_session_t *s, eb_err_t *err)
{
    eb_spi_user_t spi;
    uint32_t jedec_id = JEDEC_MUTE_HIGH;
    eb_code_t code, end;

    code = eb_spi_user_begin(s, &spi, err);
    if (code == EB_OK) {
        code = read_jedec(s, &jedec_id, err);
    }
    end = eb_spi_user_end(s, &spi, code == EB_OK ? err : NULL);
    if (code == EB_OK) {
        code = end;
    }
    if (code == EB_OK && jedec_id != s->flash.jedec_id) {
        code = eb_err_set(err, EB_ERR_CHIP_RESET,
                          "the flash answers %06x instead of %06x: the board has restarted",
                          (unsigned)jedec_id, (unsigned)s->flash.jedec_id);
    }
    return code;
}
