/* test_render.c: results as tables and as JSON. */
#include "render_json.h"
#include "render_text.h"
#include "screen.h"
#include "term.h"
#include "text_table.h"

/* -- text that comes from outside ------------------------------------------------------------ */

static void control_bytes_never_reach_the_terminal(void **state)
{
    static const struct {
        const char *raw, *clean;
    } rows[] = {
        {"plain", "plain"},
        {"\033[31mred", "?[31mred"},
        {"a\nb\tc\177", "a?b?c?"},
        {"\302\2331m", "?1m"},     /* C1: CSI in one character */
        {"a\342\200\256b", "a?b"}, /* turns the text around */
        {"\377\376", "??"},
        {"\303", "?"},
        {"\355\240\200", "???"}, /* a surrogate */
        {"gr\303\266\303\237e", "gr\303\266\303\237e"},
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        eb_term_clean(rows[i].raw, 0, out, sizeof(out));
        assert_string_equal(out, rows[i].clean);
    }
}

static void columns_not_bytes_are_counted(void **state)
{
    char out[64];

    (void)state;
    assert_int_equal(eb_term_columns("gr\303\266\303\237e"), 5);
    assert_int_equal(eb_term_columns("\351\225\267\343\201\204"), 4); /* two wide ones */
    assert_int_equal(eb_term_columns("e\314\201"), 1);                /* e and a combining accent */
    assert_int_equal(eb_term_clean("abcdef", 6, out, sizeof(out)), 6);
    assert_string_equal(out, "abcdef");
    assert_int_equal(eb_term_clean("abcdefg", 6, out, sizeof(out)), 6);
    assert_string_equal(out, "abcde~");
    /* A wide character does not fit in half. */
    assert_int_equal(eb_term_clean("ab\351\225\267\343\201\204", 5, out, sizeof(out)), 5);
    assert_string_equal(out, "ab\351\225\267~");
    /* Short of bytes it is cut, and never within a character. */
    eb_term_clean("\303\266\303\266\303\266", 0, out, 6);
    assert_string_equal(out, "\303\266\303\266~");
}

static void a_long_value_goes_on_below_itself(void **state)
{
    (void)state;
    term.width = 40;
    eb_text_field(&term, "Features", "Wi-Fi, BT, Dual Core, Vref in eFuse");
    eb_text_field(&term, "", "a_path_without_any_space_is_never_broken.bin");
    assert_string_equal(shown(), "  Features      Wi-Fi, BT, Dual Core,\n"
                                 "                Vref in eFuse\n"
                                 "                a_path_without_any_space_is_never_broken.bin\n");
}

/* -- tables ---------------------------------------------------------------------------------- */

static const eb_column_t columns[] = {
    {"Name", false, 8},
    {"Size", true, 0},
    {"Empty", false, 0},
    {"Note", false, 5},
};

static void fill(eb_table_t *table)
{
    static const char *const cells[] = {
        "short",  "4 MB", "", "a note of some length", "gr\303\266\303\237er-als-die-andern.bin",
        "123 KB", "",     "",
    };

    eb_table_init(table, columns, 4);
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        eb_table_add(table, cells[i]);
    }
}

static void table_is_aligned(void **state)
{
    eb_table_t table;

    (void)state;
    fill(&table);
    assert_true(eb_table_print(&table, &term, 2));
    assert_string_equal(shown(), "  Name                         Size  Note\n"
                                 "  short                        4 MB  a note of some length\n"
                                 "  gr\303\266\303\237er-als-die-andern.bin  123 KB\n");
    eb_table_free(&table);
}

