/* flash_attach.h: attaching the flash; for flash_id.c, which finds out what is attached. */
#ifndef EB_DEVICE_FLASH_ATTACH_H
#define EB_DEVICE_FLASH_ATTACH_H

#include "spi_user.h"

/* A stub attaches the flash when it starts, on the pins that it finds by itself. */
eb_code_t eb_flash_attach_pins(eb_session_t *s, eb_err_t *err);
/* The same, and end what the flash may be in the middle of: a mode, or an erase. */
eb_code_t eb_flash_attach(eb_session_t *s, eb_err_t *err);
/* ROM and stub assume a size until they are told. */
eb_code_t eb_flash_set_params(eb_session_t *s, eb_err_t *err);
/* Between eb_spi_user_begin and _end. A reset of the chip does not end an erase that began before
 * it. Until its end the flash answers nothing but its status. */
eb_code_t eb_flash_wait_while_busy(eb_session_t *s, uint32_t *status, eb_err_t *err);
/* Make an XMC part boot anew, by its deepest power-down. Others take it for a short power-down.
 * Source: the startup flow of ESP-IDF. */
eb_code_t eb_flash_boot_xmc(eb_session_t *s, eb_err_t *err);

#endif
