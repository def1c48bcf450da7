/* prepare.c: from a SYNC to flash commands: supply of the flash, stub, baud rate. */
#include "bytes.h"
#include "digest.h"
#include "range.h"
#include "session_impl.h"
#include "spi_user.h"

#include <stdio.h>
#include <string.h>

#define UPLOAD_TRIES  3
#define MISREAD_TRIES 3 /* answers carry no checksum */
#define OP_READ       0x03u
#define LOOK_BYTES    16u

void eb_session_no_stub(eb_session_t *s, const char *why)
{
    s->stub_given_up = true;
    (void)snprintf(s->stats.stub_note, sizeof(s->stats.stub_note), "%.*s",
                   (int)sizeof(s->stats.stub_note) - 1, why);
    eb_event_note(s->ev, EB_LEVEL_NOTE, "%s; continuing with the ROM bootloader, which is slower",
                  why);
}

/* A stub runs, or something that is none: a reset brings the ROM bootloader back. Where there is no
 * reset line, the board may have restarted by itself. */
static eb_code_t back_to_rom(eb_session_t *s, const char *why, eb_err_t *err)
{
    char text[EB_ERR_TEXT_BYTES];

    (void)snprintf(text, sizeof(text), "%s", why); /* may be the text in err */
    eb_code_t code = eb_connect_sync(s, EB_RECONNECT_TRIES, 0, EB_RECONNECT_TRIES, err);
    if (code == EB_OK && !s->stub) {
        eb_session_no_stub(s, text);
        return EB_OK;
    }
    if (code == EB_ERR_CANCELLED || (code != EB_OK && eb_transport_can_lines(s->transport))) {
        return code;
    }
    if (code == EB_OK && eb_transport_can_lines(s->transport)) {
        (void)eb_err_set(err, EB_ERR_STUB, "%s, and it still runs, because no reset is wanted",
                         text);
    } else {
        (void)eb_err_set(err, EB_ERR_STUB,
                         "%s, and %s has no reset line to bring the ROM bootloader back", text,
                         s->port_name);
    }
    eb_err_reason(err, EB_REASON_BY_HAND);
    return EB_ERR_STUB;
}

/* Load the stub, if it is wanted. Without success go back to the ROM bootloader by a reset. */
static eb_code_t load_stub(eb_session_t *s, eb_err_t *err)
{
    bool jumped = false;
    eb_code_t code;

    if (s->stub || s->options.no_stub || s->stub_given_up || s->secure_download) {
        return EB_OK;
    }
    code = eb_flash_make_ready(s, err);
    if (code != EB_OK) {
        return code;
    }
    for (int i = 0; i < UPLOAD_TRIES; i++) {
        eb_sync_info_t info;

        code = eb_stub_start(s, &jumped, err);
        if (jumped || (!eb_code_row(code)->transient && code != EB_ERR_DEVICE)) {
            break;
        }
        s->stats.retries++;
        if (eb_link_resync(s->link, 2, &info, NULL) != EB_OK) {
            break;
        }
    }
    if (code == EB_ERR_CHIP_RESET) { /* and the ROM bootloader is back each time */
        code = eb_err_set(err, EB_ERR_STUB, "the stub was loaded, but the board restarted");
    }
    if (code != EB_ERR_STUB || (!jumped && s->stub_path[0] != '\0')) {
        return code;
    }
    if (!jumped) {
        eb_session_no_stub(s, err != NULL ? err->message : "there is no stub");
        return EB_OK;
    }
    return back_to_rom(s, err != NULL ? err->message : "the stub did not start", err);
}

eb_code_t eb_session_prepare(eb_session_t *s, eb_err_t *err)
{
    eb_code_t code = eb_flash_power_up(s, err);

    if (code == EB_OK) {
        code = load_stub(s, err);
    }
    return code == EB_OK ? eb_baud_raise(s, err) : code;
}

/* -- whether the stub reads the flash as it is ------------------------------------------------- */

/* The capacity codes that stubs know; any other counts as the largest flash. */
static bool stub_knows_capacity(uint32_t jedec_id)
{
    const uint32_t code = jedec_id & 0xFF;

    return (code >= 0x12 && code <= 0x1C) || code == 0x39;
}

/* Read some bytes by the opcode that each flash knows, and ask the stub for their MD5. */
static eb_code_t look_at(eb_session_t *s, uint32_t addr, bool *erased, bool *same, eb_err_t *err)
{
    const eb_spi_op_t op = {
        .opcode = OP_READ, .addr = addr, .addr_bits = 24, .read_bits = 8 * LOOK_BYTES};
    uint32_t words[EB_SPI_READ_WORDS] = {0};
    uint8_t bytes[LOOK_BYTES], ours[EB_MD5_BYTES], theirs[EB_MD5_BYTES] = {0};
    eb_spi_user_t spi;
    eb_code_t code = eb_spi_user_begin(s, &spi, err), end;

    if (code == EB_OK) {
        code = eb_spi_user_run(s, &op, words, err);
    }
    end = eb_spi_user_end(s, &spi, code == EB_OK ? err : NULL);
    code = code == EB_OK ? end : code;
    if (code == EB_OK) {
        code = eb_flash_digest(s, addr, LOOK_BYTES, theirs, err);
    }
    *erased = true;
    for (size_t i = 0; i < LOOK_BYTES / 4; i++) {
        eb_put_le32(bytes + 4 * i, words[i]);
        *erased = *erased && words[i] == UINT32_MAX;
    }
    eb_md5(bytes, sizeof(bytes), ours);
    *same = memcmp(ours, theirs, sizeof(ours)) == 0;
    return code;
}

/*
 * A stub that takes the flash for larger than 16 MB uses opcodes with 4 address bytes. A smaller
 * flash ignores them: all reads FF, and the stub's MD5 agrees with that.
 */
static eb_code_t find_misreading(eb_session_t *s, bool *misreads, eb_err_t *err)
{
    /* Most boards hold data in one of these: bootloader, partition table, app. */
    const uint32_t places[] = {s->row->bootloader_addr, 0x8000, 0x10000, 0};
    bool erased = true, same = true;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && erased; i++) {
        if (!eb_range_within(places[i], LOOK_BYTES, s->flash.size_bytes)) {
            continue;
        }
        same = false;
        for (int tries = 0; tries < MISREAD_TRIES && !same; tries++) {
            const eb_code_t code = look_at(s, places[i], &erased, &same, err);

            if (code != EB_OK) {
                return code;
            }
        }
        erased = erased && same;
    }
    *misreads = erased ? !stub_knows_capacity(s->flash.jedec_id) : !same;
    return EB_OK;
}

eb_code_t eb_session_check_stub(eb_session_t *s, eb_err_t *err)
{
    bool misreads = false;
    eb_code_t code;

    if (!s->stub || s->row->stub_flash_limit <= EB_FLASH_LIMIT_24BIT ||
        eb_session_need_flash(s, NULL) != EB_OK || s->flash.size_bytes > EB_FLASH_LIMIT_24BIT) {
        return EB_OK;
    }
    code = find_misreading(s, &misreads, err);
    if (code != EB_OK || !misreads) {
        return code;
    }
    code = back_to_rom(s, "the stub misreads this flash", err);
    if (code == EB_OK) {
        code = eb_watchdog_stop(s, err);
    }
    if (code == EB_OK) {
        code = eb_session_prepare(s, err);
    }
    return code == EB_OK ? eb_flash_attach_again(s, true, err) : code;
}
