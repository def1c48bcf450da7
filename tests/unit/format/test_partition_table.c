#include "bytes.h"
#include "digest.h"
#include "format_vectors.h"
#include "partition_table.h"

#define MB (1024u * 1024u)

/* A table under construction. */
typedef struct builder {
    uint8_t bytes[EB_PARTITION_TABLE_BYTES];
    size_t used;
} builder_t;

static void begin(builder_t *b)
{
    memset(b->bytes, 0xFF, sizeof(b->bytes));
    b->used = 0;
}

static void add(builder_t *b, const char *label, uint8_t type, uint8_t subtype, uint32_t addr,
                uint32_t size)
{
    uint8_t *p = b->bytes + b->used;

    memset(p, 0, 32);
    p[0] = 0xAA;
    p[1] = 0x50;
    p[2] = type;
    p[3] = subtype;
    eb_put_le32(p + 4, addr);
    eb_put_le32(p + 8, size);
    memcpy(p + 12, label, strnlen(label, 16));
    b->used += 32;
}

static void add_md5(builder_t *b)
{
    uint8_t *p = b->bytes + b->used;

    p[0] = p[1] = 0xEB;
    eb_md5(b->bytes, b->used, p + 16);
    b->used += 32;
}

static eb_partition_table_t table;
static eb_err_t err;

static eb_code_t parse(const builder_t *b, uint64_t flash_size)
{
    memset(&table, 0xA5, sizeof(table));
    return eb_partition_table_parse(b->bytes, sizeof(b->bytes), 0x8000, flash_size, &table, &err);
}

/* What was read stays, but it is not a table. */
static void assert_bad(const builder_t *b, uint64_t flash_size, const char *words)
{
    assert_int_equal(parse(b, flash_size), EB_ERR_IMAGE_INVALID);
    assert_false(table.present);
    assert_message_has(err, words);
}

static void reads_the_table_of_another_tool(void **state)
{
    size_t len;
    uint8_t *bytes = load_vector("table.bin", &len);

    (void)state;
    assert_int_equal(len, EB_PARTITION_TABLE_BYTES);
    assert_int_equal(eb_partition_table_parse(bytes, len, 0x8000, 4 * MB, &table, &err), EB_OK);
    assert_true(table.present);
    assert_true(table.has_md5);
    assert_int_equal(table.addr, 0x8000);
    assert_int_equal(table.count, 6);
    assert_string_equal(table.entries[2].label, "app0");
    assert_int_equal(table.entries[2].type, 0);
    assert_int_equal(table.entries[2].subtype, 0x10);
    assert_int_equal(table.entries[2].addr, 0x10000);
    assert_int_equal(table.entries[2].size, 0x140000);
    assert_false(table.entries[2].encrypted);
    assert_string_equal(table.entries[5].label, "secret");
    assert_int_equal(table.entries[5].type, 0x40);
    assert_true(table.entries[5].encrypted);
    assert_false(table.entries[5].readonly);
    assert_int_equal(table.entries[5].app.state, EB_IMAGE_NONE);
    free(bytes);
}

