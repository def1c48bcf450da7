/* test_render_change.c: the plan, its result, what a failure leaves, and comparisons. */
#include "render_json.h"
#include "render_text.h"
#include "screen.h"

static const eb_chip_info_t board = {
    .id = "esp32",
    .name = "ESP32",
    .description = "ESP32-D0WD (revision v3.1)",
    .macs = {{"base", "24:0a:c4:12:34:56"}},
    .mac_count = 1,
    .bootloader_addr = 0x1000,
};

static const eb_chip_info_t other_board = {
    .id = "esp32",
    .name = "ESP32",
    .macs = {{"base", "24:0a:c4:99:99:99"}},
    .mac_count = 1,
};

static eb_partition_table_t board_table, image_table;
static const eb_boot_choice_t board_boot = {.index = 1}, image_boot = {.index = 2};

static void make_tables(void)
{
    board_table = (eb_partition_table_t){.present = true, .addr = 0x8000, .count = 3};
    board_table.entries[0] =
        (eb_partition_t){.label = "nvs", .type = 1, .subtype = 2, .addr = 0x9000, .size = 0x6000};
    board_table.entries[1] = (eb_partition_t){
        .label = "ota_0",
        .addr = 0x10000,
        .size = 0x100000,
        .app = {.state = EB_IMAGE_VALID,
                .desc = {.present = true, .project = "door-bell", .version = "1.4.0"}}};
    board_table.entries[2] = (eb_partition_t){.label = "ota_1", .addr = 0x110000, .size = 0x100000};
    image_table = board_table;
    image_table.entries[2].app =
        (eb_app_image_t){.state = EB_IMAGE_VALID,
                         .desc = {.present = true, .project = "porch-light", .version = "1.5.0"}};
}

/* nvs, a border between two slots, and what lies behind the last partition. */
static eb_flash_span_t old_spans[] = {
    {0x0, 0x9000, EB_SPAN_SAME},        {0x9000, 0x1000, EB_SPAN_OLD},
    {0xa000, 0x105000, EB_SPAN_SAME},   {0x10f000, 0x3000, EB_SPAN_OLD},
    {0x112000, 0x1ee000, EB_SPAN_SAME}, {0x300000, 0x1000, EB_SPAN_OLD},
    {0x301000, 0xff000, EB_SPAN_SAME},
};
static const eb_spans_t spans = {old_spans, sizeof(old_spans) / sizeof(old_spans[0])};

static eb_change_plan_t example_plan(void)
{
    make_tables();
    return (eb_change_plan_t){
        .source = "backups/esp32_backup_20261121_101500.bin",
        .size_bytes = 0x400000,
        .spans = &spans,
        .board_table = &board_table,
        .image_table = &image_table,
        .board_boot = &board_boot,
        .image_boot = &image_boot,
        .image_chip = &board,
        .image_created_utc = "2026-11-21T10:15:00Z",
    };
}

static void plan_of_restore(void **state)
{
    eb_change_plan_t plan = example_plan();

    (void)state;
    setenv("TZ", "UTC", 1);
    assert_true(eb_text_change_plan(&term, &board, &plan));
    assert_string_equal(shown(),
                        "Restore plan\n"
                        "  Image         backups/esp32_backup_20261121_101500.bin\n"
                        "  Created       2026-11-21 10:15\n"
                        "  Saved from    ESP32-D0WD (revision v3.1), MAC 24:0a:c4:12:34:56\n"
                        "  Image app     porch-light 1.5.0, in ota_1\n"
                        "  Board         ESP32-D0WD (revision v3.1), MAC 24:0a:c4:12:34:56\n"
                        "  Current app   door-bell 1.4.0, in ota_0\n"
                        "  Range         4 MB\n"
                        "  Will change   20 KB of 4 MB; the rest is equal already\n"
                        "\n"
                        "  Partition         Offset   Size  Will change  App\n"
                        "  nvs               0x9000  24 KB         4 KB\n"
                        "  ota_0            0x10000   1 MB         4 KB  door-bell 1.4.0\n"
                        "  ota_1           0x110000   1 MB         8 KB  porch-light 1.5.0\n"
                        "  (no partition)  0x300000                4 KB\n"
                        "\n");
}

