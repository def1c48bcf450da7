/* Pages are made here, entry by entry; what Espressif's generator makes is read in nvs-all.bin. */
#include "bytes.h"
#include "format_vectors.h"
#include "nvs.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define ENTRY  32u
#define ACTIVE 0xFFFFFFFEu
#define FULL   0xFFFFFFFCu
#define FREED  0xFFFFFFF8u

static uint8_t flash[4 * EB_NVS_PAGE_BYTES];
static uint32_t used[4]; /* entries of each page */
static eb_nvs_t nvs;

static uint32_t crc(uint32_t start, const uint8_t *bytes, size_t len)
{
    return (uint32_t)crc32(start, bytes, (uInt)len);
}

static uint8_t *page_at(unsigned page)
{
    return flash + page * EB_NVS_PAGE_BYTES;
}

static void begin_page(unsigned page, uint32_t state, uint32_t sequence)
{
    uint8_t *p = page_at(page);

    memset(p, 0xFF, EB_NVS_PAGE_BYTES);
    eb_put_le32(p, state);
    eb_put_le32(p + 4, sequence);
    p[8] = 0xFE;
    eb_put_le32(p + 28, crc(UINT32_MAX, p + 4, 24));
    used[page] = 0;
}

static void erase_flash(void)
{
    memset(flash, 0xFF, sizeof(flash));
}

static void set_state(unsigned page, uint32_t index, unsigned state)
{
    uint8_t *p = page_at(page) + 32 + index / 4;

    *p = (uint8_t)((*p & ~(3u << (index % 4 * 2))) | (state << (index % 4 * 2)));
}

static uint8_t *entry_at(unsigned page, uint32_t index)
{
    return page_at(page) + 64 + index * ENTRY;
}

static void seal(uint8_t *p)
{
    eb_put_le32(p + 4, crc(crc(UINT32_MAX, p, 4), p + 8, 24));
}

/* Index of the entry. */
static uint32_t add(unsigned page, uint8_t ns, uint8_t type, const char *key, uint8_t chunk,
                    const void *value, size_t len)
{
    const uint32_t index = used[page];
    uint8_t *p = entry_at(page, index);
    bool has_data = type == EB_NVS_STRING || type == EB_NVS_BLOB_1 || type == EB_NVS_CHUNK;

    p[0] = ns;
    p[1] = type;
    p[2] = (uint8_t)(1 + (has_data ? (len + ENTRY - 1) / ENTRY : 0));
    p[3] = chunk;
    strncpy((char *)p + 8, key, 16);
    if (has_data) {
        eb_put_le16(p + 24, (uint16_t)len);
        eb_put_le32(p + 28, crc(UINT32_MAX, value, len));
        memcpy(p + ENTRY, value, len);
    } else {
        memcpy(p + 24, value, len);
    }
    seal(p);
    for (uint32_t i = 0; i < p[2]; i++) {
        set_state(page, index + i, 2);
    }
    used[page] += p[2];
    return index;
}

static uint32_t add_u8(unsigned page, uint8_t ns, const char *key, uint8_t value)
{
    return add(page, ns, EB_NVS_U8, key, 0xFF, &value, 1);
}

static uint32_t add_index(unsigned page, const char *key, uint32_t size, uint8_t count,
                          uint8_t first)
{
    uint8_t value[8] = {0};

    eb_put_le32(value, size);
    value[4] = count;
    value[5] = first;
    return add(page, 1, EB_NVS_BLOB, key, 0xFF, value, sizeof(value));
}

static void erase_entry(unsigned page, uint32_t index)
{
    const uint32_t span = entry_at(page, index)[2];

    for (uint32_t i = 0; i < span; i++) {
        set_state(page, index + i, 0);
    }
}

static void parse(void)
{
    eb_nvs_free(&nvs);
    assert_true(eb_nvs_parse(flash, sizeof(flash), &nvs));
}

static const eb_nvs_item_t *item_of(const char *key)
{
    for (size_t i = 0; i < nvs.count; i++) {
        if (strcmp(nvs.items[i].key, key) == 0) {
            return &nvs.items[i];
        }
    }
    return NULL;
}

