/*
 * Getting in step again with a stub that receives as strictly as the real one: after a frame it
 * waits for a delimiter, and two with nothing between them are no frame, so that one delimiter
 * too many makes it mistake ends for starts.
 */
#include "held_net.h"
#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct stub {
    bool reading; /* the next frame only ends a flash read, and the digest is sent */
    eb_transport_t *transport;
    eb_link_t *link;
} stub_t;

static void send_frame(const uint8_t *frame, size_t len)
{
    uint8_t wire[EB_SLIP_MAX(64)];

    held_send(wire, eb_slip_encode(frame, len, wire));
}

static void answer(stub_t *stub)
{
    static const uint8_t digest[16] = {1, 2, 3};
    static const uint8_t sync[10] = {1, EB_CMD_SYNC, 2};

    if (stub->reading) {
        stub->reading = false;
        send_frame(digest, sizeof(digest));
        return;
    }
    for (int i = 0; i < 8; i++) {
        send_frame(sync, sizeof(sync));
    }
}

static void serve(void *user)
{
    stub_t *stub = user;
    uint8_t raw[4096];
    bool inside = false;
    size_t count = 0;
    int n;

    while ((n = held_recv(raw, sizeof(raw), HELD_NEVER)) >= 0) {
        for (int i = 0; i < n; i++) {
            if (raw[i] != 0xC0) {
                count++;
                continue;
            }
            if (inside && count > 0) {
                answer(stub);
            }
            inside = !inside;
            count = 0;
        }
    }
}

static void start(stub_t *stub, bool reading)
{
    eb_err_t err = {0};

    memset(stub, 0, sizeof(*stub));
    stub->reading = reading;
    held_server_start(serve, stub);
    assert_int_equal(eb_transport_open("socket://held:1", NULL, &stub->transport, &err), EB_OK);
    assert_int_equal(eb_link_new(stub->transport, NULL, &stub->link, &err), EB_OK);
    eb_link_set_dialect(stub->link, EB_DIALECT_STUB);
}

static void stop(stub_t *stub)
{
    eb_link_free(stub->link);
    eb_transport_close(stub->transport);
    held_server_join();
}

static void one_that_says_something_is_in_step(void **state)
{
    eb_sync_info_t info;
    eb_err_t err = {0};
    stub_t stub;

    (void)state;
    start(&stub, true);
    assert_int_equal(eb_link_resync(stub.link, 2, &info, &err), EB_OK);
    assert_int_equal(info.dialect, EB_DIALECT_STUB);
    stop(&stub);
}

static void one_that_is_silent_is_out_of_step(void **state)
{
    eb_sync_info_t info;
    eb_err_t err = {0};
    stub_t stub;

    (void)state;
    start(&stub, false);
    assert_int_equal(eb_link_send_delimiter(stub.link, &err), EB_OK);
    assert_int_equal(eb_link_resync(stub.link, 2, &info, &err), EB_OK);
    assert_int_equal(info.dialect, EB_DIALECT_STUB);
    stop(&stub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_says_something_is_in_step),
        cmocka_unit_test(one_that_is_silent_is_out_of_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
