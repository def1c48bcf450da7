/* socket:// through real sockets: what comes of deadlines, cancel, loss and refusal; how long that
 * takes is in test_deadlines.c. */
#include "clock.h"
#include "espbackup/transport.h"
#include "net_server.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define PATIENCE_MS 20000 /* only a test that fails waits so long */
#define SOON_MS     50    /* a deadline that shall pass */
#define LOOKS       3     /* after so many looks cancel is asked for */

static int looks_left; /* -1: never */

static bool on_cancelled(void *user)
{
    (void)user;
    looks_left -= looks_left > 0;
    return looks_left == 0;
}

static const eb_events_t events = {.cancelled = on_cancelled};

static int64_t in_time(void)
{
    return eb_clock_ms() + PATIENCE_MS;
}

static eb_transport_t *connect_to(const net_server_t *server)
{
    char address[64];
    eb_transport_t *t;
    eb_err_t err = {0};

    looks_left = -1;
    (void)snprintf(address, sizeof(address), "socket://127.0.0.1:%u", server->port);
    if (eb_transport_open(address, &events, &t, &err) != EB_OK) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(eb_transport_info(t)->name, address);
    return t;
}

/* Sends back what comes until the end. */
static void echo(int fd, void *user)
{
    char bytes[1000];
    ssize_t n;

    (void)user;
    while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
        net_send(fd, bytes, (size_t)n);
    }
}

/* Says nothing and waits for the end. */
static void silent(int fd, void *user)
{
    char bytes[1000];

    (void)user;
    while (recv(fd, bytes, sizeof(bytes), 0) > 0)
        ;
}

/* Reads nothing until it is let go, as a stopped server does. */
static void stuck(int fd, void *user)
{
    (void)fd;
    (void)sem_wait(user);
}

static void half_a_message(int fd, void *user)
{
    (void)user;
    net_send(fd, "half", 4);
}