static void plan_warns_of_another_board(void **state)
{
    eb_change_plan_t plan = example_plan();

    (void)state;
    plan.image_chip = &other_board;
    plan.other_mac = true;
    assert_true(eb_text_change_plan(&term, &board, &plan));
    assert_shown(
        "\nWARNING: THE IMAGE IS FROM ANOTHER BOARD: its MAC is 24:0a:c4:99:99:99, and the MAC of "
        "this board is 24:0a:c4:12:34:56.");
    assert_not_shown("ENCRYPTION");
    plan.encrypted = true;
    assert_true(eb_text_change_plan(&term, &board, &plan));
    assert_shown("WARNING: FLASH ENCRYPTION IS ON");
}

static void plan_without_sidecar_and_table(void **state)
{
    eb_change_plan_t plan = example_plan();

    (void)state;
    board_table.present = false;
    plan.image_table = NULL;
    plan.image_chip = NULL;
    plan.image_created_utc = NULL;
    plan.addr = 0x10000;
    assert_true(eb_text_change_plan(&term, &board, &plan));
    assert_shown("Saved from    unknown, because the image has no sidecar\n");
    assert_shown("Range         4 MB from 0x10000\n");
    assert_not_shown("Created");
    assert_not_shown("Image app");
    assert_not_shown("Current app");
    assert_shown("(no partition)  0x9000        20 KB\n");
}

static void plan_with_nothing_to_do(void **state)
{
    eb_change_plan_t plan = example_plan();
    eb_flash_span_t one = {0, 0x400000, EB_SPAN_SAME};
    const eb_spans_t same = {&one, 1};

    (void)state;
    plan.spans = &same;
    assert_true(eb_text_change_plan(&term, &board, &plan));
    assert_shown("Will change   nothing: the board matches the image already\n\n");
    assert_not_shown("Partition");
}

static void plan_of_erase(void **state)
{
    eb_change_plan_t plan = example_plan();

    (void)state;
    plan.is_erase = true;
    plan.source = NULL;
    plan.image_table = NULL;
    assert_true(eb_text_change_plan(&term, &board, &plan));
    assert_shown("Erase plan\n  Board ");
    assert_shown("Will erase    20 KB of 4 MB; the rest is erased already\n");
    assert_shown("  Partition         Offset   Size  Will erase  App\n");
    assert_not_shown("Image");
}

static eb_restore_result_t example_result(void)
{
    return (eb_restore_result_t){
        .verified = true,
        .changed = true,
        .image_path = "backups/x.bin",
        .size_bytes = 0x400000,
        .bytes_written = 20480,
        .wire_bytes = 3000,
        .stats = {.port = "/dev/ttyUSB0", .baud = 921600, .stub = true, .stub_version = "1.2.2"},
        .seconds = 4,
    };
}

static void restore_as_text(void **state)
{
    eb_restore_result_t result = example_result();

    (void)state;
    eb_text_restore(&term, &result);
    assert_string_equal(shown(), "Restored\n"
                                 "  Image         backups/x.bin\n"
                                 "  Range         4 MB\n"
                                 "  Written       20 KB, 2.9 KB over the wire\n"
                                 "  Verified      every byte, by an MD5 that the chip computes\n"
                                 "  Took          4.0 s\n"
                                 "  Connection    /dev/ttyUSB0 at 921600 baud, stub 1.2.2\n");
}

static void dry_run_claims_nothing(void **state)
{
    eb_restore_result_t result = example_result();

    (void)state;
    result.verified = result.changed = false;
    eb_text_dry_run(&term, &result);
    assert_string_equal(shown(), "Nothing was changed, because of --dry-run.\n");
    result.header_changed = true;
    eb_text_dry_run(&term, &result);
    assert_shown("The bootloader's header would get");
}

