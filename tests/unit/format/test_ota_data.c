#include "bytes.h"
#include "format_vectors.h"
#include "ota_data.h"

#define FACTORY 0x00
#define OTA(n)  (0x10 + (n))
#define TEST    0x20
#define DATA    0x100 /* of type data */

#define NEW       0u
#define PENDING   1u
#define VALID     2u
#define INVALID   3u
#define ABORTED   4u
#define UNDEFINED UINT32_MAX

/* CRCs by another implementation: Python's binascii.crc32(pack("<I", seq), 0xFFFFFFFF), the
 * expression of ESP-IDF's otatool. */
static const struct {
    uint32_t sequence, crc;
} crcs[] = {
    {0, 0xFFFFFFFF}, {1, 0x4743989A},          {2, 0x55F63774},          {3, 0xED4A5011},
    {5, 0xC8210FCD}, {0x7FFFFFFF, 0xCCFC5C3C}, {0x80000000, 0x12477CDF}, {0xFFFFFFFE, 0x99F8B879},
};

static eb_partition_table_t table;
static uint8_t otadata[EB_OTA_DATA_BYTES];
static eb_boot_choice_t choice;

static void set_table(const int *kinds, size_t count)
{
    memset(&table, 0, sizeof(table));
    table.present = true;
    table.count = count;
    for (size_t i = 0; i < count; i++) {
        table.entries[i].type = kinds[i] >= DATA ? 1 : 0;
        table.entries[i].subtype = (uint8_t)kinds[i];
    }
}
#define TABLE(...)                                                                                 \
    set_table((const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static uint32_t known_crc(uint32_t sequence)
{
    for (size_t i = 0; i < sizeof(crcs) / sizeof(crcs[0]); i++) {
        if (crcs[i].sequence == sequence) {
            return crcs[i].crc;
        }
    }
    fail_msg("no CRC for sequence %u", sequence);
    return 0;
}

static void erase(void)
{
    memset(otadata, 0xFF, sizeof(otadata));
}

static void put(size_t copy, uint32_t sequence, uint32_t state)
{
    uint8_t *p = otadata + copy * 0x1000;

    eb_put_le32(p, sequence);
    eb_put_le32(p + 24, state);
    eb_put_le32(p + 28, known_crc(sequence));
}

static void choose(void)
{
    memset(&choice, 0xA5, sizeof(choice));
    eb_ota_choose(&table, otadata, sizeof(otadata), &choice);
}

static void assert_boots(int index, eb_ota_reason_t reason)
{
    choose();
    assert_int_equal(choice.index, index);
    assert_int_equal(choice.reason, reason);
}

static void load(const char *name)
{
    size_t len;
    uint8_t *bytes = load_vector(name, &len);

    assert_int_equal(len, sizeof(otadata));
    memcpy(otadata, bytes, len);
    free(bytes);
}

static void otadata_of_other_tools(void **state)
{
    (void)state;
    TABLE(DATA, FACTORY, OTA(0), OTA(1));
    load("otadata.bin"); /* 5 and 6 */
    assert_boots(3, EB_OTA_SEQUENCE);
    assert_int_equal(choice.sequence, 6);
    assert_int_equal(choice.ota_state, UNDEFINED);
    assert_int_equal(choice.valid_entries, 2);

    load("boot_app0.bin"); /* 1, and a 0 whose CRC holds by chance */
    assert_boots(2, EB_OTA_SEQUENCE);
    assert_int_equal(choice.sequence, 1);
}

static void the_crc_is_that_of_the_rom(void **state)
{
    (void)state;
    TABLE(OTA(0), OTA(1), OTA(2), FACTORY);
    for (size_t i = 1; i < sizeof(crcs) / sizeof(crcs[0]); i++) {
        erase();
        put(1, crcs[i].sequence, VALID);
        assert_boots((int)((crcs[i].sequence - 1) % 3), EB_OTA_SEQUENCE);
        assert_int_equal(choice.sequence, crcs[i].sequence);
        assert_int_equal(choice.valid_entries, 1);
        otadata[0x1000 + 31] ^= 0x80;
        assert_boots(3, EB_OTA_FACTORY);
        assert_int_equal(choice.sequence, 0);
        assert_int_equal(choice.ota_state, UNDEFINED);
        assert_int_equal(choice.valid_entries, 0);
    }
}

static void the_higher_sequence_wins_and_a_tie_goes_to_the_first(void **state)
{
    (void)state;
    TABLE(OTA(0), OTA(1));
    erase();
    put(0, 2, VALID);
    put(1, 1, VALID);
    assert_boots(1, EB_OTA_SEQUENCE);
    put(1, 3, NEW);
    assert_boots(0, EB_OTA_SEQUENCE);
    assert_int_equal(choice.ota_state, NEW);
    put(0, 3, VALID);
    assert_boots(0, EB_OTA_SEQUENCE);
    assert_int_equal(choice.ota_state, VALID); /* of the first copy */
}

/* The bootloader compares plainly: after the last number there is no way round. */
static void the_sequence_does_not_wrap(void **state)
{
    (void)state;
    TABLE(OTA(0), OTA(1));
    erase();
    put(0, 0xFFFFFFFE, VALID);
    put(1, 1, VALID);
    assert_boots(1, EB_OTA_SEQUENCE);
    assert_int_equal(choice.sequence, 0xFFFFFFFE);
    erase();
    put(0, 0, VALID); /* 0 - 1 wraps to the greatest number */
    assert_boots((int)(UINT32_MAX % 2), EB_OTA_SEQUENCE);
}

static void states_count(void **state)
{
    static const struct {
        uint32_t state;
        bool valid;
    } rows[] = {
        {NEW, true},      {PENDING, true},  {VALID, true}, {UNDEFINED, true},
        {INVALID, false}, {ABORTED, false}, {17, true},
    };

    (void)state;
    TABLE(FACTORY, OTA(0), OTA(1));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        erase();
        put(0, 1, VALID);
        put(1, 2, rows[i].state);
        assert_boots(rows[i].valid ? 2 : 1, EB_OTA_SEQUENCE);
        assert_int_equal(choice.valid_entries, rows[i].valid ? 2 : 1);
    }
    put(0, 1, ABORTED);
    put(1, 2, INVALID);
    assert_boots(0, EB_OTA_FACTORY);
}

static void nothing_valid_boots_factory_or_the_first_slot(void **state)
{
    (void)state;
    erase();
    TABLE(DATA, OTA(1), OTA(0), FACTORY);
    assert_boots(3, EB_OTA_FACTORY);
    TABLE(DATA, OTA(1), OTA(0));
    assert_boots(2, EB_OTA_FIRST_SLOT);
    TABLE(FACTORY, TEST);
    assert_boots(0, EB_OTA_NO_SLOTS);
    TABLE(TEST); /* boots only by a pin */
    assert_boots(-1, EB_OTA_NOTHING);
    TABLE(DATA);
    assert_boots(-1, EB_OTA_NOTHING);
    table.count = 0;
    assert_boots(-1, EB_OTA_NOTHING);
}

static void without_otadata(void **state)
{
    (void)state;
    TABLE(FACTORY, OTA(0));
    eb_ota_choose(&table, NULL, 0, &choice);
    assert_int_equal(choice.index, 0);
    assert_int_equal(choice.reason, EB_OTA_FACTORY);
    erase();
    put(1, 1, VALID);
    eb_ota_choose(&table, otadata, 0x101F, &choice); /* the second copy is cut */
    assert_int_equal(choice.index, 0);
    eb_ota_choose(&table, otadata, 0x1020, &choice);
    assert_int_equal(choice.index, 1);
}

/* Slots are counted, but found by number: ota_0 and ota_2 are two slots, and slot 1 is not there.
 */
static void a_hole_in_the_slots(void **state)
{
    (void)state;
    TABLE(OTA(0), OTA(2), FACTORY);
    erase();
    put(0, 2, VALID);
    assert_boots(0, EB_OTA_FIRST_SLOT);
    TABLE(OTA(3), FACTORY);
    put(0, 1, VALID);
    assert_boots(1, EB_OTA_FACTORY);
    TABLE(OTA(3));
    assert_boots(-1, EB_OTA_NOTHING);
}

static void the_last_of_two_equal_entries_is_the_one(void **state)
{
    (void)state;
    TABLE(FACTORY, FACTORY);
    erase();
    assert_boots(1, EB_OTA_NO_SLOTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(otadata_of_other_tools),
        cmocka_unit_test(the_crc_is_that_of_the_rom),
        cmocka_unit_test(the_higher_sequence_wins_and_a_tie_goes_to_the_first),
        cmocka_unit_test(the_sequence_does_not_wrap),
        cmocka_unit_test(states_count),
        cmocka_unit_test(nothing_valid_boots_factory_or_the_first_slot),
        cmocka_unit_test(without_otadata),
        cmocka_unit_test(a_hole_in_the_slots),
        cmocka_unit_test(the_last_of_two_equal_entries_is_the_one),
    };

    return cmocka_run_group_tests_name("ota_data", tests, NULL, NULL);
}
