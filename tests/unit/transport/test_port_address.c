/* Addresses of ports as people write them, and the likelihood of listed ports. */
#include "port_address.h"
#include "port_identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void good_addresses(void **state)
{
    static const struct {
        const char *text;
        eb_port_kind_t kind;
        const char *host, *port;
    } cases[] = {
        {"/dev/ttyUSB0", EB_PORT_UART, "/dev/ttyUSB0", ""},
        {"COM3", EB_PORT_UART, "COM3", ""},
        {"socket://localhost:4000", EB_PORT_TCP, "localhost", "4000"},
        {"SOCKET://LocalHost:1", EB_PORT_TCP, "LocalHost", "1"},
        {"socket://[::1]:65535", EB_PORT_TCP, "::1", "65535"},
        {"socket://10.0.0.1:4000/", EB_PORT_TCP, "10.0.0.1", "4000"},
        {"rfc2217://host:4000?ign_set_control", EB_PORT_RFC2217, "host", "4000"},
        {"rfc2217://host:4000/?timeout=3&x=a:b", EB_PORT_RFC2217, "host", "4000"},
    };
    eb_port_address_t out;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(eb_port_address_parse(cases[i].text, &out, NULL), EB_OK);
        assert_int_equal(out.kind, cases[i].kind);
        assert_string_equal(out.host, cases[i].host);
        assert_string_equal(out.port, cases[i].port);
    }
}

static void bad_addresses_are_usage_errors(void **state)
{
    static const char *const bad[] = {
        "",
        "socket://",
        "socket://host",
        "socket://host:",
        "socket://:4000",
        "socket://host:0",
        "socket://host:65536",
        "socket://host:99999999999999999999",
        "socket://host:4x",
        "socket://host:-1",
        "socket://host: 80",
        "socket://::1:4000",
        "socket://[]:4000",
        "socket://[::1]",
        "socket://[::1:4000",
        "socket://]:4000",
        "rfc2217://?host:4000",
        "http://host:80",
        "spy://dev/ttyUSB0",
    };
    char text[600];
    eb_port_address_t out;
    eb_err_t err;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (eb_port_address_parse(bad[i], &out, &err) != EB_ERR_USAGE) {
            fail_msg("accepted: %s", bad[i]);
        }
        assert_non_null(strstr(err.message, bad[i]));
        assert_non_null(strstr(err.hint, "socket://HOST:PORT"));
    }
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(eb_port_address_parse(text, &out, &err), EB_ERR_USAGE);
    memcpy(text, "socket://", 9);
    assert_int_equal(eb_port_address_parse(text, &out, &err), EB_ERR_USAGE);
}

static int rate(uint16_t vid, uint16_t pid, eb_attachment_t attachment, eb_port_kind_t kind)
{
    eb_port_info_t info = {.vid = vid, .pid = pid};

    eb_port_identify(&info, attachment);
    assert_int_equal(info.kind, kind);
    return info.likelihood;
}

static void likelier_ports_come_first(void **state)
{
    const int jtag = rate(0x303A, 0x1001, EB_ATTACHED_USB, EB_PORT_USB_JTAG);
    const int otg = rate(0x303A, 0x0002, EB_ATTACHED_USB, EB_PORT_USB_OTG);
    const int bridge = rate(0x303A, 0x1002, EB_ATTACHED_USB, EB_PORT_UART);
    const int cp210x = rate(0x10C4, 0xEA60, EB_ATTACHED_USB, EB_PORT_UART);
    const int ch340 = rate(0x1A86, 0x7523, EB_ATTACHED_USB, EB_PORT_UART);
    const int ftdi = rate(0x0403, 0x6001, EB_ATTACHED_USB, EB_PORT_UART);
    const int modem = rate(0x1234, 0x5678, EB_ATTACHED_USB, EB_PORT_UART);
    const int native = rate(0, 0, EB_ATTACHED_NATIVE, EB_PORT_UART);
    const int bluetooth = rate(0, 0, EB_ATTACHED_BLUETOOTH, EB_PORT_UART);

    (void)state;
    assert_int_equal(jtag, otg);
    assert_int_equal(jtag, bridge);
    assert_true(otg > cp210x);
    assert_int_equal(cp210x, ch340);
    assert_int_equal(cp210x, ftdi);
    assert_true(ftdi > modem);
    assert_true(modem > native);
    assert_true(native > bluetooth);
}

