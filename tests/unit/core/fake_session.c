#include "fake_session.h"

#include "bytes.h"
#include "digest.h"
#include "range.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND_BYTES 60u /* request and answer */

uint64_t fake_random(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9E3779B97F4A7C15u);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static double uniform(eb_session_t *s)
{
    return ((double)(fake_random(&s->seed) >> 11) + 0.5) / 9007199254740992.0;
}

eb_session_t *fake_new(uint64_t flash_bytes, uint64_t seed)
{
    eb_session_t *s = calloc(1, sizeof(*s));

    s->bytes = malloc(flash_bytes);
    s->told = calloc(flash_bytes, 1);
    s->erases = calloc(flash_bytes / EB_SECTOR_BYTES, sizeof(*s->erases));
    s->frame_bytes = STUB_FRAME;
    s->refuse_addr = UINT32_MAX;
    memset(s->bytes, 0xFF, flash_bytes);
    s->seed = seed;
    snprintf(s->chip.id, sizeof(s->chip.id), "esp32");
    snprintf(s->chip.name, sizeof(s->chip.name), "ESP32");
    snprintf(s->chip.description, sizeof(s->chip.description), "ESP32-D0WD-V3 (revision v3.1)");
    snprintf(s->chip.macs[0].kind, sizeof(s->chip.macs[0].kind), "base");
    snprintf(s->chip.macs[0].text, sizeof(s->chip.macs[0].text), "24:0a:c4:00:00:01");
    s->chip.mac_count = 1;
    s->chip.bootloader_addr = 0x1000;
    s->chip.crystal_mhz = 40;
    s->flash.known = true;
    s->flash.jedec_id = 0xC84016;
    s->flash.size_bytes = flash_bytes;
    snprintf(s->flash.size_source, sizeof(s->flash.size_source), "jedec");
    snprintf(s->stats.port, sizeof(s->stats.port), "fake");
    s->stats.port_kind = EB_PORT_UART;
    s->stats.baud = 921600;
    s->stats.stub = true;
    snprintf(s->stats.stub_version, sizeof(s->stats.stub_version), "1.2.2");
    return s;
}

void fake_free(eb_session_t *s)
{
    if (s != NULL) {
        free(s->bytes);
        free(s->told);
        free(s->erases);
        free(s);
    }
}

void fake_forget(eb_session_t *s)
{
    s->error_rate = s->wrong_rate = s->wrong_address_rate = 0;
    s->damage = (fake_damage_t){0};
    s->gone = 0;
    s->max_write_baud = 0;
    s->only_flips = s->broken = s->other_board = s->protect_unknown = false;
    s->lost_at = s->shaky_at = s->cancel_at = 0;
    s->wire_bytes = s->read_bytes = s->digest_bytes = 0;
    s->reads = s->digests = s->recoveries = s->slowdowns = 0;
    s->stats.baud = 921600;
    s->stats.retries = s->stats.reconnects = s->stats.slowdowns = 0;
    s->lie = FAKE_HONEST;
    s->lies_after = s->lies_left = s->refuse_left = 0;
    s->refuse_addr = UINT32_MAX;
    s->protect_status = 0;
    s->alias_bytes = s->firmware_writes = s->erase_extra = 0;
    s->written_bytes = 0;
    s->writes = s->erase_calls = 0;
    memset(s->erases, 0, s->flash.size_bytes / EB_SECTOR_BYTES * sizeof(*s->erases));
    memset(s->told, 0, s->flash.size_bytes);
}

void fake_fill(eb_session_t *s, uint32_t addr, uint32_t size, uint64_t seed)
{
    for (uint32_t i = 0; i < size; i++) {
        s->bytes[addr + i] = (uint8_t)(fake_random(&seed) >> 32);
    }
}

const eb_chip_info_t *eb_session_chip(const eb_session_t *s)
{
    return &s->chip;
}

