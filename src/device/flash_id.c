/* flash_id.c: who made the flash, and how large it is. */
#include "bytes.h"
#include "flash_attach.h"
#include "flash_vendors.h"

#include <stdio.h>
#include <string.h>

#define OP_RDID      0x9Fu
#define OP_SFDP      0x5Au
#define OP_UNIQUE_ID 0x4Bu

#define SFDP_SIGNATURE    0x50444653u /* "SFDP" */
#define SFDP_MORE_HEADERS 0x00FF0000u /* than that of the basic table */
#define JEDEC_MUTE_HIGH   0xFFFFFFu
#define JEDEC_HIGH        0xFFu /* manufacturer of a line that nobody drives */
#define JEDEC_LOW         0x00u
#define XMC               0x20u

/* Facts that the flash tells. */
typedef struct eb_flash_answers {
    uint32_t jedec_id;
    bool sfdp;
    uint64_t size_by_sfdp; /* 0: not known */
    uint8_t sfdp_maker;    /* of a table of its own, behind the basic one; 0: there is none */
    uint32_t unique_id[2];
} eb_flash_answers_t;

static eb_code_t read_jedec(eb_session_t *s, uint32_t *out, eb_err_t *err)
{
    const eb_spi_op_t op = {.opcode = OP_RDID, .read_bits = 24};
    uint32_t words[EB_SPI_READ_WORDS];
    eb_code_t code = eb_spi_user_run(s, &op, words, err);

    if (code == EB_OK && (words[0] & 0xFFFFFF) == JEDEC_MUTE_HIGH) {
        uint32_t status;

        code = eb_flash_wait_while_busy(s, &status, err);
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
    eb_spi_op_t op = {.opcode = OP_SFDP, .addr_bits = 24, .dummy_bits = 8, .read_bits = 160};
    uint32_t words[EB_SPI_READ_WORDS];
    eb_code_t code;

    code = eb_spi_user_run(s, &op, words, err);
    if (code != EB_OK || words[0] != SFDP_SIGNATURE) {
        return code;
    }
    out->sfdp = true;
    if ((words[1] & SFDP_MORE_HEADERS) != 0) {
        out->sfdp_maker = (uint8_t)words[4];
    }
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
    if (code == EB_OK) {
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
           a->sfdp_maker == b->sfdp_maker && a->unique_id[0] == b->unique_id[0] &&
           a->unique_id[1] == b->unique_id[1];
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

/* Ids of its parts that boot well, by ESP-IDF; it lacks those of the XM25QU32 and XM25QH128A. */
static bool is_xmc(uint32_t jedec_id)
{
    const uint32_t type = jedec_id >> 8 & 0xFF, capacity = jedec_id & 0xFF;

    return jedec_id >> 16 == XMC && ((type == 0x40 && capacity >= 0x13 && capacity <= 0x20) ||
                                     (type == 0x41 && capacity >= 0x16 && capacity <= 0x20) ||
                                     (type == 0x50 && capacity >= 0x15 && capacity <= 0x16) ||
                                     (type == 0x70 && capacity == 0x18));
}

/* A stub of these chips goes by the id that it reads at its start. */
static eb_code_t restart_stub(const eb_session_t *s, eb_err_t *err)
{
    if (!s->stub || s->row->stub_flash_limit <= EB_FLASH_LIMIT_24BIT) {
        return EB_OK;
    }
    return eb_err_set(err, EB_ERR_CHIP_RESET,
                      "the stub started before the flash did, so it must start again");
}

/* Some XMC parts do not boot well when the power comes on: they answer SFDP, but no valid id, and
 * are not to be trusted. */
static eb_code_t ask_booted(eb_session_t *s, eb_flash_answers_t *found, eb_err_t *err)
{
    eb_code_t code = ask_flash_confirmed(s, found, err);
    const uint32_t before = found->jedec_id;

    if (code != EB_OK || found->sfdp_maker != XMC || is_xmc(before)) {
        return code;
    }
    code = eb_flash_boot_xmc(s, err);
    if (code == EB_OK) {
        code = ask_flash_confirmed(s, found, err);
    }
    if (code != EB_OK) {
        return code;
    }
    if (!is_xmc(found->jedec_id)) {
        eb_event_note(s->ev, EB_LEVEL_WARNING,
                      "the id %06x of the flash is none of the known ids of XMC, its manufacturer: "
                      "it may not have started well, and then reads wrong data",
                      (unsigned)found->jedec_id);
        return EB_OK;
    }
    eb_event_note(s->ev, EB_LEVEL_NOTE,
                  "the flash had not started well (id %06x): it was started again",
                  (unsigned)before);
    return restart_stub(s, err);
}

/* Requests carry no checksum: a damaged one may have attached other pins, or have left the zeros
 * where the answer comes. */
static eb_code_t ask_attached(eb_session_t *s, eb_flash_answers_t *found, eb_err_t *err)
{
    eb_code_t code = ask_booted(s, found, err);

    if (code != EB_OK || !is_mute(found->jedec_id)) {
        return code;
    }
    code = eb_flash_attach(s, err);
    return code == EB_OK ? ask_booted(s, found, err) : code;
}

static eb_code_t identify(eb_session_t *s, eb_err_t *err)
{
    eb_flash_info_t *flash = &s->flash;
    eb_flash_answers_t found;
    const char *name;
    eb_code_t code = ask_attached(s, &found, err);

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
    code = eb_flash_attach(s, err);
    if (code == EB_OK) {
        code = identify(s, err);
    }
    if (code == EB_OK) {
        code = eb_flash_set_params(s, err);
    }
    if (code != EB_OK) {
        (void)eb_err_wrap(err, "identifying the flash");
    }
    return code;
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

/* The power may have been off too. */
static eb_code_t check_xmc(eb_session_t *s, eb_err_t *err)
{
    eb_code_t code = is_xmc(s->flash.jedec_id) ? eb_flash_confirm_present(s, err) : EB_OK;

    if (code != EB_ERR_CHIP_RESET) {
        return code;
    }
    code = eb_flash_boot_xmc(s, err);
    if (code == EB_OK) {
        code = eb_flash_confirm_present(s, err);
    }
    return code == EB_OK ? restart_stub(s, err) : code;
}

eb_code_t eb_flash_attach_again(eb_session_t *s, bool after_reset, eb_err_t *err)
{
    eb_code_t code;

    if (s->secure_download) {
        return EB_OK;
    }
    code = after_reset ? eb_flash_attach(s, err) : eb_flash_attach_pins(s, err);
    if (code == EB_OK && after_reset) {
        code = check_xmc(s, err);
    }
    return code == EB_OK ? eb_flash_set_params(s, err) : code;
}
