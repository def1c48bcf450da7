/* Telnet bytes: commands and data told apart, cut anywhere. */
#include "telnet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct seen {
    char log[2000];
} seen_t;

static void on_option(void *user, uint8_t verb, uint8_t option)
{
    seen_t *seen = user;

    (void)snprintf(seen->log + strlen(seen->log), sizeof(seen->log) - strlen(seen->log), "%d:%d ",
                   verb, option);
}

static void on_sub(void *user, const uint8_t *bytes, size_t len)
{
    seen_t *seen = user;

    strcat(seen->log, "sub");
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(seen->log + strlen(seen->log), sizeof(seen->log) - strlen(seen->log), ",%d",
                       bytes[i]);
    }
    strcat(seen->log, " ");
}

static const uint8_t stream[] = {'a', 255, 255, 'b', 255,  251, 44,  255, 250, 44,
                                 101, 1,   255, 255, 2,    255, 240, 'c', 255, 241,
                                 'd', 255, 254, 0,   0xC0, 255, 255, 255, 255};
static const uint8_t data[] = {'a', 255, 'b', 'c', 'd', 0xC0, 255, 255};
static const char log_expected[] = "251:44 sub,44,101,1,255,2 254:0 ";

static void cut_at_every_place(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= sizeof(stream); cut++) {
        seen_t seen = {.log = ""};
        const eb_telnet_handler_t handler = {.user = &seen, .option = on_option, .sub = on_sub};
        eb_telnet_t t = {0};
        uint8_t out[sizeof(stream)];
        size_t n = eb_telnet_decode(&t, stream, cut, out, &handler);

        n += eb_telnet_decode(&t, stream + cut, sizeof(stream) - cut, out + n, &handler);
        assert_int_equal(n, sizeof(data));
        assert_memory_equal(out, data, n);
        assert_string_equal(seen.log, log_expected);
    }
}

static void too_long_subnegotiation_is_dropped_whole(void **state)
{
    seen_t seen = {.log = ""};
    const eb_telnet_handler_t handler = {.user = &seen, .option = on_option, .sub = on_sub};
    uint8_t raw[EB_TELNET_SUB_MAX + 20] = {255, 250, 44};
    uint8_t out[sizeof(raw)];
    eb_telnet_t t = {0};

    (void)state;
    raw[sizeof(raw) - 3] = 255;
    raw[sizeof(raw) - 2] = 240;
    raw[sizeof(raw) - 1] = 'x';
    assert_int_equal(eb_telnet_decode(&t, raw, sizeof(raw), out, &handler), 1);
    assert_int_equal(out[0], 'x');
    assert_string_equal(seen.log, "");
}

static void escape_and_decode_are_inverse(void **state)
{
    const eb_telnet_handler_t handler = {.option = on_option, .sub = on_sub};
    uint8_t in[4096], escaped[2 * sizeof(in)], back[2 * sizeof(in)];
    eb_telnet_t t = {0};
    size_t n;

    (void)state;
    srand(1);
    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < sizeof(in); i++) {
            in[i] = kind == 0 ? 0xFF : kind == 1 ? (uint8_t)i : (uint8_t)(rand() >> 7);
        }
        n = eb_telnet_escape(in, sizeof(in), escaped);
        assert_true(n <= sizeof(escaped));
        assert_int_equal(eb_telnet_decode(&t, escaped, n, back, &handler), sizeof(in));
        assert_memory_equal(in, back, sizeof(in));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_at_every_place),
        cmocka_unit_test(too_long_subnegotiation_is_dropped_whole),
        cmocka_unit_test(escape_and_decode_are_inverse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
