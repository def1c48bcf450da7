/* spi_user.c: see spi_user.h. Registers by the technical reference manuals. */
#include "spi_user.h"

#include <string.h>

#define SPI_CMD  0x00u /* offsets that all chips share */
#define SPI_ADDR 0x04u

#define CMD_USR     (1u << 18)
#define USR_COMMAND (1u << 31)
#define USR_ADDR    (1u << 30)
#define USR_DUMMY   (1u << 29)
#define USR_MISO    (1u << 28)

#define ADDR_LEN_AT    26
#define COMMAND_LEN_AT 28
#define READ_LEN_AT    8 /* where lengths stand in usr1 */
#define COMMAND_BITS   8u

#define POLLS_MAX 50

eb_code_t eb_spi_user_begin(eb_session_t *s, eb_spi_user_t *u, eb_err_t *err)
{
    const eb_spi_regs_t *spi = &s->row->spi;
    eb_code_t code;

    memset(u, 0, sizeof(*u));
    code = eb_dev_read_reg(s, spi->base + spi->usr, &u->usr, err);
    if (code == EB_OK) {
        code = eb_dev_read_reg(s, spi->base + spi->usr1, &u->usr1, err);
    }
    if (code == EB_OK) {
        code = eb_dev_read_reg(s, spi->base + spi->usr2, &u->usr2, err);
    }
    u->saved = code == EB_OK;
    return code;
}

eb_code_t eb_spi_user_end(eb_session_t *s, const eb_spi_user_t *u, eb_err_t *err)
{
    const eb_spi_regs_t *spi = &s->row->spi;
    const eb_reg_write_t writes[] = {
        {spi->base + spi->usr, u->usr},
        {spi->base + spi->usr1, u->usr1},
        {spi->base + spi->usr2, u->usr2},
    };

    if (!u->saved) {
        return EB_OK;
    }
    return eb_dev_write_regs(s, writes, sizeof(writes) / sizeof(writes[0]), err);
}

static eb_code_t start(eb_session_t *s, const eb_spi_op_t *op, size_t words, eb_err_t *err)
{
    const eb_spi_regs_t *spi = &s->row->spi;
    const uint32_t usr = USR_COMMAND | (op->read_bits > 0 ? USR_MISO : 0) |
                         (op->addr_bits > 0 ? USR_ADDR : 0) | (op->dummy_bits > 0 ? USR_DUMMY : 0);
    const bool lengths_in_usr1 = spi->miso_dlen == 0;
    const uint32_t usr1 =
        (op->addr_bits > 0 ? (op->addr_bits - 1) << ADDR_LEN_AT : 0) |
        (lengths_in_usr1 && op->read_bits > 0 ? (op->read_bits - 1) << READ_LEN_AT : 0) |
        (op->dummy_bits > 0 ? op->dummy_bits - 1 : 0);
    eb_reg_write_t writes[6 + EB_SPI_READ_WORDS];
    size_t n = 0;

    if (!lengths_in_usr1 && op->read_bits > 0) {
        writes[n++] = (eb_reg_write_t){spi->base + spi->miso_dlen, op->read_bits - 1};
    }
    writes[n++] = (eb_reg_write_t){spi->base + spi->usr, usr};
    if (usr1 != 0) {
        writes[n++] = (eb_reg_write_t){spi->base + spi->usr1, usr1};
    }
    writes[n++] =
        (eb_reg_write_t){spi->base + spi->usr2, (COMMAND_BITS - 1) << COMMAND_LEN_AT | op->opcode};
    if (op->addr_bits > 0) {
        writes[n++] =
            (eb_reg_write_t){spi->base + SPI_ADDR,
                             spi->addr_from_top ? op->addr << (32 - op->addr_bits) : op->addr};
    }
    /* Clear the buffer, so that old words do not pass for an answer. */
    for (size_t i = 0; i < words; i++) {
        writes[n++] = (eb_reg_write_t){spi->base + spi->w0 + (uint32_t)(4 * i), 0};
    }
    writes[n++] = (eb_reg_write_t){spi->base + SPI_CMD, CMD_USR};
    return eb_dev_write_regs(s, writes, n, err);
}

eb_code_t eb_spi_user_run(eb_session_t *s, const eb_spi_op_t *op, uint32_t words[EB_SPI_READ_WORDS],
                          eb_err_t *err)
{
    const eb_spi_regs_t *spi = &s->row->spi;
    const size_t count = (op->read_bits + 31u) / 32u;
    uint32_t cmd = CMD_USR;
    eb_code_t code;

    memset(words, 0, EB_SPI_READ_WORDS * sizeof(words[0]));
    code = start(s, op, count, err);
    for (int i = 0; code == EB_OK && i < POLLS_MAX && (cmd & CMD_USR) != 0; i++) {
        code = eb_dev_read_reg(s, spi->base + SPI_CMD, &cmd, err);
    }
    if (code == EB_OK && (cmd & CMD_USR) != 0) {
        return eb_err_set(err, EB_ERR_PROTOCOL, "the flash controller does not finish 0x%02x",
                          op->opcode);
    }
    for (size_t i = 0; code == EB_OK && i < count; i++) {
        code = eb_dev_read_reg(s, spi->base + spi->w0 + (uint32_t)(4 * i), &words[i], err);
    }
    return code;
}