/* After a failure: what is on the board, by range and partition. */
static eb_flash_span_t failed_spans[] = {
    {0x9000, 0x1000, EB_SPAN_NEW},       {0xa000, 0x105000, EB_SPAN_SAME},
    {0x10f000, 0x1000, EB_SPAN_WRITTEN}, {0x110000, 0x1000, EB_SPAN_UNKNOWN},
    {0x111000, 0x1000, EB_SPAN_OLD},
};
static const eb_spans_t failed = {failed_spans, sizeof(failed_spans) / sizeof(failed_spans[0])};

static void what_a_failure_left(void **state)
{
    eb_pieces_t pieces;

    (void)state;
    make_tables();
    const eb_areas_t areas = {.table = &board_table, .bootloader_addr = 0x1000};
    assert_true(eb_pieces_of_spans(&failed, &areas, &pieces));
    assert_true(eb_text_board_state(&term, &pieces));
    eb_pieces_free(&pieces);
    assert_string_equal(shown(), "State of the board\n"
                                 "      From        To  Size  State              Partition\n"
                                 "    0x9000    0x9fff  4 KB  new, verified      nvs\n"
                                 "  0x10f000  0x10ffff  4 KB  new, not verified  ota_0\n"
                                 "  0x110000  0x110fff  4 KB  unknown            ota_1\n"
                                 "  0x111000  0x111fff  4 KB  old                ota_1\n"
                                 "  The rest of the range already matched, and is unchanged.\n\n");
}

static void many_ranges_are_counted(void **state)
{
    eb_flash_span_t many[100];
    const eb_spans_t list = {many, 100};
    const eb_areas_t areas = {0};
    eb_pieces_t pieces;

    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        many[i] = (eb_flash_span_t){i * 0x1000, 0x1000, i % 2 == 0 ? EB_SPAN_OLD : EB_SPAN_NEW};
    }
    assert_true(eb_pieces_of_spans(&list, &areas, &pieces));
    assert_true(eb_text_board_state(&term, &pieces));
    eb_pieces_free(&pieces);
    assert_shown("60 more ranges are not shown");
    assert_not_shown("The rest");
}

/* -- comparisons ----------------------------------------------------------------------------- */

static eb_difference_t differences[] = {
    {0x9000, 0x1000, 0x1000, EB_DIFFERENCE_CHANGED, "nvs"},
    {0x10000, 0x1000, 0x1000, EB_DIFFERENCE_CHANGED, "ota_0"},
    {0x13000, 0x2000, 0x2000, EB_DIFFERENCE_CHANGED, "ota_0"},
    {0x400000, 0x1000, 0x1000, EB_DIFFERENCE_ONLY_A, ""},
};

static eb_diff_result_t example_diff(void)
{
    return (eb_diff_result_t){
        .verified = true,
        .file_checked = true,
        .has_sidecar = true,
        .size_bytes = 0x401000,
        .differing_bytes = 0x5000,
        .differences = differences,
        .count = 4,
        .a_path = "a.bin",
        .b_path = "b.bin",
    };
}

static void verify_as_text(void **state)
{
    eb_diff_result_t result = example_diff();

    (void)state;
    assert_true(eb_text_verify(&term, &board, &result));
    assert_shown("File          matches the SHA-256 in its sidecar\n");
    assert_shown("Differs       20 KB of 4 MB, in 4 ranges of whole sectors\n");
    assert_shown("   0x13000   0x14fff  8 KB  ota_0\n");
    assert_not_shown("Verified");
    result.count = 0;
    result.differing_bytes = 0;
    assert_true(eb_text_verify(&term, &board, &result));
    assert_shown("Differs       nothing: all 4 MB are equal\n");
    assert_shown("Verified      every byte, by an MD5 that the chip computes\n");
}

static void verify_that_was_cut_short(void **state)
{
    eb_diff_result_t result = example_diff();

    (void)state;
    result.verified = false;
    result.count = 0;
    assert_true(eb_text_verify(&term, &board, &result));
    assert_shown("Differs       unknown");
    assert_not_shown("are equal");
}