/* Two adapters of one make, and a board with a number of its own. */
static void a_port_is_found_again_by_its_place(void **state)
{
    eb_port_info_t ports[] = {
        {.name = "/dev/ttyUSB0",
         .vid = 0x10C4,
         .pid = 0xEA60,
         .serial = "1",
         .usb_path = "1-1:1.0"},
        {.name = "/dev/ttyUSB1",
         .vid = 0x10C4,
         .pid = 0xEA60,
         .serial = "1",
         .usb_path = "1-2:1.0"},
        {.name = "/dev/ttyACM0",
         .vid = 0x303A,
         .pid = 0x1001,
         .serial = "M",
         .usb_path = "1-3:1.0"},
        {.name = "/dev/ttyUSB2", .vid = 0x1A86, .pid = 0x7523, .usb_path = "1-4:1.0"},
    };
    const eb_port_info_t first = ports[0], board = ports[2], ch340 = ports[3];
    const eb_port_list_t all = {ports, 4}, rest = {ports + 1, 3};

    (void)state;
    assert_false(eb_port_is_unique(&first, &all));
    assert_true(eb_port_is_unique(&board, &all));
    assert_true(eb_port_is_unique(&ch340, &all));
    /* Away: the other is another board. */
    assert_null(eb_port_find_again(&first, first.name, false, &rest));
    /* The other took the name, and it has another; its place tells. */
    (void)snprintf(ports[0].name, sizeof(ports[0].name), "/dev/ttyUSB3");
    (void)snprintf(ports[1].name, sizeof(ports[1].name), "/dev/ttyUSB0");
    assert_ptr_equal(eb_port_find_again(&first, first.name, false, &all), &ports[0]);
    /* Without a serial number too. */
    (void)snprintf(ports[3].name, sizeof(ports[3].name), "/dev/ttyUSB9");
    assert_ptr_equal(eb_port_find_again(&ch340, ch340.name, true, &all), &ports[3]);
    /* At another place: by the number, or by the name. */
    (void)snprintf(ports[2].name, sizeof(ports[2].name), "/dev/ttyACM1");
    (void)snprintf(ports[2].usb_path, sizeof(ports[2].usb_path), "2-1:1.0");
    assert_ptr_equal(eb_port_find_again(&board, board.name, true, &all), &ports[2]);
    (void)snprintf(ports[3].usb_path, sizeof(ports[3].usb_path), "2-2:1.0");
    assert_null(eb_port_find_again(&ch340, ch340.name, true, &all));
    assert_ptr_equal(eb_port_find_again(&ch340, "/dev/ttyUSB9", true, &all), &ports[3]);
    /* Another device took the name; at the old place it may be the board with other ids. */
    assert_null(eb_port_find_again(&ch340, "/dev/ttyUSB3", true, &all));
    (void)snprintf(ports[0].usb_path, sizeof(ports[0].usb_path), "1-4:1.0");
    assert_ptr_equal(eb_port_find_again(&ch340, "/dev/ttyUSB3", true, &all), &ports[0]);
}

static void each_kind_of_port_has_its_row(void **state)
{
    static const struct {
        eb_port_kind_t kind;
        bool network, has_rate, in_chip, any_block;
    } expected[] = {
        {EB_PORT_UART, false, true, false, true},     {EB_PORT_USB_JTAG, false, false, true, true},
        {EB_PORT_USB_OTG, false, false, true, false}, {EB_PORT_TCP, true, false, false, true},
        {EB_PORT_RFC2217, true, true, false, true},
    };

    (void)state;
    assert_int_equal(sizeof(expected) / sizeof(expected[0]), EB_PORT_KIND_COUNT);
    for (size_t i = 0; i < EB_PORT_KIND_COUNT; i++) {
        const eb_port_traits_t *traits = eb_port_traits(expected[i].kind);

        assert_int_equal(traits->network, expected[i].network);
        assert_int_equal(traits->has_rate, expected[i].has_rate);
        assert_int_equal(traits->in_chip, expected[i].in_chip);
        assert_int_equal(traits->block_max_bytes, expected[i].any_block ? UINT32_MAX : 0x800);
    }
    assert_ptr_equal(eb_port_traits(EB_PORT_KIND_COUNT), eb_port_traits(EB_PORT_UART));
}

static void list_of_this_machine_is_sorted(void **state)
{
    eb_port_list_t list;

    (void)state;
    assert_int_equal(eb_port_list_get(&list, NULL), EB_OK);
    for (size_t i = 1; i < list.count; i++) {
        assert_true(list.ports[i - 1].likelihood >= list.ports[i].likelihood);
    }
    eb_port_list_free(&list);
    assert_null(list.ports);
    assert_int_equal(list.count, 0);
    eb_port_list_free(&list);
    eb_port_list_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_addresses),
        cmocka_unit_test(bad_addresses_are_usage_errors),
        cmocka_unit_test(likelier_ports_come_first),
        cmocka_unit_test(a_port_is_found_again_by_its_place),
        cmocka_unit_test(each_kind_of_port_has_its_row),
        cmocka_unit_test(list_of_this_machine_is_sorted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
