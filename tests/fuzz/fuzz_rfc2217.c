/* A server that says anything: each call to a port of it ends, in virtual time. The input is a row
 * of a pause (units of 16 ms), a length, and that many bytes. */
#include "clock.h"
#include "espbackup/transport.h"
#include "fuzz_target.h"
#include "held_net.h"

#include <string.h>

#define LIMIT_MS 120000

typedef struct script {
    const uint8_t *data;
    size_t size;
} script_t;

static void serve(void *user)
{
    const script_t *s = user;
    uint8_t rest[4096];

    for (size_t at = 0; at + 2 <= s->size;) {
        const int64_t until_us = held_now_us() + s->data[at] * INT64_C(16000);
        size_t len = s->data[at + 1];

        at += 2;
        len = len < s->size - at ? len : s->size - at;
        held_send(s->data + at, len);
        at += len;
        while (held_now_us() < until_us) {
            if (held_recv(rest, sizeof(rest), until_us) < 0) {
                return;
            }
        }
    }
}

static void use(eb_transport_t *t, eb_err_t *err)
{
    static uint8_t bytes[8192];
    size_t got;

    for (int i = 0; i < 3; i++) {
        (void)eb_transport_read(t, bytes, 100, eb_clock_ms() + 500, &got, err);
        FUZZ_REQUIRE(got <= 100);
        (void)eb_transport_set_lines(t, i == 0, i == 1, err);
        (void)eb_transport_write(t, bytes, sizeof(bytes), eb_clock_ms() + 500, err);
        (void)eb_transport_set_baud(t, i == 1 ? 115200 : 921600, err);
        (void)eb_transport_flush_input(t, err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    script_t script = {data, size};
    const int64_t began = eb_clock_ms();
    eb_transport_t *t;
    eb_err_t err = {0};

    held_server_start(serve, &script);
    if (eb_transport_open("rfc2217://held:1", NULL, &t, &err) == EB_OK) {
        use(t, &err);
    } else {
        FUZZ_REQUIRE(t == NULL && err.message[0] != '\0');
    }
    eb_transport_close(t);
    FUZZ_REQUIRE(eb_clock_ms() - began < LIMIT_MS);
    held_server_join();
    return 0;
}
