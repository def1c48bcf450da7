/*
 * A whole session with a board that answers what the input says, in virtual time: it ends, nothing
 * is verified that the board does not hold, and each error has words. The first byte chooses
 * options. Then for each frame from the host one byte says whether the answer is right, has other
 * values, or is another, and more bytes what is in it. Without more input all answers are right, up
 * to a number of frames, and then the board hangs up.
 */
#include "bytes.h"
#include "clock.h"
#include "digest.h"
#include "espbackup/session.h"
#include "fuzz_target.h"
#include "held_net.h"
#include "packet.h"
#include "session_impl.h"
#include "slip.h"

#include <string.h>

#define LIMIT_MS    (4 * 60 * 60 * 1000)
#define FRAMES_MAX  4000
#define READ_BYTES  6000u
#define FLASH_BYTES (1u << 20)
#define JEDEC_WORD  0x001440C8u /* of 1 MiB, as it stands in the register */
#define ODD         0x80u       /* from here on answers with other values */
#define WRONG       0xC0u       /* from here on other answers */

typedef struct board {
    const uint8_t *data;
    size_t size, at;
    const eb_chip_row_t *row;
    bool stub;
    int frames;
    eb_slip_t slip;
    uint8_t frame[32768];
    uint32_t read_at, read_left; /* of a flash read */
    eb_digest_t *sent;
} board_t;

static uint8_t flash[FLASH_BYTES];

static uint8_t next(board_t *b)
{
    return b->at < b->size ? b->data[b->at++] : 0;
}

static uint32_t next_word(board_t *b)
{
    uint32_t word = 0;

    for (int i = 0; i < 4; i++) {
        word = word << 8 | next(b);
    }
    return word;
}

static void send_frame(const uint8_t *frame, size_t len)
{
    static uint8_t wire[EB_SLIP_MAX(8192)];

    held_send(wire, eb_slip_encode(frame, len, wire));
}

/* A well-formed reply. */
static void reply_with(const board_t *b, uint8_t op, uint32_t value, const uint8_t *data,
                       size_t len, uint8_t status, uint8_t error)
{
    uint8_t frame[EB_PACKET_HEADER_BYTES + 256 + 4] = {1, op};
    const size_t tail = b->stub ? 2 : 4;

    eb_put_le16(frame + 2, (uint16_t)(len + tail));
    eb_put_le32(frame + 4, value);
    if (len > 0) {
        memcpy(frame + EB_PACKET_HEADER_BYTES, data, len);
    }
    frame[EB_PACKET_HEADER_BYTES + len] = status;
    frame[EB_PACKET_HEADER_BYTES + len + 1] = error;
    send_frame(frame, EB_PACKET_HEADER_BYTES + len + tail);
}

/* One of which the input says all. */
static void reply(board_t *b, uint8_t op, size_t len, uint8_t status)
{
    uint8_t data[256];
    const uint32_t value = next_word(b);

    for (size_t i = 0; i < len; i++) {
        data[i] = next(b);
    }
    reply_with(b, op, value, data, len, status, status != 0 ? next(b) : 0);
}

static void send_packet(board_t *b)
{
    const uint32_t len = eb_min_u32(4096, b->read_left);
    uint8_t md5[EB_MD5_BYTES];

    send_frame(flash + b->read_at, len);
    eb_digest_update(b->sent, flash + b->read_at, len);
    b->read_at += len;
    b->read_left -= len;
    if (b->read_left == 0) {
        eb_digest_finish(b->sent, md5);
        send_frame(md5, sizeof(md5));
    }
}

static uint32_t register_value(const board_t *b, uint32_t reg)
{
    if (reg == EB_CHIP_MAGIC_REG) {
        return b->row->magic;
    }
    return reg == b->row->spi.base + b->row->spi.w0 ? JEDEC_WORD : 0;
}

