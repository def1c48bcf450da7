/*
 * packet.h: commands and replies of ROM bootloader and stub, as they lie in a SLIP frame.
 *
 * Command: 00, number, length of data (16 bit), checksum (32 bit), data.
 * Reply:   01, number, length of what follows the value (16 bit), value (32 bit), data, status
 * bytes. The number of status bytes depends on who answers: see eb_dialect_t. All little-endian.
 * Source: Espressif's serial protocol document, and the recorded sessions in tests/data/captures.
 */
#ifndef EB_WIRE_PACKET_H
#define EB_WIRE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_PACKET_HEADER_BYTES 8u
#define EB_CHECKSUM_SEED       0xEFu

typedef enum eb_cmd {
    EB_CMD_FLASH_BEGIN = 0x02,
    EB_CMD_FLASH_DATA = 0x03,
    EB_CMD_FLASH_END = 0x04,
    EB_CMD_MEM_BEGIN = 0x05,
    EB_CMD_MEM_END = 0x06,
    EB_CMD_MEM_DATA = 0x07,
    EB_CMD_SYNC = 0x08,
    EB_CMD_WRITE_REG = 0x09,
    EB_CMD_READ_REG = 0x0A,
    EB_CMD_SPI_SET_PARAMS = 0x0B,
    EB_CMD_SPI_ATTACH = 0x0D,
    EB_CMD_READ_FLASH_SLOW = 0x0E,
    EB_CMD_CHANGE_BAUDRATE = 0x0F,
    EB_CMD_FLASH_DEFL_BEGIN = 0x10,
    EB_CMD_FLASH_DEFL_DATA = 0x11,
    EB_CMD_FLASH_DEFL_END = 0x12,
    EB_CMD_SPI_FLASH_MD5 = 0x13,
    EB_CMD_GET_SECURITY_INFO = 0x14,
    EB_CMD_ERASE_FLASH = 0xD0,
    EB_CMD_ERASE_REGION = 0xD1,
    EB_CMD_READ_FLASH = 0xD2,
    EB_CMD_RUN_USER_CODE = 0xD3
} eb_cmd_t;

/* Who answers, and so how many status bytes end a reply. */
typedef enum eb_dialect {
    EB_DIALECT_ROM,     /* mask ROM from ESP32 on: 4, of which 2 say something */
    EB_DIALECT_ROM_OLD, /* mask ROM before that: 2 */
    EB_DIALECT_STUB     /* 2; also the error numbers differ */
} eb_dialect_t;

typedef struct eb_reply {
    uint8_t op;
    uint32_t value;
    const uint8_t *data; /* into the frame */
    size_t data_len;     /* without the status bytes */
    uint8_t status;      /* 0: done */
    uint8_t error;       /* reason, when status is not 0 */
} eb_reply_t;

/* "READ_REG", or "command 0x7f" into the caller's text of at least 16 bytes. */
const char *eb_cmd_name(uint8_t op, char *text, size_t cap);
/* Words for a status of a reply; never NULL. Static storage. */
const char *eb_status_text(uint8_t status, uint8_t error);
/* The one number that eb_err_t.device_status carries: the byte that tells the reason. */
int eb_status_code(uint8_t status, uint8_t error);

uint8_t eb_packet_checksum(const uint8_t *data, size_t len);
/* Write the header of a command with `len` bytes of data. */
void eb_packet_header(uint8_t op, size_t len, uint32_t checksum,
                      uint8_t out[EB_PACKET_HEADER_BYTES]);
/* False when the frame is no reply: too short, wrong direction, or a length that does not fit. */
bool eb_packet_reply(const uint8_t *frame, size_t len, eb_dialect_t dialect, eb_reply_t *out);

#endif
