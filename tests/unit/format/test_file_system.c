/* Marks and tables of file systems, made here; the LittleFS is one of littlefs-python. */
#include "bytes.h"
#include "file_system.h"
#include "format_vectors.h"

#include <stdio.h>
#include <zlib.h>

#define SIZE   0x40000u
#define SECTOR 4096u

static uint8_t flash[0x200000];
static uint32_t flash_size;
static eb_file_system_t found;

static bool read_flash(void *user, uint32_t offset, void *bytes, uint32_t count)
{
    (void)user;
    assert_true(offset <= flash_size && count <= flash_size - offset);
    memcpy(bytes, flash + offset, count);
    return true;
}

static void find(void)
{
    eb_file_system_find(read_flash, NULL, flash_size, &found);
}

static int erase(void **state)
{
    (void)state;
    memset(flash, 0xFF, sizeof(flash));
    flash_size = SIZE;
    return 0;
}

static void test_nothing(void **state)
{
    (void)state;
    find();
    assert_int_equal(found.kind, EB_FILE_SYSTEM_NONE);
    memset(flash, 0, sizeof(flash));
    find();
    assert_int_equal(found.kind, EB_FILE_SYSTEM_NONE);
    for (flash_size = 0; flash_size < 600; flash_size++) {
        find();
    }
}

static void test_littlefs(void **state)
{
    FILE *file = fopen(EB_TEST_BUILD_DATA_DIR "/parts/esp32-4mb-storage.bin", "rb");

    (void)state;
    assert_non_null(file);
    flash_size = (uint32_t)fread(flash, 1, sizeof(flash), file);
    fclose(file);
    find();
    assert_int_equal(found.kind, EB_FILE_SYSTEM_LITTLEFS);
    assert_int_equal(found.major, 2);
    assert_int_equal(found.block_bytes, SECTOR);
    assert_int_equal(found.blocks * SECTOR, flash_size);
    memset(flash, 0, 64); /* the first copy is written anew */
    find();
    assert_int_equal(found.kind, EB_FILE_SYSTEM_LITTLEFS);
    flash_size -= SECTOR; /* it is not there as a whole */
    find();
    assert_int_equal(found.kind, EB_FILE_SYSTEM_NONE);
}

/* Pages of 256 bytes in blocks of `block`. */
static void make_spiffs(uint32_t block, bool with_length)
{
    for (uint32_t i = 0; i < flash_size / block; i++) {
        const uint32_t pages = block / 256 * 2 / 256 > 0 ? block / 256 * 2 / 256 : 1;
        const uint32_t length = with_length ? flash_size / block - i : 0;
        eb_put_le16(flash + i * block + pages * 256 - 4, (uint16_t)(0x20140529 ^ 256 ^ length));
    }
}

static void test_spiffs(void **state)
{
    (void)state;
    make_spiffs(SECTOR, true);
    eb_put_le16(flash, 0x8001);
    eb_put_le16(flash + 2, 0);
    eb_put_le16(flash + 2 * SECTOR, 1);
    find();
    assert_int_equal(found.kind, EB_FILE_SYSTEM_SPIFFS);
    assert_int_equal(found.block_bytes, SECTOR);
    assert_int_equal(found.page_bytes, 256);
    assert_int_equal(found.blocks, SIZE / SECTOR);
    assert_true(found.used_known);
    assert_int_equal(found.used_bytes, 2 * 256);
    memset(flash + 4 * SECTOR, 0xFF, SECTOR); /* a block that was being erased */
    find();
    assert_int_equal(found.kind, EB_FILE_SYSTEM_SPIFFS);
    memset(flash, 0xFF, SECTOR);
    find();
    assert_int_equal(found.kind, EB_FILE_SYSTEM_NONE);
}

static void test_spiffs_without_length(void **state)
{
    (void)state;
    make_spiffs(8192, false);
    find();
    assert_int_equal(found.kind, EB_FILE_SYSTEM_SPIFFS);
    assert_int_equal(found.block_bytes, 8192);
}

