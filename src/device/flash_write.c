/*
 * flash_write.c: FLASH_BEGIN/DATA, FLASH_DEFL_BEGIN/DATA, ERASE_REGION.
 *
 * The stub acknowledges a block before it programs the block, the ROM bootloader after. The stub
 * reports a failed block with the next command. So a write ends with the reply to a command after
 * the last block. An acknowledgement verifies nothing: the caller compares digests.
 *
 * Facts: Espressif's serial protocol document (commands, parameters, block sizes), the recorded
 * sessions in tests/data/captures.
 */
#include "bytes.h"
#include "flash_vendors.h"
#include "session_impl.h"
#include "spi_user.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define STUB_BLOCK_BYTES  0x4000u
#define ROM_BLOCK_BYTES   0x400u
#define BLOCK_TRIES       3
/* The vendor allows the slowest flash this long. */
#define CHANGE_MS_PER_MB  40000
#define CHANGE_MS_MIN     3000
/* Large enough for block erases, small enough for progress and an exact result after a failure. */
#define ERASE_STEP_BYTES  (1u << 20)
#define STAY_IN_STUB      1u
#define RDSR              0x05u
#define RDSR2             0x35u
#define BLOCK_PROTECT_ALL 0x1Cu /* BP0..BP2: all of the flash */

typedef struct eb_write_job {
    eb_session_t *s;
    uint32_t addr, size; /* of the flash */
    const uint8_t *send; /* what goes over the wire: the bytes, or them deflated */
    uint32_t send_bytes;
    bool deflated;
    uint32_t block_bytes;
    uint8_t *padded; /* one block, for the last of a write that is not deflated */
    eb_write_result_t *result;
} eb_write_job_t;

static int64_t change_ms(uint64_t bytes)
{
    return CHANGE_MS_MIN + (int64_t)(bytes * CHANGE_MS_PER_MB >> 20);
}

static eb_code_t check_aligned(const eb_session_t *s, uint32_t addr, uint32_t size, eb_err_t *err)
{
    const eb_code_t code = eb_session_check_range(s, addr, size, err);

    if (code != EB_OK) {
        return code;
    }
    if (addr % EB_SECTOR_BYTES != 0 || size % EB_SECTOR_BYTES != 0) {
        return eb_err_set(err, EB_ERR_INTERNAL, "0x%x + 0x%x are not whole sectors", (unsigned)addr,
                          (unsigned)size);
    }
    return EB_OK;
}

/* The size to tell the oldest ROM so that it erases `size` bytes: it counts the sectors up to the
 * next block border twice. */
static uint32_t quirky_erase_size(uint32_t addr, uint32_t size)
{
    const uint32_t block_sectors = EB_BLOCK_BYTES / EB_SECTOR_BYTES;
    const uint32_t sectors = size / EB_SECTOR_BYTES;
    const uint32_t to_border = block_sectors - addr / EB_SECTOR_BYTES % block_sectors;
    const uint32_t head = eb_min_u32(to_border, sectors);

    return (sectors < 2 * head ? (sectors + 1) / 2 : sectors - head) * EB_SECTOR_BYTES;
}

/* FLASH_BEGIN or FLASH_DEFL_BEGIN; the ROM erases everything now, the stub as it goes. */
static eb_code_t begin(eb_session_t *s, uint8_t op, uint32_t addr, uint32_t size, uint32_t blocks,
                       uint32_t block_bytes, eb_err_t *err)
{
    uint8_t data[20] = {0}; /* the fifth word: not encrypted */
    eb_reply_t reply;
    const eb_request_t request = {.op = op,
                                  .data = data,
                                  .len = s->stub || s->row->efuse_security ? 16 : 20,
                                  .timeout_ms = change_ms(size)};

    eb_put_le32(data, s->row->old_rom && !s->stub ? quirky_erase_size(addr, size) : size);
    eb_put_le32(data + 4, blocks);
    eb_put_le32(data + 8, block_bytes);
    eb_put_le32(data + 12, addr);
    return eb_link_command(s->link, &request, &reply, err);
}

