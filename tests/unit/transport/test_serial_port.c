/*
 * Serial ports without hardware: why a port cannot be opened, who holds it, and bytes over a pty.
 * libserialport takes no pty; the path through it is tested against the simulated board.
 */
#include "clock.h"
#include "espbackup/transport.h"
#include "port_holder.h"
#include "serial_platform.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000 /* only a test that fails waits so long */
#define SOON_MS     50    /* a wait that shall be for nothing */

/* A pty: both ends open, raw, non-blocking on our side, as a port would be. */
typedef struct pty {
    int master, slave;
    char name[64];
} pty_t;

static pty_t open_pty(void)
{
    struct termios tio;
    pty_t p;

    p.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(p.master >= 0);
    assert_int_equal(grantpt(p.master), 0);
    assert_int_equal(unlockpt(p.master), 0);
    assert_int_equal(ptsname_r(p.master, p.name, sizeof(p.name)), 0);
    p.slave = open(p.name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(p.slave >= 0);
    assert_int_equal(tcgetattr(p.slave, &tio), 0);
    cfmakeraw(&tio);
    tio.c_cc[VMIN] = 0; /* as libserialport leaves it: a read of nothing is 0, not EAGAIN */
    tio.c_cc[VTIME] = 0;
    tio.c_cflag |= CRTSCTS;
    assert_int_equal(tcsetattr(p.slave, TCSANOW, &tio), 0);
    return p;
}

static void close_pty(const pty_t *p)
{
    close(p->slave);
    if (p->master >= 0) {
        close(p->master);
    }
}

static eb_code_t open_error(const char *name, eb_err_t *err)
{
    eb_transport_t *t = (eb_transport_t *)(void *)err;
    const eb_code_t code = eb_transport_open(name, NULL, &t, err);

    assert_null(t);
    return code;
}

static void what_is_not_there_or_no_port(void **state)
{
    eb_err_t err;

    (void)state;
    assert_int_equal(open_error("/dev/ttyNOSUCH7", &err), EB_ERR_PORT_NOT_FOUND);
    assert_string_equal(err.message, "there is no port /dev/ttyNOSUCH7");
    assert_int_equal(open_error("COM3", &err), EB_ERR_PORT_NOT_FOUND);
    assert_int_equal(open_error("/etc/passwd/x", &err), EB_ERR_PORT_NOT_FOUND);
    assert_int_equal(open_error("/dev", &err), EB_ERR_PORT_NOT_FOUND);
    assert_string_equal(err.message, "/dev is not a serial port");
    assert_int_equal(open_error("/etc/passwd", &err), EB_ERR_PORT_NOT_FOUND);
    assert_string_equal(err.message, "/etc/passwd is not a serial port");
    assert_int_equal(open_error("/dev/zero", &err), EB_ERR_PORT_NOT_FOUND);
    assert_string_equal(err.message, "/dev/zero is not a serial port");
}

/* It has no lines, and a rate that only the program at its other end could know. */
static void a_pty_is_a_port_without_lines(void **state)
{
    const pty_t p = open_pty();
    eb_transport_t *t = NULL;
    struct termios tio;
    uint8_t buf[8];
    size_t n;
    eb_err_t err = {0};

    (void)state;
    if (eb_transport_open(p.name, NULL, &t, &err) != EB_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(eb_transport_info(t)->kind, EB_PORT_UART);
    assert_false(eb_transport_can_lines(t));
    assert_false(eb_transport_can_baud(t));
    assert_int_equal(tcgetattr(p.slave, &tio), 0);
    assert_int_equal(tio.c_lflag & (ICANON | ECHO | ISIG), 0);
    assert_int_equal(tio.c_cflag & CRTSCTS, 0);
    assert_int_equal(cfgetospeed(&tio), B115200);
    assert_int_equal(write(p.master, "hello\r", 6), 6);
    assert_int_equal(eb_transport_read(t, buf, sizeof(buf), eb_clock_ms() + PATIENCE_MS, &n, &err),
                     EB_OK);
    assert_int_equal(n, 6);
    assert_memory_equal(buf, "hello\r", 6);
    eb_transport_close(t);
    /* Another program may open it again, though this test has it open all the time. */
    assert_int_equal(eb_transport_open(p.name, NULL, &t, &err), EB_OK);
    eb_transport_close(t);
    close_pty(&p);
}

/* What the kernel says of the rate afterwards; other systems do not tell. */
static void any_rate_is_set(void **state)
{
    static const struct {
        uint32_t baud;
        bool has_name;
    } rates[] = {{115200, true}, {74880, false}, {921600, true}, {1234567, false}, {9600, true}};
    const pty_t p = open_pty();
    struct termios tio;
    uint32_t now;
    int os_errno;

    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        const eb_code_t code = eb_serial_plain_baud(p.slave, rates[i].baud, &now, &os_errno);

#ifdef __linux__
        assert_int_equal(code, EB_OK);
        assert_int_equal(now, rates[i].baud);
#else
        assert_int_equal(code, rates[i].has_name ? EB_OK : EB_ERR_UNSUPPORTED);
        assert_int_equal(now, 0);
#endif
    }
    assert_int_equal(tcgetattr(p.slave, &tio), 0);
    assert_int_equal(cfgetospeed(&tio), B9600);
    assert_int_equal(cfgetispeed(&tio), B9600);
    close_pty(&p);
    assert_int_equal(eb_serial_plain_baud(-1, 115200, &now, &os_errno), EB_ERR_UNSUPPORTED);
    assert_int_equal(os_errno, EBADF);
}

static void reasons_of_the_system(void **state)
{
    static const struct {
        int os_errno;
        eb_code_t code;
    } cases[] = {
        {EBUSY, EB_ERR_PORT_BUSY},       {EACCES, EB_ERR_PORT_DENIED},
        {EPERM, EB_ERR_PORT_DENIED},     {ENOENT, EB_ERR_PORT_NOT_FOUND},
        {ENXIO, EB_ERR_PORT_NOT_FOUND},  {ENODEV, EB_ERR_PORT_NOT_FOUND},
        {EIO, EB_ERR_PORT_NOT_FOUND},    {ENOTTY, EB_ERR_PORT_NOT_FOUND},
        {EMFILE, EB_ERR_PORT_NOT_FOUND},
    };
    eb_err_t err;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(eb_serial_open_error("/dev/ttyX", cases[i].os_errno, &err), cases[i].code);
        assert_non_null(strstr(err.message, "/dev/ttyX"));
    }
}

