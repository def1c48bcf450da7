/* Loading the stub into a ROM bootloader that follows a script: which commands it refuses. */
#include "clock.h"
#include "held_net.h"
#include "session_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Its answers to commands of the upload: the n-th is refused if bit n is set. */
typedef struct rom {
    uint8_t op; /* 0: each of them */
    uint32_t refuse;
    int crashes; /* so many jumps end in a restart */
    bool stub;   /* it has jumped */
    unsigned seen;
    eb_slip_t slip;
    uint8_t buf[32768];
} rom_t;

static const char banner[] = "ESP-ROM:esp32c3-api1-20210207\r\nrst:0x7 (TG0WDT_SYS_RST),boot:0x4 "
                             "(DOWNLOAD(USB/UART0/1))\r\nwaiting for download\r\n";

static void send_reply(const rom_t *rom, uint8_t op, uint8_t status)
{
    uint8_t reply[12] = {1, op, rom->stub ? 2 : 4}, wire[EB_SLIP_MAX(12)];

    reply[4] = op == EB_CMD_SYNC && !rom->stub ? 7 : 0;
    reply[8] = status;
    held_send(wire, eb_slip_encode(reply, rom->stub ? 10 : 12, wire));
}

static void answer(rom_t *rom, const uint8_t *frame, size_t len)
{
    const uint8_t op = len >= EB_PACKET_HEADER_BYTES ? frame[1] : 0;
    const bool upload = op == EB_CMD_MEM_BEGIN || op == EB_CMD_MEM_DATA || op == EB_CMD_MEM_END;
    const bool counts = upload && (rom->op == 0 || rom->op == op);
    const bool refused = counts && rom->seen < 32 && (rom->refuse >> rom->seen & 1) != 0;

    rom->seen += counts;
    for (int i = 0; i < (op == EB_CMD_SYNC ? 8 : 1); i++) {
        send_reply(rom, op, refused ? 0x40 : 0); /* a status that a flipped bit makes */
    }
    if (op == EB_CMD_MEM_END && !refused && rom->crashes > 0) {
        rom->crashes--;
        held_send(banner, sizeof(banner) - 1);
    } else if (op == EB_CMD_MEM_END && !refused) {
        rom->stub = true;
        held_send("\xC0OHAI\xC0", 6);
    }
}

static void serve(void *user)
{
    rom_t *rom = user;
    uint8_t raw[4096];
    int n;

    eb_slip_init(&rom->slip, rom->buf, sizeof(rom->buf));
    while ((n = held_recv(raw, sizeof(raw), HELD_NEVER)) >= 0) {
        for (size_t at = 0; at < (size_t)n;) {
            size_t used = 0;

            if (eb_slip_push(&rom->slip, raw + at, (size_t)n - at, &used) == EB_SLIP_FRAME) {
                answer(rom, rom->slip.buf, rom->slip.len);
            }
            at += used;
        }
    }
}

static bool stub_given_up; /* by the last load */

static eb_code_t load(rom_t script, eb_err_t *err)
{
    static rom_t rom;
    eb_session_t s;
    eb_code_t code;

    rom = script;
    memset(&s, 0, sizeof(s));
    held_server_start(serve, &rom);
    (void)snprintf(s.port_name, sizeof(s.port_name), "socket://held:1");
    assert_int_equal(eb_connect_open(&s, err), EB_OK);
    s.row = eb_chip_row_by_name("esp32c3");
    assert_non_null(s.row);
    s.options.before = EB_BEFORE_NO_RESET;
    code = eb_session_prepare(&s, err);
    assert_int_equal(s.stub, code == EB_OK && !s.stub_given_up);
    stub_given_up = s.stub_given_up;
    eb_connect_close(&s);
    held_server_join();
    return code;
}

static void refusals_in_a_row_are_a_bad_line(void **state)
{
    static const uint32_t scripts[] = {0x0, 0x1, 0x3, 0x5, 0x6, 0xC, 0x18, 0x33};
    static const uint8_t ops[] = {0, EB_CMD_MEM_BEGIN, EB_CMD_MEM_DATA, EB_CMD_MEM_END};

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        for (size_t k = 0; k < sizeof(ops); k++) {
            eb_err_t err = {0};

            if (load((rom_t){.op = ops[k], .refuse = scripts[i]}, &err) != EB_OK) {
                fail_msg("refusals 0x%x of command %d: %s", scripts[i], ops[k], err.message);
            }
        }
    }
}

static void a_board_that_always_refuses_is_told(void **state)
{
    eb_err_t err = {0};

    (void)state;
    assert_int_equal(load((rom_t){.refuse = UINT32_MAX}, &err), EB_ERR_DEVICE);
    assert_int_equal(err.device_status, 0x40);
}

/* A flipped bit in an address loads the stub to another place, and the jump ends in a restart. */
static void a_stub_that_crashes_is_loaded_again(void **state)
{
    (void)state;
    for (int crashes = 1; crashes <= 3; crashes++) {
        eb_err_t err = {0};

        assert_int_equal(load((rom_t){.crashes = crashes}, &err), EB_OK);
        assert_int_equal(stub_given_up, crashes == 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_in_a_row_are_a_bad_line),
        cmocka_unit_test(a_board_that_always_refuses_is_told),
        cmocka_unit_test(a_stub_that_crashes_is_loaded_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