/* One block. Send it again when the board found damage, because then it has dropped the block. */
static eb_code_t send_block(eb_write_job_t *job, uint32_t number, const uint8_t *bytes,
                            uint32_t count, eb_err_t *err)
{
    uint8_t head[16] = {0};
    eb_reply_t reply;
    const uint64_t inflated =
        job->deflated ? (uint64_t)job->size * count / job->send_bytes + EB_BLOCK_BYTES : count;
    const eb_request_t request = {.op = job->deflated ? EB_CMD_FLASH_DEFL_DATA : EB_CMD_FLASH_DATA,
                                  .data = head,
                                  .len = sizeof(head),
                                  .bulk = bytes,
                                  .bulk_len = count,
                                  .timeout_ms = change_ms(inflated)};
    eb_code_t code = EB_OK;

    eb_put_le32(head, count);
    eb_put_le32(head + 4, number);
    for (int i = 0; i < BLOCK_TRIES; i++) {
        eb_err_t mine = {.code = EB_OK};

        if (i > 0) {
            job->s->stats.retries++;
        }
        code = eb_link_command(job->s->link, &request, &reply, &mine);
        job->result->wire_bytes += count;
        if (code != EB_OK && err != NULL) {
            *err = mine;
        }
        if (code != EB_ERR_LINE || mine.device_status == 0) {
            break;
        }
    }
    return code;
}

static eb_code_t send_blocks(eb_write_job_t *job, eb_read_progress_fn on_progress, void *user,
                             eb_err_t *err)
{
    uint32_t number = 0;

    for (uint32_t at = 0; at < job->send_bytes; number++) {
        const uint32_t count = eb_min_u32(job->block_bytes, job->send_bytes - at);
        eb_code_t code;

        if (job->deflated || count == job->block_bytes) {
            code = send_block(job, number, job->send + at, count, err);
        } else {
            /* The chip takes whole blocks, and FF programs nothing. */
            memset(job->padded, 0xFF, job->block_bytes);
            memcpy(job->padded, job->send + at, count);
            code = send_block(job, number, job->padded, job->block_bytes, err);
        }
        if (code != EB_OK) {
            return code;
        }
        at += count;
        if (on_progress != NULL) {
            on_progress(user, (uint32_t)((uint64_t)job->size * at / job->send_bytes));
        }
    }
    return EB_OK;
}

/* The stub reports the last block here. The ROM has done so, and would leave download mode. */
static eb_code_t finish(eb_write_job_t *job, eb_err_t *err)
{
    uint8_t data[4];
    eb_reply_t reply;
    const eb_request_t request = {.op = job->deflated ? EB_CMD_FLASH_DEFL_END : EB_CMD_FLASH_END,
                                  .data = data,
                                  .len = sizeof(data),
                                  .timeout_ms = change_ms(job->size)};

    if (!job->s->stub) {
        return EB_OK;
    }
    eb_put_le32(data, STAY_IN_STUB);
    return eb_link_command(job->s->link, &request, &reply, err);
}

/* Deflated when that is shorter. *deflated is malloc'd or NULL. Only for the stub: the ROM
 * bootloader gains little, because it answers each block after programming it. */
static eb_code_t choose_form(eb_write_job_t *job, const uint8_t *bytes, uint8_t **deflated,
                             eb_err_t *err)
{
    uLongf length = compressBound(job->size);

    *deflated = NULL;
    job->send = bytes;
    job->send_bytes = job->size;
    if (!job->s->stub) {
        return EB_OK;
    }
    *deflated = malloc(length);
    if (*deflated == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory to deflate %u bytes",
                          (unsigned)job->size);
    }
    if (compress2(*deflated, &length, bytes, job->size, Z_BEST_COMPRESSION) == Z_OK &&
        length < job->size) {
        job->send = *deflated;
        job->send_bytes = (uint32_t)length;
        job->deflated = true;
    }
    return EB_OK;
}

static uint32_t largest_block(const eb_session_t *s)
{
    return eb_min_u32(STUB_BLOCK_BYTES, eb_port_traits(s->port.kind)->block_max_bytes);
}

/* Halve the blocks on a line that damages them, and double them while they arrive. */
static void learn_block_size(eb_session_t *s, eb_code_t code)
{
    if (code == EB_OK && s->write_block_bytes < largest_block(s)) {
        s->write_block_bytes *= 2;
    } else if (code != EB_OK && s->write_block_bytes > ROM_BLOCK_BYTES) {
        s->write_block_bytes /= 2;
    }
}

static eb_code_t run(eb_write_job_t *job, eb_read_progress_fn on_progress, void *user,
                     eb_err_t *err)
{
    const uint32_t blocks = (job->send_bytes + job->block_bytes - 1) / job->block_bytes;
    eb_code_t code;

    /* Sectors may be erased from the moment that the command has left. */
    job->result->touched = job->size;
    code = begin(job->s, job->deflated ? EB_CMD_FLASH_DEFL_BEGIN : EB_CMD_FLASH_BEGIN, job->addr,
                 job->size, blocks, job->block_bytes, err);
    if (code == EB_OK) {
        code = send_blocks(job, on_progress, user, err);
    }
    if (code == EB_OK) {
        code = finish(job, err);
    }
    if (code == EB_OK) {
        job->result->done = job->size;
    }
    return code;
}

