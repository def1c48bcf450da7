/* test_render_table.c: what lies in a flash, and what boots, as text. */
#include "render_text.h"
#include "screen.h"

static void example_table(eb_partition_table_t *table, eb_boot_choice_t *boot)
{
    *table = (eb_partition_table_t){.present = true, .has_md5 = true, .addr = 0x8000, .count = 3};
    table->entries[0] =
        (eb_partition_t){.label = "nvs", .type = 1, .subtype = 2, .addr = 0x9000, .size = 0x6000};
    table->entries[1] = (eb_partition_t){.label = "ota_0",
                                         .subtype = 0x10,
                                         .addr = 0x10000,
                                         .size = 0x100000,
                                         .app.state = EB_IMAGE_VALID};
    table->entries[2] = (eb_partition_t){
        .label = "ota_1", .subtype = 0x11, .addr = 0x110000, .size = 0x100000, .encrypted = true};
    *boot = (eb_boot_choice_t){
        .index = 1, .chosen = 1, .on_trial = -1, .reason = EB_OTA_SEQUENCE, .sequence = 7};
}

static void an_app_on_trial_is_told(void **state)
{
    eb_partition_table_t table;
    eb_boot_choice_t boot;

    (void)state;
    example_table(&table, &boot);
    assert_true(eb_text_partitions(&term, &table, &boot, NULL));
    assert_not_shown("trial");
    boot.on_trial = 2;
    assert_true(eb_text_partitions(&term, &table, &boot, NULL));
    assert_shown("* ota_0 boots next, because the OTA data selects it (sequence 7); ota_1 was on "
                 "trial and is not confirmed, so the bootloader goes back from it\n");
}

static void boots(const eb_partition_table_t *table, const eb_boot_choice_t *boot,
                  const char *words)
{
    assert_true(eb_text_partitions(&term, table, boot, NULL));
    assert_shown(words);
}

static void what_boots_and_what_was_chosen_are_told(void **state)
{
    eb_partition_table_t table;
    eb_boot_choice_t boot;

    (void)state;
    example_table(&table, &boot);
    boot.chosen = 2;
    boots(&table, &boot,
          "* ota_0 boots next, because the OTA data selects ota_1 (sequence 7), and ota_1 holds no "
          "whole app for this chip\n");
    boot.chosen = -1;
    boots(&table, &boot,
          "* ota_0 boots next, because the OTA data selects a slot that the table lacks (sequence "
          "7)\n");
    table.entries[1].subtype = 0x20;
    boot.reason = EB_OTA_NO_SLOTS;
    boots(&table, &boot,
          "* ota_0 (test) boots next, because there are no OTA slots and no factory app\n");
    boot.chosen = 2;
    boot.reason = EB_OTA_FIRST_SLOT;
    boots(&table, &boot,
          "* ota_0 (test) boots next, because the OTA data selects no slot and there is no factory "
          "app, and ota_1 holds no whole app for this chip\n");
    boot.index = -1;
    boot.stop = EB_BOOT_NO_WHOLE_APP;
    boots(&table, &boot,
          "  Nothing boots, because no app partition holds a whole app for this chip\n");
    boot.stop = EB_BOOT_NOT_KNOWN;
    boots(&table, &boot, "  What boots is not known, because the OTA data are not at hand\n");
    boot.stop = EB_BOOT_SMALL_OTADATA;
    boots(&table, &boot, "  Nothing boots, because the OTA data are too small: ");
}

static void flash_without_table(void **state)
{
    eb_flash_report_t *report = calloc(1, sizeof(*report));

    (void)state;
    assert_non_null(report);
    report->boot.index = -1;
    report->asked_bytes = 4194304;
    report->usage = (eb_flash_usage_t){true, 4194304};
    assert_true(eb_text_flash_report(&term, report, 4194304));
    assert_shown("0 bytes, 4 MB erased");
    assert_shown("There is no partition table.");
    assert_not_shown("boots next");
    assert_not_shown("not known");
    assert_true(eb_text_flash_report(&term, report, 8388608));
    assert_shown("0 bytes, 4 MB erased; the rest is not known");
    free(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCREEN_TEST(an_app_on_trial_is_told),
        SCREEN_TEST(what_boots_and_what_was_chosen_are_told),
        SCREEN_TEST(flash_without_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