const eb_flash_info_t *eb_session_flash(const eb_session_t *s)
{
    return &s->flash;
}

void eb_session_get_stats(const eb_session_t *s, eb_session_stats_t *out)
{
    *out = s->stats;
}

eb_code_t eb_session_recover(eb_session_t *s, eb_err_t *err)
{
    s->recoveries++;
    if (s->other_board) {
        return eb_err_set(err, EB_ERR_CHIP_MISMATCH, "another board answers");
    }
    if (s->gone != 0) {
        if (s->gone < 0) {
            return eb_err_set(err, EB_ERR_PORT_LOST, "the port did not come back");
        }
        s->gone--;
        return eb_err_set(err, EB_ERR_NO_ANSWER, "nothing answers");
    }
    if (s->broken && s->firmware_writes != 0) {
        s->bytes[s->firmware_writes] ^= 0x10;
    }
    s->broken = false;
    s->stats.reconnects++;
    return EB_OK;
}

eb_code_t eb_session_slow_down(eb_session_t *s, eb_err_t *err)
{
    if (s->stats.baud <= 115200) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "no slower rate");
    }
    s->stats.baud /= 2;
    s->slowdowns++;
    s->stats.slowdowns++;
    return EB_OK;
}

/* Whether the call can start: the port is there and the board listens. */
static eb_code_t start(eb_session_t *s, uint32_t addr, uint32_t size, eb_err_t *err)
{
    eb_code_t code = eb_session_check_range(s, addr, size, err);

    if (code != EB_OK) {
        return code;
    }
    if (s->gone != 0) {
        return eb_err_set(err, EB_ERR_PORT_LOST, "the port is gone");
    }
    if (s->broken) {
        return eb_err_set(err, EB_ERR_TIMEOUT, "no answer");
    }
    return EB_OK;
}

/* Bytes until the next fault on the wire. */
static uint64_t until_fault(eb_session_t *s)
{
    if (s->error_rate <= 0) {
        return UINT64_MAX;
    }
    return (uint64_t)(log(uniform(s)) / log(1.0 - s->error_rate));
}

/* What happens to a transfer of `size` bytes: damage in buf (NULL: a command), *received. */
static eb_code_t carry(eb_session_t *s, uint8_t *buf, uint32_t size, uint32_t *received,
                       eb_err_t *err)
{
    bool damaged = false;
    uint64_t at = until_fault(s);

    *received = size;
    while (at < size) {
        unsigned kind = s->only_flips ? 0 : (unsigned)(fake_random(&s->seed) % 100);
        if (buf != NULL && kind < 60) { /* a flip, seen only at the end */
            buf[at] ^= (uint8_t)(1u << (fake_random(&s->seed) % 8));
            damaged = true;
            at += 1 + until_fault(s);
            continue;
        }
        /* A frame too short: what came before it, and some that is shifted. */
        *received = (uint32_t)(at - at % s->frame_bytes);
        if (kind < 90) {
            if (buf != NULL && *received + s->frame_bytes <= size) {
                memset(buf + at, 0x5A, *received + s->frame_bytes - at);
                *received += s->frame_bytes;
            }
            return eb_err_set(err, EB_ERR_LINE, "a frame is damaged");
        }
        if (kind < 96) {
            return eb_err_set(err, EB_ERR_TIMEOUT, "the board stopped answering");
        }
        s->broken = true;
        if (kind < 98) {
            return eb_err_set(err, EB_ERR_CHIP_RESET, "the board restarted");
        }
        s->gone = (int)(fake_random(&s->seed) % 3);
        return eb_err_set(err, EB_ERR_PORT_LOST, "the port is gone");
    }
    return damaged ? eb_err_set(err, EB_ERR_LINE, "the digest of the read differs") : EB_OK;
}