static void denied_names_the_group_of_the_device(void **state)
{
    const pty_t p = open_pty();
    struct stat st;
    eb_err_t err;

    (void)state;
    assert_int_equal(stat(p.name, &st), 0);
    if (chown(p.name, (uid_t)-1, 20) != 0 || chmod(p.name, 0660) != 0) {
        close_pty(&p);
        print_message("cannot give a pty to a group here\n");
        skip();
    }
    assert_int_equal(eb_serial_open_error(p.name, EACCES, &err), EB_ERR_PORT_DENIED);
#ifdef __linux__
    assert_non_null(strstr(err.hint, "dialout"));
    assert_non_null(strstr(err.hint, "usermod -a -G"));
#endif
    assert_non_null(strstr(err.hint, "sudo"));
    assert_int_equal(chmod(p.name, 0600), 0);
    assert_int_equal(eb_serial_open_error(p.name, EACCES, &err), EB_ERR_PORT_DENIED);
    assert_null(strstr(err.hint, "usermod")); /* the group may not either */
    close_pty(&p);
}

/* Other systems do not say who has a port. */
static void only_linux_tells(void)
{
#ifndef __linux__
    skip();
#endif
}

/* A child that has the device open until it is killed, and perhaps the other end too. */
static pid_t start_holder(const pty_t *p, bool other_end)
{
    int ready[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const int fd = open(p->name, O_RDWR | O_NOCTTY);

        if (!other_end) {
            close(p->master);
        }
        if (fd < 0 || write(ready[1], "x", 1) != 1) {
            _exit(1);
        }
        pause();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void busy_names_the_process(void **state)
{
    const pty_t p = open_pty();
    char holder[EB_HOLDER_TEXT_BYTES], expected[32];
    eb_err_t err;
    pid_t child;

    (void)state;
    only_linux_tells();
    /* Open in this process alone: that is not another one. */
    assert_false(eb_port_holder_find(p.name, false, holder, sizeof(holder)));
    child = start_holder(&p, false);
    (void)snprintf(expected, sizeof(expected), "(process %ld)", (long)child);
    assert_true(eb_port_holder_find(p.name, false, holder, sizeof(holder)));
    assert_non_null(strstr(holder, expected));
    assert_non_null(strstr(holder, "test_serial_por")); /* the system keeps 15 letters */
    assert_int_equal(open_error(p.name, &err), EB_ERR_PORT_BUSY);
    assert_non_null(strstr(err.message, expected));
    assert_non_null(strstr(err.hint, expected));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_false(eb_port_holder_find(p.name, false, holder, sizeof(holder)));
    close_pty(&p);
}

static void the_program_at_the_other_end_is_no_holder(void **state)
{
    const pty_t p = open_pty();
    char holder[EB_HOLDER_TEXT_BYTES];
    const pid_t child = start_holder(&p, true);

    (void)state;
    assert_false(eb_port_holder_find(p.name, false, holder, sizeof(holder)));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close_pty(&p);
}

/* In a child of a program that has our end of the pty open, and not the other. */
static int look_from_a_child(const pty_t *p)
{
    char holder[EB_HOLDER_TEXT_BYTES];
    int status = 0;
    const pid_t program = fork();

    assert_true(program >= 0);
    if (program == 0) {
        pid_t child;

        close(p->master);
        child = fork();
        if (child == 0) {
            const bool without = eb_port_holder_find(p->name, false, holder, sizeof(holder));
            const bool with = eb_port_holder_find(p->name, true, holder, sizeof(holder));

            _exit((without ? 2 : 0) | (with ? 1 : 0));
        }
        _exit(child > 0 && waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : 4);
    }
    assert_int_equal(waitpid(program, &status, 0), program);
    return WEXITSTATUS(status);
}

static void a_program_that_started_us_may_have_it_open(void **state)
{
    const pty_t p = open_pty();

    (void)state;
    only_linux_tells();
    assert_int_equal(look_from_a_child(&p), 1);
    close_pty(&p);
}

static void claim_locks_and_ends_flow_control(void **state)
{
    const pty_t p = open_pty();
    const int second = open(p.name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct termios tio;
    eb_err_t err;

    (void)state;
    assert_true(second >= 0);
    assert_int_equal(eb_serial_claim(p.slave, p.name, &err), EB_OK);
    assert_int_equal(tcgetattr(p.slave, &tio), 0);
    assert_int_equal(tio.c_cflag & CRTSCTS, 0);
    assert_true(fcntl(p.slave, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(eb_serial_claim(second, p.name, &err), EB_ERR_PORT_BUSY);
    close(second);
    close_pty(&p);
}

static void bytes_over_a_pty(void **state)
{
    const pty_t p = open_pty();
    uint8_t buf[100];
    size_t n;
    bool done = true;
    int64_t start;
    eb_err_t err;

    (void)state;
    assert_int_equal(write(p.master, "hello", 5), 5);
    assert_int_equal(eb_serial_read(p.slave, p.name, buf, sizeof(buf), PATIENCE_MS, &n, &err),
                     EB_OK);
    assert_int_equal(n, 5);
    assert_memory_equal(buf, "hello", 5);
    start = eb_clock_ms();
    assert_int_equal(eb_serial_read(p.slave, p.name, buf, sizeof(buf), SOON_MS, &n, &err), EB_OK);
    assert_int_equal(n, 0);
    assert_true(eb_clock_ms() - start >= SOON_MS - 1);
    assert_int_equal(
        eb_serial_write(p.slave, p.name, (const uint8_t *)"abc", 3, PATIENCE_MS, &n, &err), EB_OK);
    assert_int_equal(n, 3);
    assert_int_equal(read(p.master, buf, sizeof(buf)), 3);
    assert_memory_equal(buf, "abc", 3);
    assert_int_equal(eb_serial_drain(p.slave, p.name, PATIENCE_MS, &done, &err), EB_OK);
    assert_true(done);
    assert_int_equal(write(p.master, "old", 3), 3);
    assert_int_equal(eb_serial_flush_input(p.slave, p.name, &err), EB_OK);
    assert_int_equal(eb_serial_read(p.slave, p.name, buf, sizeof(buf), 0, &n, &err), EB_OK);
    assert_int_equal(n, 0);
    close_pty(&p);
}

static void full_port_takes_nothing_and_says_so(void **state)
{
    static uint8_t much[100000];
    const pty_t p = open_pty();
    size_t n = 1, total = 0;
    eb_err_t err;

    (void)state;
    while (n > 0 && total < 10000000) {
        assert_int_equal(eb_serial_write(p.slave, p.name, much, sizeof(much), SOON_MS, &n, &err),
                         EB_OK);
        total += n;
    }
    assert_int_equal(n, 0);
    eb_serial_discard_output(p.slave);
    close_pty(&p);
}

static void pulled_plug_is_loss(void **state)
{
    pty_t p = open_pty();
    uint8_t buf[10] = {0};
    size_t n;
    bool done;
    const int64_t start = eb_clock_ms();
    eb_err_t err;

    (void)state;
    assert_int_equal(write(p.master, "last", 4), 4);
    close(p.master);
    p.master = -1;
    assert_int_equal(eb_serial_read(p.slave, p.name, buf, sizeof(buf), PATIENCE_MS, &n, &err),
                     EB_ERR_PORT_LOST);
    assert_non_null(strstr(err.message, p.name));
    assert_int_equal(eb_serial_write(p.slave, p.name, buf, 1, PATIENCE_MS, &n, &err),
                     EB_ERR_PORT_LOST);
    assert_int_equal(eb_serial_set_lines(p.slave, p.name, true, true, &err), EB_ERR_PORT_LOST);
    assert_int_equal(eb_serial_drain(p.slave, p.name, PATIENCE_MS, &done, &err), EB_ERR_PORT_LOST);
    assert_true(eb_clock_ms() - start < PATIENCE_MS); /* not waited for */
    close_pty(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_there_or_no_port),
        cmocka_unit_test(a_pty_is_a_port_without_lines),
        cmocka_unit_test(any_rate_is_set),
        cmocka_unit_test(reasons_of_the_system),
        cmocka_unit_test(denied_names_the_group_of_the_device),
        cmocka_unit_test(busy_names_the_process),
        cmocka_unit_test(the_program_at_the_other_end_is_no_holder),
        cmocka_unit_test(a_program_that_started_us_may_have_it_open),
        cmocka_unit_test(claim_locks_and_ends_flow_control),
        cmocka_unit_test(bytes_over_a_pty),
        cmocka_unit_test(full_port_takes_nothing_and_says_so),
        cmocka_unit_test(pulled_plug_is_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