eb_code_t eb_flash_write(eb_session_t *s, uint32_t addr, uint32_t size, const uint8_t *bytes,
                         eb_read_progress_fn on_progress, void *user, eb_write_result_t *result,
                         eb_err_t *err)
{
    eb_write_job_t job = {.s = s, .addr = addr, .size = size, .result = result};
    uint8_t *deflated = NULL, *padded = NULL;
    eb_code_t code;

    memset(result, 0, sizeof(*result));
    code = check_aligned(s, addr, size, err);
    if (code != EB_OK) {
        return code;
    }
    if (s->write_block_bytes == 0) {
        s->write_block_bytes = largest_block(s);
    }
    job.block_bytes = s->stub ? eb_min_u32(s->write_block_bytes, size) : ROM_BLOCK_BYTES;
    job.padded = padded = malloc(job.block_bytes);
    code = padded == NULL ? eb_err_set(err, EB_ERR_INTERNAL, "no memory for a block")
                          : choose_form(&job, bytes, &deflated, err);
    if (code == EB_OK) {
        code = run(&job, on_progress, user, err);
        learn_block_size(s, code);
    }
    if (code != EB_OK) {
        (void)eb_err_wrap(err, "writing 0x%x + 0x%x", (unsigned)addr, (unsigned)size);
    }
    free(deflated);
    free(padded);
    return code;
}

/* -- erase ------------------------------------------------------------------------------------ */

static eb_code_t erase_step(eb_session_t *s, uint32_t addr, uint32_t size, eb_err_t *err)
{
    uint8_t data[8];
    eb_reply_t reply;
    const eb_request_t request = {.op = EB_CMD_ERASE_REGION,
                                  .data = data,
                                  .len = sizeof(data),
                                  .timeout_ms = change_ms(size)};

    /* The ROM has no command to erase, but erases when a write begins: of no blocks, here. */
    if (!s->stub) {
        return begin(s, EB_CMD_FLASH_BEGIN, addr, size, 0, ROM_BLOCK_BYTES, err);
    }
    eb_put_le32(data, addr);
    eb_put_le32(data + 4, size);
    /* May be sent twice, because erasing twice does no harm. */
    return eb_dev_command(s, &request, &reply, err);
}

eb_code_t eb_flash_erase(eb_session_t *s, uint32_t addr, uint32_t size, eb_write_result_t *result,
                         eb_err_t *err)
{
    eb_code_t code;

    memset(result, 0, sizeof(*result));
    code = check_aligned(s, addr, size, err);
    while (code == EB_OK && result->done < size) {
        const uint32_t to_border = ERASE_STEP_BYTES - (addr + result->done) % ERASE_STEP_BYTES;
        const uint32_t step = eb_min_u32(to_border, size - result->done);

        result->touched = result->done + step;
        code = erase_step(s, addr + result->done, step, err);
        if (code == EB_OK) {
            result->done += step;
        }
    }
    if (code != EB_OK) {
        (void)eb_err_wrap(err, "erasing 0x%x + 0x%x", (unsigned)addr, (unsigned)size);
    }
    return code;
}

static eb_code_t read_status(eb_session_t *s, uint8_t opcode, uint8_t *out, eb_err_t *err)
{
    const eb_spi_op_t op = {.opcode = opcode, .read_bits = 8};
    uint32_t words[EB_SPI_READ_WORDS] = {0};
    const eb_code_t code = eb_spi_user_run(s, &op, words, err);

    *out = (uint8_t)words[0];
    return code;
}

eb_code_t eb_flash_protection(eb_session_t *s, bool *is_protected, uint16_t *status, eb_err_t *err)
{
    const eb_flash_protect_bits_t bits = eb_flash_protect_bits(s->flash.jedec_id);
    uint8_t low = 0, high = 0;
    eb_spi_user_t user;
    eb_code_t code, after;

    *is_protected = false;
    *status = 0;
    code = eb_session_need_flash(s, err);
    if (code != EB_OK) {
        return code;
    }
    code = eb_spi_user_begin(s, &user, err);
    if (code == EB_OK) {
        code = read_status(s, RDSR, &low, err);
    }
    if (code == EB_OK && bits.complement != 0) {
        code = read_status(s, RDSR2, &high, err);
    }
    after = eb_spi_user_end(s, &user, code == EB_OK ? err : NULL);
    if (code == EB_OK) {
        code = after;
    }
    if (code != EB_OK) {
        return code;
    }
    *status = (uint16_t)(high << 8 | low);
    /* The complement of all of the flash is nothing. */
    *is_protected = (high & bits.complement) != 0 ? (low & BLOCK_PROTECT_ALL) != BLOCK_PROTECT_ALL
                                                  : (low & bits.block_protect) != 0;
    return EB_OK;
}