/* 4096 bytes a sector and a cluster, one of both FATs, 512 entries of the root; `at`: where the
 * sector is that would be at its place without wear levelling. */
static void make_fat(uint32_t sectors, uint32_t fat_sectors, uint8_t *boot)
{
    memset(boot, 0, SECTOR);
    boot[0] = 0xEB;
    eb_put_le16(boot + 11, SECTOR);
    boot[13] = 1;
    eb_put_le16(boot + 14, 1);
    boot[16] = 1;
    eb_put_le16(boot + 17, 512);
    eb_put_le16(boot + 19, (uint16_t)sectors);
    eb_put_le16(boot + 22, (uint16_t)fat_sectors);
    boot[38] = 0x29;
    memset(boot + 43, ' ', 11);
    for (size_t i = 0; i < 5; i++) {
        boot[43 + i] = (uint8_t)"PORCH"[i];
    }
    eb_put_le16(boot + 510, 0xAA55);
}

static void test_fat12(void **state)
{
    uint8_t *fat = flash + SECTOR;

    (void)state;
    make_fat(SIZE / SECTOR, 1, flash);
    memset(fat, 0, SECTOR);
    memcpy(fat, "\xF8\xFF\xFF\x03\xF0\xFF\x00\x00\x06", 9); /* clusters 2 and 3; 5 */
    find();
    assert_int_equal(found.kind, EB_FILE_SYSTEM_FAT);
    assert_string_equal(eb_file_system_name(&found), "FAT12");
    assert_int_equal(found.block_bytes, SECTOR);
    assert_int_equal(found.blocks, SIZE / SECTOR - 6);
    assert_true(found.used_known);
    assert_int_equal(found.used_bytes, 3 * SECTOR);
    assert_string_equal(found.label, "PORCH");
    assert_false(found.wear_levelled);
    flash[13] = 3;
    find();
    assert_int_equal(found.kind, EB_FILE_SYSTEM_NONE);
}

static void seal(uint8_t *bytes, uint32_t at)
{
    eb_put_le32(bytes + at, (uint32_t)crc32(UINT32_MAX, bytes, at));
}

/* Two whole rounds of the spare sector, and three of its moves. */
static void test_wear_levelling(void **state)
{
    uint8_t *config = flash + SIZE - SECTOR, *levels = flash + SIZE - 3 * SECTOR;
    const uint32_t sectors = SIZE / SECTOR - 4, moved = 2;

    (void)state;
    eb_put_le32(config, 0);
    eb_put_le32(config + 4, SIZE);
    eb_put_le32(config + 8, SECTOR);
    eb_put_le32(config + 12, SECTOR);
    eb_put_le32(config + 20, 16);
    seal(config, 32);
    memset(levels, 0, 64);
    eb_put_le32(levels + 8, moved);
    seal(levels, 60);
    memset(levels + 64, 0x11, 3 * 16);
    make_fat(sectors, 1, flash + (sectors - moved + 1) * SECTOR); /* behind the spare sector */
    memset(flash + (sectors - moved + 2) * SECTOR, 0, SECTOR);
    find();
    assert_int_equal(found.kind, EB_FILE_SYSTEM_FAT);
    assert_true(found.wear_levelled);
    assert_int_equal(found.used_bytes, 0);
    memset(levels, 0, 64); /* the other copy of the state counts then, and there is none */
    find();
    assert_int_equal(found.kind, EB_FILE_SYSTEM_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing, erase),
        cmocka_unit_test_setup(test_littlefs, erase),
        cmocka_unit_test_setup(test_spiffs, erase),
        cmocka_unit_test_setup(test_spiffs_without_length, erase),
        cmocka_unit_test_setup(test_fat12, erase),
        cmocka_unit_test_setup(test_wear_levelling, erase),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