static void diff_as_text(void **state)
{
    eb_diff_result_t result = example_diff();

    (void)state;
    assert_true(eb_text_diff(&term, NULL, &result, false));
    assert_string_equal(shown(), "Diff\n"
                                 "  First         a.bin\n"
                                 "  Second        b.bin\n"
                                 "  Differs       20 KB of 4 MB, in 4 ranges\n"
                                 "\n"
                                 "  Partition           From        To  Differs  Ranges\n"
                                 "  nvs               0x9000    0x9fff     4 KB       1\n"
                                 "  ota_0            0x10000   0x14fff    12 KB       2\n"
                                 "  (no partition)  0x400000  0x400fff     4 KB       1  "
                                 "only in the first\n");
    eb_difference_t mixed[4];
    memcpy(mixed, differences, sizeof(mixed));
    mixed[2].kind = EB_DIFFERENCE_ONLY_B;
    result.differences = mixed;
    assert_true(eb_text_diff(&term, NULL, &result, false));
    assert_shown("0x14fff    12 KB       2  partly only in the second\n");
    result.b_path[0] = '\0';
    assert_true(eb_text_diff(&term, &board, &result, true));
    assert_shown("Second        ESP32-D0WD (revision v3.1), MAC 24:0a:c4:12:34:56\n");
    assert_shown("only in the first\n");
}

/* -- JSON ------------------------------------------------------------------------------------ */

static eb_json_t *reread(eb_json_t *root)
{
    eb_json_t *again = NULL;
    char *text = eb_json_print(root);

    assert_non_null(text);
    assert_int_equal(eb_json_parse(text, strlen(text), &again, NULL), EB_OK);
    eb_json_free(root);
    free(text);
    return again;
}

static int64_t int_at(const eb_json_t *node, const char *key)
{
    int64_t value = -1;

    assert_int_equal(eb_json_get_int(node, key, 0, EB_JSON_INT_MAX, &value, NULL), EB_OK);
    return value;
}

static bool bool_at(const eb_json_t *node, const char *key)
{
    bool value = false;

    assert_int_equal(eb_json_get_bool(node, key, &value, NULL), EB_OK);
    return value;
}

static const char *text_at(const eb_json_t *node, const char *key)
{
    const char *value = NULL;

    assert_int_equal(eb_json_get_text(node, key, &value, NULL), EB_OK);
    return value;
}

static void failed_restore_as_json(void **state)
{
    eb_restore_result_t result = example_result();
    eb_json_t *root = eb_json_new_object();
    const eb_json_t *node = NULL;

    (void)state;
    make_tables();
    const eb_areas_t areas = {.table = &board_table, .bootloader_addr = 0x1000};
    result.verified = false;
    eb_json_restore(root, &result, false);
    assert_true(eb_json_spans(root, &failed, &areas));
    root = reread(root);
    assert_false(bool_at(root, "verified"));
    assert_true(bool_at(root, "changed"));
    assert_false(eb_json_has(root, "first_backup"));
    assert_int_equal(int_at(root, "bytes_written"), 20480);
    assert_int_equal(eb_json_get_object(root, "states", &node, NULL), EB_OK);
    assert_int_equal(int_at(node, "new"), 0x1000);
    assert_int_equal(int_at(node, "written"), 0x1000);
    assert_int_equal(int_at(node, "unknown"), 0x1000);
    assert_int_equal(int_at(node, "old"), 0x1000);
    assert_int_equal(int_at(node, "same"), 0x105000);
    assert_int_equal(eb_json_get_array(root, "ranges", &node, NULL), EB_OK);
    int64_t sum = 0;
    for (size_t i = 0; i < eb_json_count(node); i++) {
        sum += int_at(eb_json_at(node, i), "size_bytes");
    }
    assert_int_equal(sum, 0x109000);
    const eb_json_t *last = eb_json_at(node, eb_json_count(node) - 1);
    assert_string_equal(text_at(last, "state"), "old");
    assert_string_equal(text_at(last, "partition"), "ota_1");
    assert_int_equal(eb_json_get_array(root, "partitions", &node, NULL), EB_OK);
    last = eb_json_at(node, eb_json_count(node) - 1);
    assert_string_equal(text_at(last, "name"), "ota_1");
    assert_int_equal(int_at(last, "unknown"), 0x1000);
    assert_int_equal(int_at(last, "new"), 0);
    eb_json_free(root);
}

