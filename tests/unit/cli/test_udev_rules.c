/* test_udev_rules.c: the rules for udev agree with what espbackup looks for. */
#include "espbackup/image_ops.h"
#include "port_identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RULES   EB_TEST_DATA_DIR "/../../src/packaging/60-espbackup.rules"
#define VENDORS 0x10000

static bool in_rules[VENDORS];
static unsigned dfu_vendor, dfu_product;

static int read_rules(void **state)
{
    FILE *const file = fopen(RULES, "r");
    char line[256];

    (void)state;
    if (file == NULL) {
        return -1;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        unsigned vendor;

        if (sscanf(line, "ATTRS{idVendor}==\"%4x\", TAG+=\"uaccess\"", &vendor) == 1) {
            in_rules[vendor] = true;
        }
        (void)sscanf(line,
                     "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", ATTR{idVendor}==\"%4x\", "
                     "ATTR{idProduct}==\"%4x\", TAG+=\"uaccess\"",
                     &dfu_vendor, &dfu_product);
    }
    return fclose(file);
}

static int likelihood(unsigned vendor)
{
    eb_port_info_t info = {.vid = (uint16_t)vendor};

    eb_port_identify(&info, EB_ATTACHED_USB);
    return info.likelihood;
}

static void rules_name_all_vendors_of_ports_and_no_other(void **state)
{
    const int of_unknown_vendor = likelihood(0);

    (void)state;
    for (unsigned vendor = 0; vendor < VENDORS; vendor++) {
        if (in_rules[vendor] != (likelihood(vendor) > of_unknown_vendor)) {
            fail_msg("vendor %04x: %s", vendor,
                     in_rules[vendor] ? "only in the rules" : "not in the rules");
        }
    }
}

static void rules_name_the_electron_in_dfu_mode(void **state)
{
    char id[16];

    (void)state;
    (void)snprintf(id, sizeof(id), "%04x:%04x", dfu_vendor, dfu_product);
    assert_string_equal(id, EB_ELECTRON_USB_ID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(
                                           rules_name_all_vendors_of_ports_and_no_other),
                                       cmocka_unit_test(rules_name_the_electron_in_dfu_mode)};

    return cmocka_run_group_tests(tests, read_rules, NULL);
}
