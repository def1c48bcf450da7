#include "packet.h"

#include "bytes.h"

#include <stdio.h>
#include <string.h>

#define DIRECTION_COMMAND 0x00u
#define DIRECTION_REPLY   0x01u

static const struct {
    eb_cmd_t op;
    const char *name;
} cmd_names[] = {
    {EB_CMD_FLASH_BEGIN, "FLASH_BEGIN"},
    {EB_CMD_FLASH_DATA, "FLASH_DATA"},
    {EB_CMD_FLASH_END, "FLASH_END"},
    {EB_CMD_MEM_BEGIN, "MEM_BEGIN"},
    {EB_CMD_MEM_END, "MEM_END"},
    {EB_CMD_MEM_DATA, "MEM_DATA"},
    {EB_CMD_SYNC, "SYNC"},
    {EB_CMD_WRITE_REG, "WRITE_REG"},
    {EB_CMD_READ_REG, "READ_REG"},
    {EB_CMD_SPI_SET_PARAMS, "SPI_SET_PARAMS"},
    {EB_CMD_SPI_ATTACH, "SPI_ATTACH"},
    {EB_CMD_READ_FLASH_SLOW, "READ_FLASH_SLOW"},
    {EB_CMD_CHANGE_BAUDRATE, "CHANGE_BAUDRATE"},
    {EB_CMD_FLASH_DEFL_BEGIN, "FLASH_DEFL_BEGIN"},
    {EB_CMD_FLASH_DEFL_DATA, "FLASH_DEFL_DATA"},
    {EB_CMD_FLASH_DEFL_END, "FLASH_DEFL_END"},
    {EB_CMD_SPI_FLASH_MD5, "SPI_FLASH_MD5"},
    {EB_CMD_GET_SECURITY_INFO, "GET_SECURITY_INFO"},
    {EB_CMD_ERASE_FLASH, "ERASE_FLASH"},
    {EB_CMD_ERASE_REGION, "ERASE_REGION"},
    {EB_CMD_READ_FLASH, "READ_FLASH"},
    {EB_CMD_RUN_USER_CODE, "RUN_USER_CODE"},
};

/* ROM bootloader: status 1, and the reason in the second byte. Stub: the status is the reason. */
static const struct {
    uint8_t status, error;
    const char *text;
} status_texts[] = {
    {0x01, 0x00, "undefined error"},
    {0x01, 0x01, "a parameter is not valid"},
    {0x01, 0x02, "the chip has no memory left"},
    {0x01, 0x03, "the chip could not send"},
    {0x01, 0x04, "the chip could not receive"},
    {0x01, 0x05, "the command is not known or malformed"},
    {0x01, 0x06, "the command was understood, but failed"},
    {0x01, 0x07, "the checksum does not match"},
    {0x01, 0x08, "writing the flash failed"},
    {0x01, 0x09, "reading the flash failed"},
    {0x01, 0x0A, "the length of the flash read is not valid"},
    {0x01, 0x0B, "inflating the data failed"},
    {0x01, 0x0C, "the checksum of the inflated data does not match"},
    {0x01, 0x0D, "a parameter of the deflated data is not valid"},
    {0x01, 0x0E, "the size of the RAM program is not valid"},
    {0x01, 0x0F, "the address of the RAM program is not valid"},
    {0xC0, 0x00, "the data has the wrong length"},
    {0xC1, 0x00, "the checksum does not match"},
    {0xC2, 0x00, "the block size is not valid"},
    {0xC3, 0x00, "the command is not valid"},
    {0xC4, 0x00, "a flash operation failed"},
    {0xC5, 0x00, "the flash could not be unlocked"},
    {0xC6, 0x00, "no flash write was begun"},
    {0xC7, 0x00, "inflating the data failed"},
    {0xC8, 0x00, "there is not enough data"},
    {0xC9, 0x00, "there is too much data"},
    {0xFF, 0x00, "the command is not known"},
};

const char *eb_cmd_name(uint8_t op, char *text, size_t cap)
{
    for (size_t i = 0; i < sizeof(cmd_names) / sizeof(cmd_names[0]); i++) {
        if ((uint8_t)cmd_names[i].op == op) {
            return cmd_names[i].name;
        }
    }
    (void)snprintf(text, cap, "command 0x%02x", op);
    return text;
}

const char *eb_status_text(uint8_t status, uint8_t error)
{
    for (size_t i = 0; i < sizeof(status_texts) / sizeof(status_texts[0]); i++) {
        /* The second byte of a stub is not always 0. */
        if (status_texts[i].status == status &&
            (status != 0x01 || status_texts[i].error == error)) {
            return status_texts[i].text;
        }
    }
    return "an error without a known meaning";
}

int eb_status_code(uint8_t status, uint8_t error)
{
    return status == 0x01 && error != 0 ? error : status;
}

uint8_t eb_packet_checksum(const uint8_t *data, size_t len)
{
    uint8_t sum = EB_CHECKSUM_SEED;

    for (size_t i = 0; i < len; i++) {
        sum ^= data[i];
    }
    return sum;
}

void eb_packet_header(uint8_t op, size_t len, uint32_t checksum,
                      uint8_t out[EB_PACKET_HEADER_BYTES])
{
    out[0] = DIRECTION_COMMAND;
    out[1] = op;
    eb_put_le16(out + 2, (uint16_t)len);
    eb_put_le32(out + 4, checksum);
}

static size_t status_bytes(eb_dialect_t dialect)
{
    return dialect == EB_DIALECT_ROM ? 4u : 2u;
}

bool eb_packet_reply(const uint8_t *frame, size_t len, eb_dialect_t dialect, eb_reply_t *out)
{
    const size_t tail = status_bytes(dialect);

    memset(out, 0, sizeof(*out));
    if (len < EB_PACKET_HEADER_BYTES + 2u || frame[0] != DIRECTION_REPLY ||
        eb_get_le16(frame + 2) != len - EB_PACKET_HEADER_BYTES) {
        return false;
    }
    out->op = frame[1];
    out->value = eb_get_le32(frame + 4);
    out->data = frame + EB_PACKET_HEADER_BYTES;
    out->data_len = len - EB_PACKET_HEADER_BYTES;
    /* A reply in a shorter form than expected still starts with the status. */
    if (out->data_len < tail) {
        out->status = out->data[0];
        out->error = out->data[1];
        out->data_len = 0;
        return true;
    }
    out->data_len -= tail;
    out->status = out->data[out->data_len];
    out->error = out->data[out->data_len + 1];
    return true;
}
