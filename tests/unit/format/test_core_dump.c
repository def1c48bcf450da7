#include "bytes.h"
#include "core_dump.h"
#include "format_vectors.h"

#include <zlib.h>

#define ELF_AT 24u

static uint8_t dump[1024];
static uint32_t dump_len;
static eb_core_dump_t found;

static uint32_t put_note(uint32_t at, const char *name, uint32_t type, const void *desc,
                         uint32_t len)
{
    const uint32_t name_len = (uint32_t)strlen(name) + 1;

    eb_put_le32(dump + at, name_len);
    eb_put_le32(dump + at + 4, len);
    eb_put_le32(dump + at + 8, type);
    memcpy(dump + at + 12, name, name_len);
    at += 12 + (name_len + 3) / 4 * 4;
    memcpy(dump + at, desc, len);
    return at + (len + 3) / 4 * 4;
}

static void seal_crc(void)
{
    eb_put_le32(dump, dump_len);
    eb_put_le32(dump + dump_len - 4, (uint32_t)crc32(0, dump, dump_len - 4));
}

/* Version 1.2 of an ESP32-C3: two tasks, the app's hash, the task that crashed, the reason. */
static int make_elf(void **state)
{
    static const uint8_t magic[] = {0x7F, 'E', 'L', 'F', 1, 1};
    uint8_t task[16] = {0}, app[69] = {2, 1, 5, 0, 'c', '0', 'f', 'f', 'e', 'e', '1', '2', '3'};
    uint8_t crashed[8] = {0x30, 0xEC, 0xC8, 0x3F};
    uint8_t *elf = dump + ELF_AT, *segment = elf + 52;

    (void)state;
    memset(dump, 0, sizeof(dump));
    eb_put_le32(dump + 4, 0x00050102);
    memcpy(elf, magic, sizeof(magic));
    eb_put_le32(elf + 28, 52);
    eb_put_le16(elf + 42, 32);
    eb_put_le16(elf + 44, 1);
    const uint32_t start = ELF_AT + 52 + 32;
    uint32_t at = put_note(start, "CORE", 1, task, sizeof(task));
    at = put_note(at, "CORE", 1, task, sizeof(task));
    at = put_note(at, "ESP_CORE_DUMP_INFO", 8266, app, sizeof(app));
    at = put_note(at, "ESP_EXTRA_INFO", 677, crashed, sizeof(crashed));
    at = put_note(at, "ESP_PANIC_DETAILS", 679, "abort() was called\n", 19);
    eb_put_le32(segment, 4);
    eb_put_le32(segment + 4, start - ELF_AT);
    eb_put_le32(segment + 16, at - start);
    dump_len = at + 4;
    seal_crc();
    return 0;
}

static void parse(void)
{
    eb_core_dump_parse(dump, sizeof(dump), &found);
}

static void test_elf(void **state)
{
    (void)state;
    assert_int_equal(eb_core_dump_size(dump, sizeof(dump)), dump_len);
    assert_int_equal(eb_core_dump_size(dump, dump_len - 1), 0);
    parse();
    assert_int_equal(found.state, EB_CORE_DUMP_WHOLE);
    assert_int_equal(found.version, 0x0102);
    assert_int_equal(found.chip_id, 5);
    assert_true(found.is_elf);
    assert_int_equal(found.tasks, 2);
    assert_true(found.has_crashed);
    assert_int_equal(found.crashed_task, 0x3FC8EC30);
    assert_string_equal(found.elf_sha256, "c0ffee123");
    assert_string_equal(found.reason, "abort() was called?");
}

static void test_damaged(void **state)
{
    (void)state;
    dump[dump_len - 10] ^= 1;
    parse();
    assert_int_equal(found.state, EB_CORE_DUMP_DAMAGED);
    assert_int_equal(found.tasks, 2);
    dump[dump_len - 10] ^= 1;
    eb_put_le32(dump + ELF_AT + 52 + 16, 0x7FFFFFFF); /* notes beyond the end */
    seal_crc();
    parse();
    assert_int_equal(found.state, EB_CORE_DUMP_DAMAGED);
}

static void test_sha256(void **state)
{
    (void)state;
    eb_put_le16(dump + 4, 0x0103);
    dump_len += EB_SHA256_BYTES - 4;
    eb_put_le32(dump, dump_len);
    eb_sha256(dump, dump_len - EB_SHA256_BYTES, dump + dump_len - EB_SHA256_BYTES);
    parse();
    assert_int_equal(found.state, EB_CORE_DUMP_WHOLE);
    assert_true(found.has_sha256);
    dump[dump_len - 1] ^= 1;
    parse();
    assert_int_equal(found.state, EB_CORE_DUMP_DAMAGED);
}

static void test_binary(void **state)
{
    (void)state;
    memset(dump, 0, sizeof(dump));
    eb_put_le32(dump + 4, 0x00000001);
    eb_put_le32(dump + 8, 6);
    dump_len = 64;
    seal_crc();
    parse();
    assert_int_equal(found.state, EB_CORE_DUMP_WHOLE);
    assert_false(found.is_elf);
    assert_int_equal(found.tasks, 6);
}

static void test_none(void **state)
{
    (void)state;
    eb_put_le16(dump + 4, 0x0200); /* a version that is not known */
    parse();
    assert_int_equal(found.state, EB_CORE_DUMP_NONE);
    memset(dump, 0xFF, sizeof(dump));
    parse();
    assert_int_equal(found.state, EB_CORE_DUMP_NONE);
    eb_core_dump_parse(dump, 3, &found);
    assert_int_equal(found.state, EB_CORE_DUMP_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_elf, make_elf),
        cmocka_unit_test_setup(test_damaged, make_elf),
        cmocka_unit_test_setup(test_sha256, make_elf),
        cmocka_unit_test_setup(test_binary, make_elf),
        cmocka_unit_test_setup(test_none, make_elf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