static void table_fits_the_terminal(void **state)
{
    eb_table_t table;

    (void)state;
    fill(&table);
    term.width = 40;
    assert_true(eb_table_print(&table, &term, 2));
    char *copy = strdup(shown());
    assert_non_null(copy);
    for (char *line = strtok(copy, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_in_range(eb_term_columns(line), 1, 40);
    }
    free(copy);
    assert_shown("123 KB");
    assert_shown("~");
    eb_table_free(&table);
}

static void table_without_room_keeps_what_counts(void **state)
{
    eb_table_t table;

    (void)state;
    fill(&table);
    term.width = 10;
    assert_true(eb_table_print(&table, &term, 0));
    assert_shown("123 KB");
    eb_table_free(&table);
}

/* -- results --------------------------------------------------------------------------------- */

static void example_table(eb_partition_table_t *table, eb_boot_choice_t *boot)
{
    const eb_app_desc_t desc = {.present = true,
                                .project = "porch-light",
                                .version = "1.5.0",
                                .idf_version = "v5.5.1",
                                .build_date = "Nov 21 2026"};

    *table = (eb_partition_table_t){.present = true, .has_md5 = true, .addr = 0x8000, .count = 3};
    table->entries[0] =
        (eb_partition_t){.label = "nvs", .type = 1, .subtype = 2, .addr = 0x9000, .size = 0x6000};
    table->entries[1] = (eb_partition_t){.label = "ota_0",
                                         .subtype = 0x10,
                                         .addr = 0x10000,
                                         .size = 0x100000,
                                         .app = {.state = EB_IMAGE_VALID, .desc = desc}};
    table->entries[2] = (eb_partition_t){
        .label = "ota_1", .subtype = 0x11, .addr = 0x110000, .size = 0x100000, .encrypted = true};
    *boot = (eb_boot_choice_t){
        .index = 1, .chosen = 1, .on_trial = -1, .reason = EB_OTA_SEQUENCE, .sequence = 7};
}

static const eb_chip_info_t chip = {
    .id = "esp32",
    .name = "ESP32",
    .description = "ESP32-D0WD (revision v3.1)",
    .revision_major = 3,
    .revision_minor = 1,
    .features = {"Wi-Fi", "BT"},
    .feature_count = 2,
    .crystal_mhz = 40,
    .macs = {{"base", "24:0a:c4:12:34:56"}},
    .mac_count = 1,
    .security = {.flash_encryption = EB_NO, .secure_boot = EB_YES, .secure_boot_version = 2},
};

static eb_flash_contents_t contents;

static eb_backup_result_t *example_backup(void)
{
    eb_backup_result_t *result = calloc(1, sizeof(*result));

    assert_non_null(result);
    *result = (eb_backup_result_t){
        .verified = true,
        .image_path = "backups/esp32_backup_20261121_101500.bin",
        .sidecar_path = "backups/esp32_backup_20261121_101500_info.json",
        .size_bytes = 4194304,
        .created_utc = "2026-11-21T10:15:00Z",
        .sha256 = {0xab, 0xcd},
        .origins = {{[EB_ORIGIN_READ] = 1048576, [EB_ORIGIN_ERASED] = 3145728}},
        .stats = {.port = "/dev/ttyUSB0", .baud = 921600, .stub = true, .stub_version = "1.2.2"},
        .seconds = 16,
    };
    memset(&contents, 0, sizeof(contents));
    example_table(&contents.table, &contents.boot);
    return result;
}

static void backup_as_text(void **state)
{
    eb_backup_result_t *result = example_backup();

    (void)state;
    assert_true(eb_text_backup(&term, &chip, result, &contents));
    assert_shown("Image         backups/esp32_backup_20261121_101500.bin\n");
    assert_shown("ESP32-D0WD (revision v3.1), MAC 24:0a:c4:12:34:56\n");
    assert_shown("Size          4 MB\n");
    assert_shown("SHA-256       abcd000000");
    assert_shown("every byte, by an MD5 that the chip computes");
    assert_shown("1 MB read, 3 MB erased\n");
    assert_shown("16 s, 256.0 KB/s");
    assert_shown("/dev/ttyUSB0 at 921600 baud, stub 1.2.2\n");
    assert_shown("  *  ota_0");
    assert_shown("porch-light 1.5.0");
    assert_shown("ota_0 boots next, because the OTA data selects it (sequence 7)");
    assert_shown("encrypted");
    free(result);
}

static void hostile_names_are_shown_harmless(void **state)
{
    eb_backup_result_t *result = example_backup();

    (void)state;
    strcpy(contents.table.entries[1].app.desc.project, "x\033[2Jy\n");
    strcpy(contents.table.entries[0].label, "\377\377nvs");
    assert_true(eb_text_backup(&term, &chip, result, &contents));
    assert_shown("x?[2Jy?");
    assert_shown("??nvs");
    assert_null(strchr(shown(), '\033'));
    free(result);
}

static void list_as_text(void **state)
{
    eb_backup_entry_t entries[] = {
        {.name = "esp32_backup_20261121_101500.bin",
         .state = EB_BACKUP_CHECKED,
         .size_bytes = 4194304,
         .created_utc = "2026-11-21T10:15:00Z",
         .chip_name = "ESP32",
         .mac = "24:0a:c4:12:34:56",
         .has_app = true,
         .app_name = "porch-light",
         .app_version = "1.5.0"},
        {.name = "b.bin", .state = EB_BACKUP_BAD_SIDECAR, .detail = "chip.id: expected a text"},
        {.name = "c.bin.part", .state = EB_BACKUP_PARTIAL, .chip = "esp32", .partition = "nvs"},
        {.name = "d.bin", .state = EB_BACKUP_CHECKED, .has_app = true, .app_version = "2.0"},
        {.name = "e.bin", .state = EB_BACKUP_CHECKED, .has_app = true},
    };
    const eb_backup_list_t list = {.entries = entries, .count = 5};

    (void)state;
    setenv("TZ", "UTC", 1);
    assert_true(eb_text_list(&term, &list));
    assert_shown(
        "2026-11-21 10:15  ESP32  24:0a:c4:12:34:56     4 MB  porch-light 1.5.0  checked\n");
    assert_shown("INVALID SIDECAR\n");
    assert_shown("-                 esp32 ");
    assert_shown("partition nvs");
    assert_shown("unfinished\n");
    assert_shown(" unnamed 2.0 ");
    assert_shown(" unnamed  ");
    assert_shown("\nb.bin: chip.id: expected a text\n");
}

/* The name is what one types next: it is never cut. */
static void list_on_a_narrow_terminal(void **state)
{
    eb_backup_entry_t entry = {.name = "esp32c3_backup_20261121_101500.bin",
                               .size_bytes = 4194304,
                               .created_utc = "2026-11-21T10:15:00Z",
                               .chip_name = "ESP32-C3",
                               .mac = "24:0a:c4:12:34:56",
                               .has_app = true,
                               .app_name = "porch-light",
                               .app_version = "1.5.0",
                               .note = "before"};
    const eb_backup_list_t list = {.entries = &entry, .count = 1};

    (void)state;
    setenv("TZ", "UTC", 1);
    term.width = 80;
    assert_true(eb_text_list(&term, &list));
    assert_string_equal(shown(),
                        "esp32c3_backup_20261121_101500.bin  complete\n"
                        "  2026-11-21 10:15  ESP32-C3  24:0a:c4:12:34:56     4 MB  porch-light "
                        "1.5.0\n"
                        "  before\n");
}

static void partitions_drop_what_matters_least(void **state)
{
    eb_partition_table_t table;
    eb_boot_choice_t boot;

    (void)state;
    example_table(&table, &boot);
    term.width = 68;
    assert_true(eb_text_partitions(&term, &table, &boot, NULL));
    assert_shown("porch-light 1.5.0");
    assert_not_shown("Nov 21 2026");
    term.width = 120;
    assert_true(eb_text_partitions(&term, &table, &boot, NULL));
    assert_shown("Nov 21 2026");
}

/* -- JSON ------------------------------------------------------------------------------------ */

static char *json_text;

/* Printed and read again by the strict reader: what is there is JSON. To be freed. */
static eb_json_t *reread(eb_json_t *root)
{
    eb_json_t *again = NULL;

    json_text = eb_json_print(root);
    assert_non_null(json_text);
    assert_int_equal(eb_json_parse(json_text, strlen(json_text), &again, NULL), EB_OK);
    eb_json_free(root);
    free(json_text);
    return again;
}

static void assert_text_at(const eb_json_t *node, const char *key, const char *expected)
{
    const char *value = NULL;

    assert_int_equal(eb_json_get_text(node, key, &value, NULL), EB_OK);
    assert_string_equal(value, expected);
}

static void assert_int_at(const eb_json_t *node, const char *key, int64_t expected)
{
    int64_t value = -1;

    assert_int_equal(eb_json_get_int(node, key, 0, EB_JSON_INT_MAX, &value, NULL), EB_OK);
    assert_int_equal(value, expected);
}

static void backup_as_json(void **state)
{
    eb_backup_result_t *result = example_backup();
    eb_json_t *root = eb_json_new_object();
    const eb_json_t *node = NULL;
    bool verified = false;

    (void)state;
    eb_json_backup(root, result);
    eb_json_chip(root, &chip);
    eb_json_table(root, &contents.table, &contents.boot, NULL);
    eb_json_connection(root, &result->stats);
    root = reread(root);
    assert_int_equal(eb_json_get_bool(root, "verified", &verified, NULL), EB_OK);
    assert_true(verified);
    assert_text_at(root, "image", result->image_path);
    assert_text_at(root, "verified_by", "chip-md5");
    assert_int_at(root, "size_bytes", 4194304);
    assert_int_equal(eb_json_get_object(root, "origins", &node, NULL), EB_OK);
    assert_int_at(node, "read", 1048576);
    assert_int_at(node, "erased", 3145728);
    assert_int_equal(eb_json_get_object(root, "chip", &node, NULL), EB_OK);
    assert_text_at(node, "id", "esp32");
    assert_false(eb_json_has(node, "package"));
    assert_int_equal(eb_json_get_object(root, "security", &node, NULL), EB_OK);
    assert_int_at(node, "secure_boot_version", 2);
    assert_false(eb_json_has(node, "jtag_disabled")); /* not known is null, not false */
    assert_int_equal(eb_json_get_object(root, "partition_table", &node, NULL), EB_OK);
    assert_int_equal(eb_json_get_array(node, "partitions", &node, NULL), EB_OK);
    assert_int_equal(eb_json_count(node), 3);
    assert_text_at(eb_json_at(node, 0), "kind", "data/nvs");
    assert_int_at(eb_json_at(node, 2), "addr", 0x110000);
    assert_int_equal(eb_json_get_object(eb_json_at(node, 1), "app", &node, NULL), EB_OK);
    assert_int_equal(eb_json_get_object(node, "description", &node, NULL), EB_OK);
    assert_text_at(node, "name", "porch-light");
    assert_int_equal(eb_json_get_object(root, "boot", &node, NULL), EB_OK);
    assert_text_at(node, "partition", "ota_0");
    assert_int_at(node, "sequence", 7);
    eb_json_free(root);
    free(result);
}

static void failed_backup_as_json(void **state)
{
    eb_backup_result_t *result = calloc(1, sizeof(*result));
    eb_json_t *root = eb_json_new_object();
    bool verified = true;

    (void)state;
    assert_non_null(result);
    strcpy(result->part_path, "backups/x.bin.part");
    eb_json_backup(root, result);
    root = reread(root);
    assert_int_equal(eb_json_get_bool(root, "verified", &verified, NULL), EB_OK);
    assert_false(verified);
    assert_text_at(root, "part", "backups/x.bin.part");
    assert_false(eb_json_has(root, "image"));
    assert_false(eb_json_has(root, "sha256"));
    eb_json_free(root);
    free(result);
}

static void states_have_distinct_names(void **state)
{
    (void)state;
    for (int a = EB_BACKUP_COMPLETE; a <= EB_BACKUP_PARTIAL; a++) {
        assert_string_not_equal(eb_json_backup_state((eb_backup_state_t)a), "unknown");
        for (int b = a + 1; b <= EB_BACKUP_PARTIAL; b++) {
            assert_string_not_equal(eb_json_backup_state((eb_backup_state_t)a),
                                    eb_json_backup_state((eb_backup_state_t)b));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_bytes_never_reach_the_terminal),
        cmocka_unit_test(columns_not_bytes_are_counted),
        SCREEN_TEST(a_long_value_goes_on_below_itself),
        SCREEN_TEST(table_is_aligned),
        SCREEN_TEST(table_fits_the_terminal),
        SCREEN_TEST(table_without_room_keeps_what_counts),
        SCREEN_TEST(backup_as_text),
        SCREEN_TEST(hostile_names_are_shown_harmless),
        SCREEN_TEST(list_as_text),
        SCREEN_TEST(list_on_a_narrow_terminal),
        SCREEN_TEST(partitions_drop_what_matters_least),
        cmocka_unit_test(backup_as_json),
        cmocka_unit_test(failed_backup_as_json),
        cmocka_unit_test(states_have_distinct_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