static void comparisons_as_json(void **state)
{
    eb_diff_result_t result = example_diff();
    eb_json_t *root = eb_json_new_object();
    const eb_json_t *node = NULL;

    (void)state;
    assert_true(eb_json_diff(root, &result));
    root = reread(root);
    assert_false(bool_at(root, "equal"));
    assert_true(bool_at(root, "complete"));
    assert_int_equal(int_at(root, "differing_bytes"), 0x5000);
    assert_int_equal(eb_json_get_array(root, "partitions", &node, NULL), EB_OK);
    assert_int_equal(eb_json_count(node), 3);
    assert_int_equal(int_at(eb_json_at(node, 1), "differing_bytes"), 0x3000);
    assert_int_equal(int_at(eb_json_at(node, 1), "ranges"), 2);
    assert_int_equal(eb_json_get_array(root, "differences", &node, NULL), EB_OK);
    assert_int_equal(eb_json_count(node), 4);
    assert_string_equal(text_at(eb_json_at(node, 3), "kind"), "only_a");
    assert_false(eb_json_has(eb_json_at(node, 3), "partition"));
    eb_json_free(root);
    root = eb_json_new_object();
    assert_true(eb_json_verify(root, &result, false));
    root = reread(root);
    assert_false(bool_at(root, "verified")); /* compared, and not equal */
    assert_true(bool_at(root, "board_checked"));
    eb_json_free(root);
}

static void partition_backups(void **state)
{
    eb_backup_result_t *files = calloc(2, sizeof(*files));
    eb_json_t *root = eb_json_new_object();
    const eb_json_t *node = NULL;

    (void)state;
    assert_non_null(files);
    files[0] = (eb_backup_result_t){.verified = true,
                                    .partition = "nvs",
                                    .image_path = "backups/esp32_nvs.bin",
                                    .addr = 0x9000,
                                    .size_bytes = 0x6000};
    files[1] = (eb_backup_result_t){.partition = "ota_0", .addr = 0x10000, .size_bytes = 0x100000};
    const eb_partition_backup_result_t result = {.files = files, .count = 2};
    assert_true(eb_text_partition_backup(&term, NULL, &result));
    assert_shown("  Folder        backups\n");
    assert_shown("  nvs     0x9000  24 KB  verified   esp32_nvs.bin\n");
    assert_shown("  ota_0  0x10000   1 MB  not saved\n");
    eb_json_partition_backup(root, &result);
    root = reread(root);
    assert_false(bool_at(root, "verified"));
    assert_int_equal(eb_json_get_array(root, "files", &node, NULL), EB_OK);
    assert_true(bool_at(eb_json_at(node, 0), "verified"));
    assert_string_equal(text_at(eb_json_at(node, 0), "partition"), "nvs");
    assert_false(bool_at(eb_json_at(node, 1), "verified"));
    eb_json_free(root);
    free(files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCREEN_TEST(plan_of_restore),
        SCREEN_TEST(plan_warns_of_another_board),
        SCREEN_TEST(plan_without_sidecar_and_table),
        SCREEN_TEST(plan_with_nothing_to_do),
        SCREEN_TEST(plan_of_erase),
        SCREEN_TEST(restore_as_text),
        SCREEN_TEST(dry_run_claims_nothing),
        SCREEN_TEST(what_a_failure_left),
        SCREEN_TEST(many_ranges_are_counted),
        SCREEN_TEST(verify_as_text),
        SCREEN_TEST(verify_that_was_cut_short),
        SCREEN_TEST(diff_as_text),
        cmocka_unit_test(failed_restore_as_json),
        cmocka_unit_test(comparisons_as_json),
        SCREEN_TEST(partition_backups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