static int begin(void **state)
{
    (void)state;
    erase_flash();
    begin_page(0, ACTIVE, 0);
    (void)add_u8(0, 0, "light", 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    eb_nvs_free(&nvs);
    return 0;
}

static void test_nothing(void **state)
{
    (void)state;
    erase_flash();
    parse();
    assert_int_equal(nvs.state, EB_NVS_ERASED);
    memset(flash, 0x5A, sizeof(flash));
    parse();
    assert_int_equal(nvs.state, EB_NVS_NONE);
    assert_int_equal(nvs.pages[EB_NVS_PAGE_DAMAGED], 4);
    eb_nvs_free(&nvs);
    assert_true(eb_nvs_parse(flash, 0, &nvs));
    eb_nvs_free(&nvs);
    assert_true(eb_nvs_parse(flash, EB_NVS_PAGE_BYTES - 1, &nvs));
    assert_int_equal(nvs.count, 0);
}

static void test_numbers(void **state)
{
    static const struct {
        uint8_t type;
        uint8_t bytes[8];
        const char *text, *word;
    } rows[] = {
        {EB_NVS_U8, {0xFF}, "255", "u8"},
        {EB_NVS_I8, {0x80}, "-128", "i8"},
        {EB_NVS_U16, {0xFF, 0xFF}, "65535", "u16"},
        {EB_NVS_I16, {0, 0x80}, "-32768", "i16"},
        {EB_NVS_U32, {0xFF, 0xFF, 0xFF, 0xFF}, "4294967295", "u32"},
        {EB_NVS_I32, {0, 0, 0, 0x80}, "-2147483648", "i32"},
        {EB_NVS_U64, {255, 255, 255, 255, 255, 255, 255, 255}, "18446744073709551615", "u64"},
        {EB_NVS_I64, {0, 0, 0, 0, 0, 0, 0, 0x80}, "-9223372036854775808", "i64"},
    };
    char text[EB_NVS_NUMBER_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)add(0, 1, rows[i].type, rows[i].word, 0xFF, rows[i].bytes, rows[i].type & 0xFu);
    }
    parse();
    assert_int_equal(nvs.state, EB_NVS_READ);
    assert_int_equal(nvs.version, 2);
    assert_int_equal(nvs.count, 8);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const eb_nvs_item_t *item = item_of(rows[i].word);
        assert_non_null(item);
        eb_nvs_number_text(item, text);
        assert_string_equal(text, rows[i].text);
        assert_string_equal(eb_nvs_type_word(item->type), rows[i].word);
        assert_string_equal(eb_nvs_namespace(&nvs, item, text), "light");
    }
}

static void test_rewritten_and_deleted(void **state)
{
    (void)state;
    erase_entry(0, add_u8(0, 1, "level", 1));
    erase_entry(0, add_u8(0, 1, "level", 2));
    (void)add_u8(0, 1, "level", 3);
    erase_entry(0, add(0, 1, EB_NVS_STRING, "gone", 0xFF, "some text that is gone by now", 30));
    parse();
    assert_int_equal(nvs.rewritten, 2);
    assert_int_equal(nvs.deleted, 1);
    assert_int_equal(nvs.erased, 4);
    assert_int_equal(nvs.written, 2);
    assert_int_equal(nvs.empty, 4 * 126 - 3 * 126 - 6);
    assert_int_equal(nvs.count, 1);
    assert_int_equal(nvs.items[0].number, 3);
}

/* The power went before the old value was erased; its page comes later in the flash. */
static void test_newest_page_wins(void **state)
{
    (void)state;
    begin_page(1, FREED, 8);
    begin_page(2, FULL, 7);
    begin_page(0, ACTIVE, 9);
    (void)add_u8(2, 0, "light", 1);
    (void)add_u8(1, 1, "level", 2);
    (void)add_u8(0, 1, "level", 3);
    (void)add_u8(2, 1, "level", 1);
    parse();
    assert_int_equal(nvs.count, 1);
    assert_int_equal(nvs.items[0].number, 3);
    assert_int_equal(nvs.rewritten, 2);
    assert_int_equal(nvs.pages[EB_NVS_PAGE_FREEING], 1);
    assert_int_equal(nvs.pages[EB_NVS_PAGE_FULL], 1);
    assert_int_equal(nvs.pages[EB_NVS_PAGE_ERASED], 1);
}

static void test_blob_of_chunks(void **state)
{
    uint8_t bytes[300], out[300];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    erase_entry(0, add(0, 1, EB_NVS_CHUNK, "cal", 0, "old", 3));
    erase_entry(0, add_index(0, "cal", 3, 1, 0));
    begin_page(1, ACTIVE, 1);
    (void)add(1, 1, EB_NVS_CHUNK, "cal", 0x81, bytes + 200, 100);
    (void)add(0, 1, EB_NVS_CHUNK, "cal", 0x80, bytes, 200);
    (void)add(1, 1, EB_NVS_CHUNK, "cal", 0, "stale", 5);
    (void)add_index(1, "cal", 300, 2, 0x80);
    parse();
    assert_int_equal(nvs.count, 1);
    assert_false(nvs.items[0].damaged);
    assert_int_equal(nvs.items[0].size, 300);
    assert_int_equal(nvs.items[0].chunks, 2);
    assert_int_equal(nvs.orphans, 1);
    assert_int_equal(nvs.rewritten, 1);
    eb_nvs_data(&nvs, flash, &nvs.items[0], out);
    assert_memory_equal(out, bytes, 300);
}