/* Each bit of the entries is under the MD5, and each bit of the MD5 counts. */
static void any_flipped_bit_is_found(void **state)
{
    size_t len;
    uint8_t *bytes = load_vector("table.bin", &len);

    (void)state;
    for (size_t bit = 16; bit < 7 * 32 * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bit / 8 < 6 * 32 + 2 || bit / 8 >= 6 * 32 + 16) {
            assert_int_equal(eb_partition_table_parse(bytes, len, 0x8000, 0, &table, &err),
                             EB_ERR_IMAGE_INVALID);
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(bytes);
}

static void a_table_without_md5_is_a_table(void **state)
{
    builder_t b;

    (void)state;
    begin(&b);
    add(&b, "nvs", 1, 2, 0x9000, 0x6000);
    assert_int_equal(parse(&b, 4 * MB), EB_OK);
    assert_true(table.present);
    assert_false(table.has_md5);
    assert_int_equal(table.count, 1);
}

static void what_is_no_table_is_no_error(void **state)
{
    builder_t b;

    (void)state;
    begin(&b);
    assert_int_equal(parse(&b, 4 * MB), EB_OK); /* erased */
    assert_false(table.present);
    memset(b.bytes, 0x5A, sizeof(b.bytes)); /* encrypted, or other data */
    assert_int_equal(parse(&b, 4 * MB), EB_OK);
    assert_false(table.present);
    assert_int_equal(table.count, 0);
    assert_int_equal(eb_partition_table_parse(b.bytes, 0, 0x8000, 0, &table, &err), EB_OK);
    assert_false(table.present);
}

static void labels_are_sixteen_bytes_and_clean(void **state)
{
    builder_t b;

    (void)state;
    begin(&b);
    add(&b, "sixteen_bytes_xy", 1, 2, 0x9000, 0x1000);
    add(&b, "a\033[2Jb\x7F", 1, 2, 0xA000, 0x1000);
    add(&b, "caf\xC3\xA9\xFF", 1, 2, 0xB000, 0x1000);
    add_md5(&b);
    assert_int_equal(parse(&b, 4 * MB), EB_OK);
    assert_string_equal(table.entries[0].label, "sixteen_bytes_xy");
    assert_string_equal(table.entries[1].label, "a?[2Jb?");
    assert_string_equal(table.entries[2].label, "caf\xC3\xA9?");
}

static void a_full_table_fits_and_one_more_does_not(void **state)
{
    builder_t b;

    (void)state;
    begin(&b);
    for (uint32_t i = 0; i < EB_PARTITIONS_MAX; i++) {
        add(&b, "x", 1, 6, 0x9000 + i * 0x1000, 0x1000);
    }
    assert_int_equal(parse(&b, 4 * MB), EB_OK);
    add_md5(&b);
    assert_int_equal(b.used, EB_PARTITION_TABLE_BYTES);
    assert_int_equal(parse(&b, 4 * MB), EB_OK);
    assert_true(table.has_md5);
    assert_int_equal(table.count, EB_PARTITIONS_MAX);
    b.used -= 32;
    add(&b, "y", 1, 6, 0x300000, 0x1000);
    assert_bad(&b, 4 * MB, "entry 95: more than 95 partitions");
}

static void assert_fault(size_t index, eb_entry_fault_t fault, const char *words)
{
    char text[EB_FAULT_TEXT_BYTES];

    assert_int_equal(table.entries[index].fault, fault);
    eb_partition_fault_text(&table, index, text, sizeof(text));
    if (strstr(text, words) == NULL) {
        fail_msg("'%s' is not in: %s", words, text);
    }
}

/* The rest of the table is used, in its order; what has no range goes behind it. */
static void an_odd_entry_is_named_and_the_rest_is_used(void **state)
{
    static const struct {
        uint8_t type;
        uint32_t addr, size;
        eb_entry_fault_t fault;
        const char *words;
    } rows[] = {
        {1, 0x20000, 0, EB_ENTRY_EMPTY, "\"two\" at 0x20000 has size 0"},
        {0, 0x20800, 0x1000, EB_ENTRY_MISALIGNED,
         "\"two\" at 0x20800 is not at a multiple of 0x1000"},
        {1, 0x20002, 0x1000, EB_ENTRY_MISALIGNED, "is not at a multiple of 0x4"},
        {1, 0x3F0000, 0x10001, EB_ENTRY_BEYOND,
         "\"two\" at 0x3f0000 reaches beyond the flash: its size is 0x10001"},
        {1, 0xFFFFF000, 0x1001, EB_ENTRY_BEYOND, "beyond the flash"},
        {1, 0x4, 0xFFFFFFFF, EB_ENTRY_BEYOND, "beyond the flash"},
        {1, 0x11000, 0x1000, EB_ENTRY_OVERLAPS,
         "\"two\" at 0x11000 overlaps \"one\" at 0x10000, size 0x2000"},
        {1, 0xF000, 0x1001, EB_ENTRY_OVERLAPS, "overlaps \"one\""},
        {1, 0x11FFC, 0x1000, EB_ENTRY_OVERLAPS, "overlaps \"one\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool is_usable = rows[i].fault == EB_ENTRY_MISALIGNED || rows[i].fault == EB_ENTRY_OVERLAPS;
        builder_t b;

        begin(&b);
        add(&b, "one", 0, 0, 0x10000, 0x2000);
        add(&b, "two", rows[i].type, 6, rows[i].addr, rows[i].size);
        add(&b, "three", 1, 6, 0x100000, 0x1000);
        add_md5(&b);
        assert_int_equal(parse(&b, 4 * MB), EB_OK);
        assert_true(table.present && !table.damaged && table.has_md5);
        assert_int_equal(table.count, is_usable ? 3 : 2);
        assert_int_equal(table.unusable, is_usable ? 0 : 1);
        assert_fault(is_usable ? 1 : 2, rows[i].fault, rows[i].words);
        assert_string_equal(table.entries[is_usable ? 2 : 1].label, "three");
        assert_int_equal(table.entries[is_usable ? 2 : 1].fault, EB_ENTRY_SOUND);
        /* Whoever writes one of two that overlap writes the other too. */
        assert_int_equal(table.entries[0].fault,
                         rows[i].fault == EB_ENTRY_OVERLAPS ? EB_ENTRY_OVERLAPS : EB_ENTRY_SOUND);
    }
}

static void several_that_cannot_be_used_keep_their_order(void **state)
{
    static const char *const labels[] = {"b", "d", "f", "a", "c", "e"};
    builder_t b;

    (void)state;
    begin(&b);
    add(&b, "a", 1, 6, 0x400000, 0x1000);
    add(&b, "b", 1, 6, 0x20000, 0x1000);
    add(&b, "c", 1, 6, 0x21000, 0);
    add(&b, "d", 1, 6, 0x22000, 0x1000);
    add(&b, "e", 1, 6, 0x3FF000, 0x2000);
    add(&b, "f", 1, 6, 0x23000, 0x1000);
    assert_int_equal(parse(&b, 4 * MB), EB_OK);
    assert_int_equal(table.count, 3);
    assert_int_equal(table.unusable, 3);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(table.entries[i].label, labels[i]);
    }
}

/* Nothing of it can be used, and a wrong MD5 is no odd entry. */
static void a_table_of_nothing_else_is_damaged(void **state)
{
    builder_t b;

    (void)state;
    begin(&b);
    add(&b, "one", 1, 6, 0x400000, 0x1000);
    add_md5(&b);
    assert_bad(&b, 4 * MB, "no entry can be used: \"one\" at 0x400000 reaches beyond the flash");
    begin(&b);
    add(&b, "one", 1, 6, 0x20000, 0x1000);
    add(&b, "two", 1, 6, 0x400000, 0x1000);
    add_md5(&b);
    b.bytes[12] ^= 1;
    assert_bad(&b, 4 * MB, "MD5");
}

/* As the SDK of the chip that maps all its flash lays out 1 MB, its table at 0x5000. */
static void apps_begin_with_any_sector(void **state)
{
    builder_t b;

    (void)state;
    begin(&b);
    add(&b, "ota_0", 0, 0x10, 0x7000, 0x77000);
    add(&b, "ota_1", 0, 0x11, 0x85000, 0x77000);
    assert_int_equal(parse(&b, 1 * MB), EB_OK);
    assert_int_equal(table.count, 2);
}

/* As Sming writes it: an entry for the flash itself, the end as one of other devices has it. */
static void the_flash_itself_is_no_partition(void **state)
{
    builder_t b;

    (void)state;
    begin(&b);
    add(&b, "spiFlash", 2, 1, 0, 4 * MB);
    add(&b, "rom0", 0, 0, 0x2000, 0xF8000);
    add(&b, "rf_cal", 1, 0x41, 0x3FB000, 0x1000);
    add_md5(&b);
    add(&b, "SMING EXTENSIONS", 0xFF, 0xFF, 0, 0);
    memset(b.bytes + b.used - 32, 0xFF, 2);
    assert_int_equal(
        eb_partition_table_parse(b.bytes, sizeof(b.bytes), 0x3FA000, 4 * MB, &table, &err), EB_OK);
    assert_true(table.has_md5);
    assert_int_equal(table.count, 2);
    assert_string_equal(table.entries[0].label, "rom0");
    assert_int_equal(eb_partition_bootloader_end(&table, 0), 0x2000);
    /* A bootloader's entry ends before the table. */
    begin(&b);
    add(&b, "boot", 2, 0, 0, 0x8000);
    assert_int_equal(parse(&b, 4 * MB), EB_OK);
    assert_int_equal(table.count, 1);
}

static void the_bootloader_ends_at_the_table_or_before(void **state)
{
    builder_t b;

    (void)state;
    begin(&b);
    add(&b, "nvs", 1, 2, 0x9000, 0x1000);
    assert_int_equal(parse(&b, 4 * MB), EB_OK);
    assert_int_equal(eb_partition_bootloader_end(&table, 0x1000), 0x8000);
    begin(&b);
    assert_int_equal(parse(&b, 4 * MB), EB_OK);
    assert_int_equal(eb_partition_bootloader_end(&table, 0), 0x8000);
}

static void touching_partitions_do_not_overlap(void **state)
{
    builder_t b;

    (void)state;
    begin(&b);
    add(&b, "mid", 1, 6, 0x20000, 0x1000);
    add(&b, "after", 1, 6, 0x21000, 0x1000);
    add(&b, "before", 1, 6, 0x1F000, 0x1000);
    add(&b, "last", 1, 6, 0x3FF000, 0x1000); /* ends with the flash */
    assert_int_equal(parse(&b, 4 * MB), EB_OK);
    assert_int_equal(table.count, 4);
}

static void without_a_flash_size_only_4_gib_bound(void **state)
{
    builder_t b;

    (void)state;
    begin(&b);
    add(&b, "far", 1, 6, 0xFFFFF000, 0x1000);
    assert_int_equal(parse(&b, 0), EB_OK);
    assert_true(table.present);
    assert_int_equal(eb_partition_next(&table, 0xFFFFFFFF), 0);
}

static void the_end_must_be_an_end(void **state)
{
    builder_t b;

    (void)state;
    begin(&b);
    add(&b, "one", 1, 6, 0x20000, 0x1000);
    b.bytes[32] = 0x12;
    b.bytes[33] = 0x34;
    assert_bad(&b, 0, "entry 1: magic is 0x3412");

    begin(&b);
    add(&b, "one", 1, 6, 0x20000, 0x1000);
    add_md5(&b);
    add(&b, "two", 1, 6, 0x30000, 0x1000); /* would not be under the MD5 */
    assert_bad(&b, 0, "entry 2: magic 0x50aa behind the MD5 entry");

    begin(&b);
    add(&b, "one", 1, 6, 0x20000, 0x1000);
    assert_int_equal(eb_partition_table_parse(b.bytes, 32, 0x8000, 0, &table, &err),
                     EB_ERR_IMAGE_INVALID);
    assert_message_has(err, "no end within the 32 bytes");
    assert_int_equal(eb_partition_table_parse(b.bytes, 36, 0x8000, 0, &table, &err),
                     EB_ERR_IMAGE_INVALID);
}

static void partitions_are_found(void **state)
{
    size_t len;
    uint8_t *bytes = load_vector("table.bin", &len);

    (void)state;
    assert_int_equal(eb_partition_table_parse(bytes, len, 0x8000, 4 * MB, &table, NULL), EB_OK);
    assert_int_equal(eb_partition_next(&table, 0), 0);
    assert_int_equal(eb_partition_next(&table, 0xDFFF), 0);
    assert_int_equal(eb_partition_next(&table, 0xE000), 1);
    assert_int_equal(eb_partition_next(&table, 4 * MB), -1);
    assert_int_equal(eb_partition_of_type(&table, 1, 0), 1);
    assert_int_equal(eb_partition_of_type(&table, 1, 3), -1);
    free(bytes);
}

static void types_have_names(void **state)
{
    static const struct {
        uint8_t type, subtype;
        const char *text;
    } rows[] = {
        {0, 0x00, "app/factory"},
        {0, 0x10, "app/ota_0"},
        {0, 0x1F, "app/ota_15"},
        {0, 0x20, "app/test"},
        {0, 0x30, "app/tee_0"},
        {0, 0x31, "app/tee_1"},
        {0, 0x32, "app/0x32"},
        {0, 0x0F, "app/0x0f"},
        {1, 0x00, "data/ota"},
        {1, 0x01, "data/phy"},
        {1, 0x02, "data/nvs"},
        {1, 0x03, "data/coredump"},
        {1, 0x04, "data/nvs_keys"},
        {1, 0x05, "data/efuse"},
        {1, 0x06, "data/undefined"},
        {1, 0x80, "data/esphttpd"},
        {1, 0x81, "data/fat"},
        {1, 0x82, "data/spiffs"},
        {1, 0x83, "data/littlefs"},
        {1, 0x90, "data/tee_ota"},
        {1, 0x99, "data/0x99"},
        {2, 0x00, "bootloader/primary"},
        {2, 0x01, "bootloader/ota"},
        {2, 0x02, "bootloader/recovery"},
        {3, 0x00, "partition_table/primary"},
        {3, 0x01, "partition_table/ota"},
        {0x40, 0x05, "0x40/0x05"},
        {0xFF, 0xFF, "0xff/0xff"},
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        eb_partition_type_text(rows[i].type, rows[i].subtype, text, sizeof(text));
        assert_string_equal(text, rows[i].text);
    }
    eb_partition_type_text(0, 0, text, 5); /* cut, but ended */
    assert_string_equal(text, "app/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_table_of_another_tool),
        cmocka_unit_test(any_flipped_bit_is_found),
        cmocka_unit_test(a_table_without_md5_is_a_table),
        cmocka_unit_test(what_is_no_table_is_no_error),
        cmocka_unit_test(labels_are_sixteen_bytes_and_clean),
        cmocka_unit_test(a_full_table_fits_and_one_more_does_not),
        cmocka_unit_test(an_odd_entry_is_named_and_the_rest_is_used),
        cmocka_unit_test(several_that_cannot_be_used_keep_their_order),
        cmocka_unit_test(a_table_of_nothing_else_is_damaged),
        cmocka_unit_test(apps_begin_with_any_sector),
        cmocka_unit_test(the_flash_itself_is_no_partition),
        cmocka_unit_test(the_bootloader_ends_at_the_table_or_before),
        cmocka_unit_test(touching_partitions_do_not_overlap),
        cmocka_unit_test(without_a_flash_size_only_4_gib_bound),
        cmocka_unit_test(the_end_must_be_an_end),
        cmocka_unit_test(partitions_are_found),
        cmocka_unit_test(types_have_names),
    };

    return cmocka_run_group_tests_name("partition_table", tests, NULL, NULL);
}