static void pass_wire(eb_session_t *s, uint64_t bytes)
{
    s->wire_bytes += bytes;
    if (s->lost_at != 0 && s->wire_bytes >= s->lost_at) {
        s->gone = -1;
    }
    if (s->shaky_at != 0 && s->wire_bytes >= s->shaky_at) {
        s->stats.retries = 1;
    }
}

/* Where the board looks. A line that damages addresses damages other things too, noticed ones. */
static uint32_t heard_addr(eb_session_t *s, unsigned *countdown, uint32_t addr, uint32_t size)
{
    if (*countdown > 0 && --*countdown == 0) {
        uint32_t flipped = addr ^ (1u << s->damage.bit);
        return (uint64_t)flipped + size <= s->flash.size_bytes ? flipped : addr;
    }
    if (s->wrong_address_rate <= 0 || uniform(s) >= s->wrong_address_rate) {
        return addr;
    }
    s->stats.retries++;
    uint32_t other = addr ^ (1u << (12 + fake_random(&s->seed) % 8));
    return (uint64_t)other + size <= s->flash.size_bytes ? other : addr;
}

eb_code_t eb_flash_read(eb_session_t *s, uint32_t addr, uint32_t size, uint8_t *buf,
                        eb_read_progress_fn on_progress, void *user, eb_read_result_t *result,
                        eb_err_t *err)
{
    uint32_t received = 0;

    memset(result, 0, sizeof(*result));
    eb_code_t code = start(s, addr, size, err);
    if (code != EB_OK) {
        return code;
    }
    s->reads++;
    if (s->damage.erasing_read > 0 && --s->damage.erasing_read == 0) {
        memset(s->bytes, 0xFF, s->flash.size_bytes);
        s->stats.retries++;
        return eb_err_set(err, EB_ERR_TIMEOUT, "the flash data stopped");
    }
    memcpy(buf, s->bytes + heard_addr(s, &s->damage.read, addr, size), size);
    code = carry(s, buf, size, &received, err);
    for (uint32_t done = 0; done < received;) {
        uint32_t count = eb_min_u32(s->frame_bytes, received - done);
        pass_wire(s, count);
        done += count;
        if (s->gone == -1 || (s->cancel_at != 0 && s->wire_bytes >= s->cancel_at)) {
            received = done;
            code = s->gone == -1 ? eb_err_set(err, EB_ERR_PORT_LOST, "the port is gone")
                                 : eb_err_set(err, EB_ERR_CANCELLED, "cancelled");
            break;
        }
        if (on_progress != NULL) {
            on_progress(user, done);
        }
    }
    pass_wire(s, COMMAND_BYTES);
    s->read_bytes += received;
    memset(s->told + addr, 1, received);
    result->received = received;
    result->verified = code == EB_OK;
    return code;
}

eb_code_t eb_flash_digest(eb_session_t *s, uint32_t addr, uint32_t size, uint8_t md5[EB_MD5_BYTES],
                          eb_err_t *err)
{
    uint32_t received;

    eb_code_t code = start(s, addr, size, err);
    if (code != EB_OK) {
        return code;
    }
    s->digests++;
    s->digest_bytes += size;
    pass_wire(s, COMMAND_BYTES);
    memset(s->told + addr, 1, size);
    eb_md5(s->bytes + heard_addr(s, &s->damage.digest, addr, size), size, md5);
    if (s->wrong_rate > 0 && uniform(s) < s->wrong_rate) {
        eb_put_le32(md5, eb_get_le32(md5) ^ (1u + (uint32_t)(fake_random(&s->seed) >> 33)));
    }
    return carry(s, NULL, COMMAND_BYTES, &received, err);
}

/* -- writing ---------------------------------------------------------------------------------- */

/* A flash that repeats itself: what happens at an address happens at all that are the same to it.
 */
static void mirror(eb_session_t *s, uint32_t addr, uint32_t size)
{
    if (s->alias_bytes == 0) {
        return;
    }
    for (uint64_t at = addr % s->alias_bytes; at < s->flash.size_bytes; at += s->alias_bytes) {
        memmove(s->bytes + at, s->bytes + addr, size);
    }
}

