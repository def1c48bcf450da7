/*
 * spi_user.h: single commands to the flash, through the registers of the SPI controller.
 *
 * begin saves the registers that ROM bootloader and stub rely on, and end restores them. Every path
 * from begin must call end.
 */
#ifndef EB_DEVICE_SPI_USER_H
#define EB_DEVICE_SPI_USER_H

#include "session_impl.h"

#define EB_SPI_READ_WORDS 5u

typedef struct eb_spi_user {
    uint32_t usr, usr1, usr2;
    bool saved;
} eb_spi_user_t;

typedef struct eb_spi_op {
    uint8_t opcode;
    uint32_t addr;
    unsigned addr_bits;  /* 0: no address */
    unsigned dummy_bits; /* 0: none */
    unsigned read_bits;  /* up to 32 * EB_SPI_READ_WORDS; 0: none */
} eb_spi_op_t;

eb_code_t eb_spi_user_begin(eb_session_t *s, eb_spi_user_t *u, eb_err_t *err);
/* words[0] has the first byte read in its lowest bits. */
eb_code_t eb_spi_user_run(eb_session_t *s, const eb_spi_op_t *op, uint32_t words[EB_SPI_READ_WORDS],
                          eb_err_t *err);
/* err NULL: after a failure whose error stays. */
eb_code_t eb_spi_user_end(eb_session_t *s, const eb_spi_user_t *u, eb_err_t *err);

#endif
