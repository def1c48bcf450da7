/*
 * Getting in step again with a stub that receives as strictly as one of the first generation: each
 * delimiter ends a frame or begins one, there are two buffers, and the end of an empty frame makes
 * it execute what the next buffer held from before.
 */
#include "held_net.h"
#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BUFFER_BYTES 256

typedef struct stub {
    bool reading;    /* the next frame only ends a flash read, and the digest is sent */
    bool inside;     /* between a delimiter that begins a frame and one that ends it */
    int busy_frames; /* of so many frames it executes the last only, when the next has come */
    uint8_t buffer[2][BUFFER_BYTES];
    unsigned filling; /* buffer */
    size_t count;
    int erases;
    eb_transport_t *transport;
    eb_link_t *link;
} stub_t;

static void send_frame(const uint8_t *frame, size_t len)
{
    uint8_t wire[EB_SLIP_MAX(64)];

    held_send(wire, eb_slip_encode(frame, len, wire));
}

static void execute(stub_t *stub, const uint8_t *frame)
{
    static const uint8_t digest[16] = {1, 2, 3};
    const bool refused = frame[1] != EB_CMD_SYNC && frame[2] == 0;
    const uint8_t reply[10] = {1, frame[1], 2, 0, 0, 0, 0, 0, refused, refused};

    if (stub->reading) {
        stub->reading = false;
        send_frame(digest, sizeof(digest));
        return;
    }
    stub->erases += frame[1] == EB_CMD_ERASE_REGION ? 1 : 0;
    for (int i = 0; i < (frame[1] == EB_CMD_SYNC ? 8 : 1); i++) {
        send_frame(reply, sizeof(reply));
    }
}

static void end_frame(stub_t *stub)
{
    const uint8_t *frame = stub->buffer[stub->filling];

    stub->filling = 1 - stub->filling;
    stub->count = 0;
    if (stub->busy_frames > 0) {
        stub->busy_frames--;
    } else {
        execute(stub, frame);
    }
}

static void serve(void *user)
{
    stub_t *stub = user;
    uint8_t raw[4096];
    int n;

    while ((n = held_recv(raw, sizeof(raw), HELD_NEVER)) >= 0) {
        for (int i = 0; i < n; i++) {
            if (raw[i] == 0xC0) {
                stub->inside = !stub->inside;
                if (!stub->inside) {
                    end_frame(stub);
                }
            } else if (stub->inside && stub->count < BUFFER_BYTES) {
                stub->buffer[stub->filling][stub->count++] = raw[i];
            }
        }
    }
}

static void start(stub_t *stub)
{
    eb_err_t err = {0};

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

/* After a resync commands are answered, and no erase was done again. */
static void check_resync(stub_t stub)
{
    static const uint8_t data[4] = {0x00, 0x10, 0x00, 0x40};
    const eb_request_t request = {
        .op = EB_CMD_READ_REG, .data = data, .len = sizeof(data), .timeout_ms = 1000};
    eb_sync_info_t info;
    eb_reply_t reply;
    eb_err_t err = {0};

    for (int i = 0; i < 2; i++) { /* the frames before were an erase */
        stub.buffer[i][1] = EB_CMD_ERASE_REGION;
        stub.buffer[i][2] = 8;
    }
    start(&stub);
    if (eb_link_resync(stub.link, 5, &info, &err) != EB_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(info.dialect, EB_DIALECT_STUB);
    for (int i = 0; i < 3; i++) {
        if (eb_link_command(stub.link, &request, &reply, &err) != EB_OK) {
            fail_msg("%s", err.message);
        }
    }
    stop(&stub);
    assert_int_equal(stub.erases, 0);
}

static void one_in_step_stays_so(void **state)
{
    (void)state;
    check_resync((stub_t){.reading = true});
    check_resync((stub_t){.reading = false});
}

static void one_out_of_step_comes_back(void **state)
{
    (void)state;
    check_resync((stub_t){.inside = true});
    check_resync((stub_t){.inside = true, .reading = true});
}

static void a_busy_one_is_not_put_out_of_step(void **state)
{
    (void)state;
    for (int frames = 1; frames <= 4; frames++) {
        check_resync((stub_t){.busy_frames = frames});
        check_resync((stub_t){.busy_frames = frames, .inside = true});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_in_step_stays_so),
        cmocka_unit_test(one_out_of_step_comes_back),
        cmocka_unit_test(a_busy_one_is_not_put_out_of_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