static void answer_digest(const board_t *b, uint32_t addr, uint32_t size)
{
    uint8_t md5[EB_MD5_BYTES];
    char hex[2 * EB_MD5_BYTES + 1];

    addr = eb_min_u32(addr, FLASH_BYTES);
    eb_md5(flash + addr, eb_min_u32(size, FLASH_BYTES - addr), md5);
    eb_hex_encode(md5, sizeof(md5), hex);
    if (b->stub) {
        reply_with(b, EB_CMD_SPI_FLASH_MD5, 0, md5, sizeof(md5), 0, 0);
    } else {
        reply_with(b, EB_CMD_SPI_FLASH_MD5, 0, (const uint8_t *)hex, 2 * EB_MD5_BYTES, 0, 0);
    }
}

static void begin_read(board_t *b, uint32_t addr, uint32_t size)
{
    reply_with(b, EB_CMD_READ_FLASH, 0, NULL, 0, 0, 0);
    b->read_at = eb_min_u32(addr, FLASH_BYTES);
    b->read_left = eb_min_u32(size, FLASH_BYTES - b->read_at);
    eb_digest_reset(b->sent);
    if (b->read_left > 0) {
        send_packet(b);
    }
}

/* What a board says to it. */
static void answer(board_t *b, const uint8_t *frame, size_t len)
{
    const uint8_t op = len >= EB_PACKET_HEADER_BYTES ? frame[1] : 0;
    uint8_t security[20] = {0};
    uint32_t words[2] = {0};

    for (size_t i = 0; i < 2 && len >= EB_PACKET_HEADER_BYTES + 4 * (i + 1); i++) {
        words[i] = eb_get_le32(frame + EB_PACKET_HEADER_BYTES + 4 * i);
    }
    if (b->read_left > 0 && len == 4) {
        send_packet(b);
    } else if (len < EB_PACKET_HEADER_BYTES) {
        return;
    } else if (op == EB_CMD_SYNC) {
        for (int i = 0; i < 8; i++) {
            reply_with(b, op, b->stub ? 0 : 7, NULL, 0, 0, 0);
        }
    } else if (op == EB_CMD_READ_REG) {
        reply_with(b, op, register_value(b, words[0]), NULL, 0, 0, 0);
    } else if (op == EB_CMD_SPI_FLASH_MD5) {
        answer_digest(b, words[0], words[1]);
    } else if (op == EB_CMD_READ_FLASH_SLOW) {
        reply_with(b, op, 0, flash + eb_min_u32(words[0], FLASH_BYTES - 64), 64, 0, 0);
    } else if (op == EB_CMD_GET_SECURITY_INFO) {
        eb_put_le32(security + 12, b->row->chip_id);
        reply_with(b, op, 0, security, sizeof(security), b->row->tells_id ? 0 : 1, 5);
    } else if (op == EB_CMD_READ_FLASH) {
        begin_read(b, words[0], words[1]);
    } else {
        reply_with(b, op, 0, NULL, 0, 0, 0);
        if (op == EB_CMD_MEM_END && !b->stub) {
            b->stub = true;
            send_frame((const uint8_t *)"OHAI", 4);
        }
    }
}

/* What the input says to it. */
static void misbehave(board_t *b, uint8_t op, uint8_t how)
{
    uint8_t bytes[256];

    switch (how % 8) {
    case 0:
        reply(b, op, next(b), 0); /* longer or shorter than usual */
        break;
    case 1:
        reply(b, op, 0, next(b)); /* an error */
        break;
    case 2:
        reply(b, next(b), 0, next(b) % 2); /* of another command */
        break;
    case 3:
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = next(b);
        }
        held_send(bytes, next(b));
        break;
    case 4:
        b->stub = !b->stub;
        break;
    case 5:
        held_send("\r\nets Jul 29 2019\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n", 54);
        b->stub = false;
        b->read_left = 0;
        break;
    case 6:
        eb_sleep_ms(next(b) * 20);
        break;
    default: /* nothing */
        break;
    }
}