static bool lies_now(eb_session_t *s)
{
    if (s->lie == FAKE_HONEST || s->lies_left == 0) {
        return false;
    }
    if (s->lies_after > 0) {
        s->lies_after--;
        return false;
    }
    s->lies_left -= s->lies_left > 0 ? 1 : 0;
    return true;
}

/* Erase a sector and program the first `count` of its bytes; NULL: erase only. */
static void put_sector(eb_session_t *s, uint32_t addr, const uint8_t *bytes, uint32_t count)
{
    bool lying = lies_now(s);
    uint8_t *at = s->bytes + addr;

    if ((s->stats.stub && (s->protect_status & 0x1C) != 0) || /* the ROM clears them */
        (lying && s->lie == FAKE_LIE_KEEP)) {
        return;
    }
    s->erases[addr / EB_SECTOR_BYTES]++;
    memset(s->told + addr, 0, EB_SECTOR_BYTES);
    memset(at, 0xFF, EB_SECTOR_BYTES);
    if (lying && s->lie == FAKE_LIE_SHORT) {
        count = eb_min_u32(count, EB_SECTOR_BYTES - 256);
    }
    for (uint32_t i = 0; bytes != NULL && i < count; i++) {
        at[i] &= bytes[i];
    }
    s->written_bytes += bytes != NULL ? count : 0;
    if (lying && (s->lie == FAKE_LIE_FLIP || (bytes == NULL && s->lie == FAKE_LIE_SHORT))) {
        at[fake_random(&s->seed) % EB_SECTOR_BYTES] ^= 0x04;
    }
    mirror(s, addr, EB_SECTOR_BYTES);
}

/* How the call ends that a fault came into. */
static eb_code_t fail_write(eb_session_t *s, eb_err_t *err)
{
    unsigned kind = s->only_flips ? 0 : (unsigned)(fake_random(&s->seed) % 100);

    if (kind < 50) {
        return eb_err_set(err, EB_ERR_LINE, "a block is damaged");
    }
    if (kind < 70) {
        return eb_err_set(err, EB_ERR_TIMEOUT, "the board stopped answering");
    }
    s->broken = true;
    if (kind < 90) {
        return eb_err_set(err, EB_ERR_CHIP_RESET, "the board restarted");
    }
    s->gone = (int)(fake_random(&s->seed) % 3);
    return eb_err_set(err, EB_ERR_PORT_LOST, "the port is gone");
}

/*
 * One sector after the other. A fault in one of them leaves it erased, or with some of its bytes,
 * or (a block acknowledged before it is programmed) the one before it too, of which the caller then
 * does not know either.
 */