static void test_damage(void **state)
{
    uint32_t text = add(0, 1, EB_NVS_STRING, "text", 0xFF, "bright", 7);
    uint32_t number = add_u8(0, 1, "number", 7);

    (void)state;
    (void)add_index(0, "blob", 10, 1, 0);
    (void)add(0, 2, EB_NVS_BLOB_1, "old", 0xFF, "0123456789", 10);
    entry_at(0, text)[ENTRY] ^= 1;
    entry_at(0, number)[24] ^= 1;
    parse();
    assert_int_equal(nvs.invalid, 1);
    assert_true(item_of("text")->damaged);
    assert_true(item_of("blob")->damaged);
    assert_null(item_of("number"));
    assert_false(item_of("old")->damaged);
    char name[EB_NVS_NUMBER_BYTES];
    assert_string_equal(eb_nvs_namespace(&nvs, item_of("old"), name), "#2");
    page_at(0)[28] ^= 1;
    parse();
    assert_int_equal(nvs.state, EB_NVS_NONE);
}

static void test_data_of_erased_entries(void **state)
{
    uint32_t text = add(0, 1, EB_NVS_STRING, "text", 0xFF, "bright", 7);

    (void)state;
    set_state(0, text + 1, 0);
    parse();
    assert_true(item_of("text")->damaged);
}

static void test_opaque(void **state)
{
    (void)state;
    (void)add_u8(0, 1, "level", 1);
    for (uint32_t i = 0; i < 2; i++) {
        memset(entry_at(0, i), 0xA7, ENTRY);
    }
    parse();
    assert_int_equal(nvs.state, EB_NVS_OPAQUE);
    assert_int_equal(nvs.count, 0);
}

static void test_secrets(void **state)
{
    (void)state;
    (void)add(0, 1, EB_NVS_STRING, "ssid", 0xFF, "porch", 6);
    (void)add(0, 1, EB_NVS_STRING, "wifiPassword", 0xFF, "porch", 6);
    (void)add(0, 1, EB_NVS_STRING, "ca", 0xFF, "-----BEGIN CERTIFICATE-----", 28);
    (void)add(0, 1, EB_NVS_BLOB_1, "b", 0xFF, "porch", 6);
    (void)add_u8(0, 1, "pin-code", 1);
    (void)add_u8(0, 1, "level", 1);
    parse();
    assert_false(eb_nvs_is_secret(flash, item_of("ssid")));
    assert_true(eb_nvs_is_secret(flash, item_of("wifiPassword")));
    assert_true(eb_nvs_is_secret(flash, item_of("ca")));
    assert_true(eb_nvs_is_secret(flash, item_of("b")));
    assert_true(eb_nvs_is_secret(flash, item_of("pin-code")));
    assert_false(eb_nvs_is_secret(flash, item_of("level")));
}

static void test_generator(void **state)
{
    FILE *file = fopen(EB_TEST_BUILD_DATA_DIR "/parts/nvs-all.bin", "rb");
    uint8_t *bytes = malloc(0x10000);

    (void)state;
    assert_non_null(file);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, 0x10000, file), 0x10000);
    fclose(file);
    assert_true(eb_nvs_parse(bytes, 0x10000, &nvs));
    assert_int_equal(nvs.count, 8 + 7 + 390);
    assert_int_equal(nvs.namespaces, 3);
    assert_int_equal(nvs.invalid + nvs.orphans + nvs.rewritten + nvs.deleted, 0);
    for (size_t i = 0; i < nvs.count; i++) {
        assert_false(nvs.items[i].damaged);
    }
    assert_int_equal(item_of("blob_larger")->size, 9001);
    assert_true(item_of("blob_larger")->chunks >= 3);
    assert_int_equal(item_of("key299")->number, 299 * 299);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_numbers, begin, end),
        cmocka_unit_test_setup_teardown(test_rewritten_and_deleted, begin, end),
        cmocka_unit_test_setup_teardown(test_newest_page_wins, begin, end),
        cmocka_unit_test_setup_teardown(test_blob_of_chunks, begin, end),
        cmocka_unit_test_setup_teardown(test_damage, begin, end),
        cmocka_unit_test_setup_teardown(test_data_of_erased_entries, begin, end),
        cmocka_unit_test_setup_teardown(test_opaque, begin, end),
        cmocka_unit_test_setup_teardown(test_secrets, begin, end),
        cmocka_unit_test_setup_teardown(test_generator, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