/* Not before the client has seen that it is connected. */
static void reset_by_peer(int fd, void *user)
{
    const struct linger now = {.l_onoff = 1};
    char byte;

    (void)user;
    (void)recv(fd, &byte, 1, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void bytes_go_both_ways_and_are_counted(void **state)
{
    net_server_t server;
    uint8_t sent[20000], got[sizeof(sent)];
    size_t have = 0;
    eb_transport_t *t;

    (void)state;
    for (size_t i = 0; i < sizeof(sent); i++) {
        sent[i] = (uint8_t)(i * 7);
    }
    assert_true(net_server_start(&server, echo, NULL));
    t = connect_to(&server);
    assert_int_equal(eb_transport_info(t)->kind, EB_PORT_TCP);
    assert_int_equal(eb_transport_write(t, sent, sizeof(sent), in_time(), NULL), EB_OK);
    while (have < sizeof(got)) {
        size_t n;

        assert_int_equal(eb_transport_read(t, got + have, sizeof(got) - have, in_time(), &n, NULL),
                         EB_OK);
        assert_true(n > 0);
        have += n;
    }
    assert_memory_equal(sent, got, sizeof(sent));
    assert_int_equal(eb_transport_bytes_in(t), sizeof(sent));
    assert_int_equal(eb_transport_bytes_out(t), sizeof(sent));
    eb_transport_close(t);
    net_server_join(&server);
}

static void there_are_no_lines_and_no_baud(void **state)
{
    net_server_t server;
    eb_transport_t *t;
    eb_err_t err;

    (void)state;
    assert_true(net_server_start(&server, silent, NULL));
    t = connect_to(&server);
    assert_false(eb_transport_can_baud(t));
    assert_false(eb_transport_can_lines(t));
    assert_int_equal(eb_transport_set_baud(t, 9600, &err), EB_ERR_UNSUPPORTED);
    assert_int_equal(eb_transport_set_lines(t, true, false, &err), EB_ERR_UNSUPPORTED);
    assert_int_equal(eb_transport_baud(t), 115200);
    eb_transport_close(t);
    net_server_join(&server);
}

static void deadline_passes_without_an_error(void **state)
{
    net_server_t server;
    eb_transport_t *t;
    uint8_t byte;
    size_t got = 9;
    int64_t deadline;

    (void)state;
    assert_true(net_server_start(&server, silent, NULL));
    t = connect_to(&server);
    deadline = eb_clock_ms() + SOON_MS;
    assert_int_equal(eb_transport_read(t, &byte, 1, deadline, &got, NULL), EB_OK);
    assert_int_equal(got, 0);
    assert_true(eb_clock_ms() >= deadline);
    got = 9;
    assert_int_equal(eb_transport_read(t, &byte, 1, deadline - 1000, &got, NULL), EB_OK);
    assert_int_equal(got, 0);
    eb_transport_close(t);
    net_server_join(&server);
}

static void cancel_ends_a_read(void **state)
{
    net_server_t server;
    eb_transport_t *t;
    uint8_t byte = 0;
    size_t got;
    eb_err_t err;

    (void)state;
    assert_true(net_server_start(&server, silent, NULL));
    t = connect_to(&server);
    looks_left = LOOKS;
    assert_int_equal(eb_transport_read(t, &byte, 1, in_time(), &got, &err), EB_ERR_CANCELLED);
    /* What does not wait still works, to leave the board in order. */
    assert_int_equal(eb_transport_write(t, &byte, 1, in_time(), &err), EB_OK);
    assert_int_equal(eb_transport_flush_input(t, &err), EB_OK);
    eb_transport_close(t);
    net_server_join(&server);
}

static void write_to_a_stuck_server_ends(void **state)
{
    static uint8_t much[16 << 20];
    net_server_t server;
    eb_transport_t *t;
    eb_err_t err;
    sem_t let_go;

    (void)state;
    assert_int_equal(sem_init(&let_go, 0, 0), 0);
    assert_true(net_server_start(&server, stuck, &let_go));
    t = connect_to(&server);
    assert_int_equal(eb_transport_write(t, much, sizeof(much), eb_clock_ms() + SOON_MS, &err),
                     EB_ERR_TIMEOUT);
    looks_left = LOOKS;
    assert_int_equal(eb_transport_write(t, much, sizeof(much), in_time(), &err), EB_ERR_CANCELLED);
    eb_transport_close(t);
    assert_int_equal(sem_post(&let_go), 0);
    net_server_join(&server);
    assert_int_equal(sem_destroy(&let_go), 0);
}

static void end_of_the_connection_is_loss_for_good(void **state)
{
    net_server_t server;
    eb_transport_t *t;
    uint8_t bytes[10];
    size_t got;
    eb_err_t err;

    (void)state;
    assert_true(net_server_start(&server, half_a_message, NULL));
    t = connect_to(&server);
    assert_int_equal(eb_transport_read(t, bytes, 10, in_time(), &got, &err), EB_OK);
    assert_int_equal(got, 4);
    assert_int_equal(eb_transport_read(t, bytes, 10, in_time(), &got, &err), EB_ERR_PORT_LOST);
    assert_non_null(strstr(err.message, "127.0.0.1"));
    assert_int_equal(eb_transport_write(t, bytes, 1, in_time(), &err), EB_ERR_PORT_LOST);
    assert_int_equal(eb_transport_flush_input(t, &err), EB_ERR_PORT_LOST);
    eb_transport_close(t);
    net_server_join(&server);
}

static void reset_of_the_connection_is_loss(void **state)
{
    net_server_t server;
    eb_transport_t *t;
    uint8_t byte = 0;
    size_t got;
    eb_err_t err;

    (void)state;
    assert_true(net_server_start(&server, reset_by_peer, NULL));
    t = connect_to(&server);
    assert_int_equal(eb_transport_write(t, &byte, 1, in_time(), &err), EB_OK);
    net_server_join(&server);
    assert_int_equal(eb_transport_read(t, &byte, 1, in_time(), &got, &err), EB_ERR_PORT_LOST);
    eb_transport_close(t);
}

/* On one machine what send() took has arrived. */
static void old_then_new(int fd, void *user)
{
    sem_t *gone = user;
    char byte;

    net_send(fd, "old", 3);
    (void)sem_post(gone);
    if (recv(fd, &byte, 1, 0) == 1) {
        net_send(fd, "new", 3);
    }
}

static void flush_throws_away_what_came(void **state)
{
    net_server_t server;
    eb_transport_t *t;
    uint8_t bytes[20];
    size_t got;
    sem_t gone;

    (void)state;
    assert_int_equal(sem_init(&gone, 0, 0), 0);
    assert_true(net_server_start(&server, old_then_new, &gone));
    t = connect_to(&server);
    assert_int_equal(sem_wait(&gone), 0);
    assert_int_equal(eb_transport_flush_input(t, NULL), EB_OK);
    assert_int_equal(eb_transport_write(t, (const uint8_t *)"?", 1, in_time(), NULL), EB_OK);
    assert_int_equal(eb_transport_read(t, bytes, 20, in_time(), &got, NULL), EB_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(bytes, "new", 3);
    eb_transport_close(t);
    net_server_join(&server);
    assert_int_equal(sem_destroy(&gone), 0);
}

static void refused_and_unknown_hosts(void **state)
{
    char address[64];
    uint16_t port = 0;
    const int fd = net_listen(&port);
    eb_transport_t *t = (eb_transport_t *)(void *)address;
    eb_err_t err;

    (void)state;
    assert_true(fd >= 0);
    close(fd); /* the port is free again: nobody listens */
    (void)snprintf(address, sizeof(address), "socket://127.0.0.1:%u", port);
    assert_int_equal(eb_transport_open(address, NULL, &t, &err), EB_ERR_PORT_NOT_FOUND);
    assert_null(t);
    assert_non_null(strstr(err.message, "refused"));
    assert_true(err.hint[0] != '\0');
    assert_int_equal(eb_transport_open("socket://no-such-host.invalid:1", NULL, &t, &err),
                     EB_ERR_PORT_NOT_FOUND);
    assert_non_null(strstr(err.message, "no-such-host.invalid"));
    assert_int_equal(eb_transport_open("socket://x", NULL, &t, &err), EB_ERR_USAGE);
    eb_transport_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways_and_are_counted),
        cmocka_unit_test(there_are_no_lines_and_no_baud),
        cmocka_unit_test(deadline_passes_without_an_error),
        cmocka_unit_test(cancel_ends_a_read),
        cmocka_unit_test(write_to_a_stuck_server_ends),
        cmocka_unit_test(end_of_the_connection_is_loss_for_good),
        cmocka_unit_test(reset_of_the_connection_is_loss),
        cmocka_unit_test(flush_throws_away_what_came),
        cmocka_unit_test(refused_and_unknown_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
