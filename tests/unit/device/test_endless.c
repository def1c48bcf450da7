/*
 * Boards that never stop sending, each with bytes that never make an answer: every call to a board
 * ends, at every pace.
 */
#include "clock.h"
#include "held_net.h"
#include "seeds.h"
#include "session_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SIZE        8192u
/* Far above what any call may take, far below for ever. */
#define LIMIT_MS    (20 * 60 * 1000)
#define CLIENT_LEFT (-1)

/* What comes again and again, behind `head`. */
typedef struct stream {
    const char *name;
    const char *head;
    size_t head_len;
    const char *again;
    size_t again_len;
} stream_t;

#define BYTES(text) (text), sizeof(text) - 1

static const stream_t streams[] = {
    {"delimiters", BYTES(""), BYTES("\xC0")},
    {"noise", BYTES(""), BYTES("U")},
    {"a frame that grows", BYTES("\xC0"), BYTES("\x11")},
    {"frames of others", BYTES(""), BYTES("\xC0\x01\x99\x00\x00\x00\x00\x00\x00\x00\x00\xC0")},
    {"invalid escapes", BYTES(""), BYTES("\xC0\xDB\x07\xC0")},
    {"refusals", BYTES(""), BYTES("\xC0\x01\x99\x02\x00\x00\x00\x00\x00\x01\x05\xC0")},
};

static const int64_t paces_us[] = {1000, 60000, 400000, 990000, 1990000};

typedef struct board {
    const stream_t *stream;
    int64_t pace_us;
    int answers; /* commands that are answered, and then the stream begins; 0: in place of one */
} board_t;

static int await_command(uint8_t *op)
{
    uint8_t wire[4096];
    int n = 0;

    while (n == 0) {
        n = held_recv(wire, sizeof(wire), HELD_NEVER);
    }
    *op = n > 2 ? wire[2] : 0;
    return n;
}

static void serve(void *user)
{
    const board_t *b = user;
    const int64_t end_us = held_now_us() + 2 * LIMIT_MS * INT64_C(1000);
    uint8_t op, rest[4096];

    for (int i = 0; i < b->answers; i++) {
        if (await_command(&op) == CLIENT_LEFT) {
            return;
        }
        const uint8_t reply[] = {0xC0, 1, op, 2, 0, 0, 0, 0, 0, 0, 0, 0xC0};
        held_send(reply, sizeof(reply));
    }
    if (b->answers == 0 && await_command(&op) == CLIENT_LEFT) {
        return;
    }
    held_send(b->stream->head, b->stream->head_len);
    while (held_now_us() < end_us) { /* so that a call that does not end fails the test */
        const int64_t until_us = held_now_us() + b->pace_us;

        held_send(b->stream->again, b->stream->again_len);
        while (held_now_us() < until_us) {
            if (held_recv(rest, sizeof(rest), until_us) == CLIENT_LEFT) {
                return;
            }
        }
    }
}

typedef eb_code_t (*call_fn)(eb_session_t *s, eb_err_t *err);

static void check_call(const char *name, call_fn call, bool stub, int answers)
{
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        for (size_t k = 0; k < sizeof(paces_us) / sizeof(paces_us[0]); k += seed_step()) {
            board_t board = {&streams[i], paces_us[k], answers};
            eb_session_t s;
            eb_err_t err = {0};
            int64_t began;

            memset(&s, 0, sizeof(s));
            held_server_start(serve, &board);
            (void)snprintf(s.port_name, sizeof(s.port_name), "socket://held:1");
            assert_int_equal(eb_connect_open(&s, &err), EB_OK);
            s.row = eb_chip_row_at(0);
            s.stub = stub;
            eb_link_set_dialect(s.link, stub ? EB_DIALECT_STUB : EB_DIALECT_ROM);
            s.flash.known = true;
            s.flash.size_bytes = 4u << 20;
            began = eb_clock_ms();
            if (call(&s, &err) == EB_OK || eb_clock_ms() - began > LIMIT_MS) {
                fail_msg("%s, %s each %d ms: %s after %d s", name, streams[i].name,
                         (int)(paces_us[k] / 1000), err.message,
                         (int)((eb_clock_ms() - began) / 1000));
            }
            eb_connect_close(&s);
            held_server_join();
        }
    }
}

static uint8_t bytes[SIZE];

static eb_code_t read_flash(eb_session_t *s, eb_err_t *err)
{
    eb_read_result_t result;

    return eb_flash_read(s, 0, SIZE, bytes, NULL, NULL, &result, err);
}

static eb_code_t write_flash(eb_session_t *s, eb_err_t *err)
{
    eb_write_result_t result;

    return eb_flash_write(s, 0, SIZE, bytes, NULL, NULL, &result, err);
}

static eb_code_t erase_flash(eb_session_t *s, eb_err_t *err)
{
    eb_write_result_t result;

    return eb_flash_erase(s, 0, SIZE, &result, err);
}

static eb_code_t ask_digest(eb_session_t *s, eb_err_t *err)
{
    uint8_t md5[EB_MD5_BYTES];

    return eb_flash_digest(s, 0, SIZE, md5, err);
}

static eb_code_t read_register(eb_session_t *s, eb_err_t *err)
{
    uint32_t value;

    return eb_dev_read_reg(s, 0x40001000, &value, err);
}

static eb_code_t connect_anew(eb_session_t *s, eb_err_t *err)
{
    return eb_connect_sync(s, 2, 0, 2, err);
}

static eb_code_t load_stub(eb_session_t *s, eb_err_t *err)
{
    bool jumped;

    return eb_stub_start(s, &jumped, err);
}

static void a_read_ends(void **state)
{
    (void)state;
    check_call("read by the stub", read_flash, true, 1);
    check_call("read by the stub, no reply", read_flash, true, 0);
    check_call("read by the ROM", read_flash, false, 0);
}

static void a_change_ends(void **state)
{
    (void)state;
    for (int answers = 0; answers < 3; answers++) {
        check_call("write", write_flash, true, answers);
    }
    check_call("write by the ROM", write_flash, false, 0);
    check_call("erase", erase_flash, true, 0);
    check_call("erase by the ROM", erase_flash, false, 0);
}

static void a_question_ends(void **state)
{
    (void)state;
    check_call("digest", ask_digest, true, 0);
    check_call("digest by the ROM", ask_digest, false, 0);
    check_call("register", read_register, true, 0);
    check_call("connect", connect_anew, false, 0);
    for (int answers = 0; answers < 3; answers++) {
        check_call("stub", load_stub, false, answers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_ends),
        cmocka_unit_test(a_change_ends),
        cmocka_unit_test(a_question_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