static eb_code_t change_flash(eb_session_t *s, uint32_t addr, uint32_t size, const uint8_t *bytes,
                              eb_read_progress_fn on_progress, void *user,
                              eb_write_result_t *result, eb_err_t *err)
{
    uint32_t wire = bytes != NULL ? EB_SECTOR_BYTES : COMMAND_BYTES;

    for (uint32_t done = 0; done < size; done += EB_SECTOR_BYTES) {
        uint32_t sector = addr + done;
        const uint8_t *from = bytes != NULL ? bytes + done : NULL;
        uint32_t before = done > 0 && fake_random(&s->seed) % 2 == 0 ? EB_SECTOR_BYTES : 0;
        if (sector == s->refuse_addr && s->refuse_left != 0) {
            s->refuse_left -= s->refuse_left > 0 ? 1 : 0;
            result->touched = done + EB_SECTOR_BYTES;
            result->done = done;
            (void)eb_err_set(err, EB_ERR_DEVICE, "the board refused a block");
            if (err != NULL) {
                err->device_status = 0x06;
            }
            return EB_ERR_DEVICE;
        }
        uint64_t fault = until_fault(s);
        pass_wire(s, wire);
        bool cancelled = s->cancel_at != 0 && s->wire_bytes >= s->cancel_at;
        if (fault < wire || s->gone == -1 || cancelled) {
            uint32_t part = (uint32_t)(fake_random(&s->seed) % (EB_SECTOR_BYTES + 1));
            result->done = done - before;
            result->touched = done + EB_SECTOR_BYTES;
            if (before != 0 && bytes != NULL) {
                put_sector(s, sector - before, from - before, part);
            } else if (part % 2 == 0) {
                put_sector(s, sector, from, part);
            }
            if (s->gone == -1) {
                return eb_err_set(err, EB_ERR_PORT_LOST, "the port is gone");
            }
            return cancelled ? eb_err_set(err, EB_ERR_CANCELLED, "cancelled") : fail_write(s, err);
        }
        put_sector(s, sector, from, EB_SECTOR_BYTES);
        result->wire_bytes += bytes != NULL ? wire / 2 : 0;
        result->done = result->touched = done + EB_SECTOR_BYTES;
        if (on_progress != NULL) {
            on_progress(user, result->done);
        }
    }
    return EB_OK;
}

static eb_code_t start_change(eb_session_t *s, uint32_t addr, uint32_t size,
                              eb_write_result_t *result, eb_err_t *err)
{
    memset(result, 0, sizeof(*result));
    if (addr % EB_SECTOR_BYTES != 0 || size % EB_SECTOR_BYTES != 0) {
        return eb_err_set(err, EB_ERR_INTERNAL, "not whole sectors");
    }
    return start(s, addr, size, err);
}

eb_code_t eb_flash_write(eb_session_t *s, uint32_t addr, uint32_t size, const uint8_t *bytes,
                         eb_read_progress_fn on_progress, void *user, eb_write_result_t *result,
                         eb_err_t *err)
{
    eb_code_t code = start_change(s, addr, size, result, err);

    if (code != EB_OK) {
        return code;
    }
    s->writes++;
    if (!s->stats.stub) { /* the ROM erases all of it before the first block */
        for (uint32_t done = 0; done < size; done += EB_SECTOR_BYTES) {
            unsigned *erases = &s->erases[(addr + done) / EB_SECTOR_BYTES];
            unsigned count = *erases;
            put_sector(s, addr + done, NULL, 0);
            *erases = count; /* counted with its bytes below */
        }
        result->touched = size;
    }
    code = s->max_write_baud != 0 && s->stats.baud > s->max_write_baud
               ? eb_err_set(err, EB_ERR_LINE, "a block is damaged")
               : change_flash(s, addr, size, bytes, on_progress, user, result, err);
    if (!s->stats.stub) {
        result->touched = size;
    }
    return code;
}

eb_code_t eb_flash_erase(eb_session_t *s, uint32_t addr, uint32_t size, eb_write_result_t *result,
                         eb_err_t *err)
{
    eb_code_t code = start_change(s, addr, size, result, err);

    if (code != EB_OK) {
        return code;
    }
    s->erase_calls++;
    for (; s->erase_extra > 0; s->erase_extra -= EB_SECTOR_BYTES) {
        put_sector(s, addr + size + s->erase_extra - EB_SECTOR_BYTES, NULL, 0);
    }
    return change_flash(s, addr, size, NULL, NULL, NULL, result, err);
}

eb_code_t eb_flash_protection(eb_session_t *s, bool *is_protected, uint16_t *status, eb_err_t *err)
{
    eb_code_t code = start(s, 0, 1, err);

    *status = s->protect_status;
    *is_protected = (s->protect_status & 0x1C) != 0;
    if (code == EB_OK && s->protect_unknown) {
        code = eb_err_set(err, EB_ERR_UNSUPPORTED, "the status register cannot be read here");
    }
    pass_wire(s, COMMAND_BYTES);
    return code;
}