static void serve(void *user)
{
    board_t *b = user;
    uint8_t raw[4096];
    int n;

    eb_slip_init(&b->slip, b->frame, sizeof(b->frame));
    while ((n = held_recv(raw, sizeof(raw), HELD_NEVER)) >= 0 && b->frames < FRAMES_MAX) {
        for (size_t at = 0; at < (size_t)n;) {
            size_t used = 0;

            if (eb_slip_push(&b->slip, raw + at, (size_t)n - at, &used) == EB_SLIP_FRAME) {
                const uint8_t how = next(b);

                b->frames++;
                if (how < ODD) {
                    answer(b, b->slip.buf, b->slip.len);
                } else if (how < WRONG) {
                    static const uint8_t lengths[] = {0, 16, 20, 32, 64};
                    reply(b, b->slip.len > 1 ? b->slip.buf[1] : 0, lengths[how % 5], 0);
                } else {
                    misbehave(b, b->slip.len > 1 ? b->slip.buf[1] : 0, how);
                }
            }
            at += used;
        }
    }
}

static void require_words(eb_code_t code, const eb_err_t *err)
{
    FUZZ_REQUIRE(code == EB_OK || (err->message[0] != '\0' && err->code == code));
}

/* Whether all that is still to come are right answers. */
static bool is_honest(const board_t *b)
{
    for (size_t at = b->at; at < b->size; at++) {
        if (b->data[at] >= ODD) {
            return false;
        }
    }
    return true;
}

static void use(eb_session_t *s, bool honest)
{
    static uint8_t bytes[2 * EB_SECTOR_BYTES];
    uint8_t md5[EB_MD5_BYTES];
    eb_read_result_t got;
    eb_write_result_t put;
    eb_err_t err = {0};
    eb_code_t code = eb_flash_read(s, 0x1000, READ_BYTES, bytes, NULL, NULL, &got, &err);

    require_words(code, &err);
    FUZZ_REQUIRE(got.received <= READ_BYTES && got.verified == (code == EB_OK));
    if (honest) {
        FUZZ_REQUIRE(code != EB_OK || memcmp(bytes, flash + 0x1000, READ_BYTES) == 0);
    }
    code = eb_flash_digest(s, 0, 4096, md5, &err);
    require_words(code, &err);
    code = eb_flash_write(s, 0x2000, sizeof(bytes), bytes, NULL, NULL, &put, &err);
    require_words(code, &err);
    FUZZ_REQUIRE(put.done <= put.touched && put.touched <= sizeof(bytes));
    code = eb_flash_erase(s, 0x2000, sizeof(bytes), &put, &err);
    require_words(code, &err);
    FUZZ_REQUIRE(put.done <= put.touched && put.touched <= sizeof(bytes));
    code = eb_session_recover(s, &err);
    require_words(code, &err);
    code = eb_flash_read(s, 0, 100, bytes, NULL, NULL, &got, &err);
    require_words(code, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static board_t board;
    const int64_t began = eb_clock_ms();
    eb_session_t *s = NULL;
    eb_err_t err = {0};

    if (size == 0) {
        return 0;
    }
    const eb_chip_row_t *row = eb_chip_row_at((data[0] >> 4) % eb_chip_row_count());
    const eb_session_options_t options = {
        .port = "socket://held:1",
        .chip = (data[0] & 2) != 0 ? row->id : NULL,
        .no_stub = (data[0] & 1) != 0,
        .connect_attempts = 2,
    };
    for (size_t i = FLASH_BYTES; flash[0] == 0 && i-- > 0;) {
        flash[i] = (uint8_t)(1 + i % 255);
    }
    memset(&board, 0, sizeof(board));
    board.data = data + 1;
    board.size = size - 1;
    board.row = row;
    board.stub = (data[0] & 4) != 0;
    board.sent = eb_digest_new(EB_DIGEST_MD5);
    FUZZ_REQUIRE(board.sent != NULL);
    held_server_start(serve, &board);
    const eb_code_t code = eb_session_open(&options, NULL, &s, &err);
    require_words(code, &err);
    FUZZ_REQUIRE((s != NULL) == (code == EB_OK));
    if (s != NULL) {
        use(s, is_honest(&board));
    }
    (void)eb_session_close(s, &err);
    FUZZ_REQUIRE(eb_clock_ms() - began < LIMIT_MS);
    held_server_join();
    eb_digest_free(board.sent);
    return 0;
}
