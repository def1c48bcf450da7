/* serial_iokit.c with a library of our own in place of IOKit: what it makes of the registry, and
 * that it gives all back. Whether macOS behaves so, only macOS can tell. */
#include "espbackup/transport.h"
#include "serial_library.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int (*living)(void);

static int setup(void **state)
{
    void *library = dlopen(EB_IOKIT, RTLD_LAZY);
    void *function;

    (void)state;
    assert_non_null(library);
    function = dlsym(library, "fake_iokit_living");
    assert_non_null(function);
    memcpy(&living, &function, sizeof(function));
    return 0;
}

static void test_ports_are_listed(void **state)
{
    eb_port_list_t list;
    const eb_port_info_t *p;

    (void)state;
    assert_int_equal(eb_port_list_get(&list, NULL), EB_OK);
    assert_int_equal(list.count, 3);
    p = &list.ports[0];
    assert_string_equal(p->name, "/dev/cu.usbserial-0001");
    assert_int_equal(p->vid, 0x10C4);
    assert_int_equal(p->pid, 0xEA60);
    assert_null(strchr(p->product, '\xFF')); /* no UTF-8 */
    assert_non_null(strstr(p->product, "CP2105 Dual"));
    assert_string_equal(p->serial, "00FE");
    assert_string_equal(p->usb_path, "14200000:1");
    /* An id that is no number is none. */
    assert_string_equal(list.ports[1].name, "/dev/cu.odd");
    assert_int_equal(list.ports[1].vid, 0);
    assert_int_equal(list.ports[1].pid, 0);
    assert_string_equal(list.ports[2].name, "/dev/cu.Bluetooth-Incoming-Port");
    assert_true(list.ports[2].likelihood < list.ports[1].likelihood);
    eb_port_list_free(&list);
    assert_int_equal(living(), 0);
}

static void test_one_port_is_described(void **state)
{
    eb_serial_known_t *known;
    eb_port_info_t info;
    eb_attachment_t attachment;
    int fd;

    (void)state;
    assert_int_equal(eb_serial_known_open("/dev/cu.usbserial-0001", &known, &fd, NULL), EB_OK);
    assert_non_null(known);
    assert_int_equal(fd, -1);
    eb_serial_known_describe(known, &info, &attachment);
    assert_int_equal(attachment, EB_ATTACHED_USB);
    assert_string_equal(info.serial, "00FE");
    eb_serial_known_close(known);
    assert_int_equal(eb_serial_known_open("/dev/ttys003", &known, &fd, NULL), EB_OK);
    assert_null(known);
    assert_int_equal(fd, -1);
    assert_int_equal(living(), 0);
}

static void test_a_list_that_fails_says_so(void **state)
{
    eb_port_list_t list;
    eb_err_t err = {0};

    (void)state;
    setenv("FAKE_IOKIT_FAILS", "1", 1);
    assert_int_equal(eb_port_list_get(&list, &err), EB_ERR_FILE_IO);
    assert_non_null(strstr(err.message, "cannot list the serial ports"));
    unsetenv("FAKE_IOKIT_FAILS");
    assert_int_equal(living(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ports_are_listed),
        cmocka_unit_test(test_one_port_is_described),
        cmocka_unit_test(test_a_list_that_fails_says_so),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
