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
    {0, 0xFFFFFFFF},          {1, 0x4743989A},          {2, 0x55F63774},
    {3, 0xED4A5011},          {5, 0xC8210FCD},          {17, 0x175ACF05},
    {0x7FFFFFFF, 0xCCFC5C3C}, {0x80000000, 0x12477CDF}, {0xFFFFFFFE, 0x99F8B879},
};

static eb_partition_table_t table;
static uint8_t copies[2 * EB_OTA_COPY_BYTES];
static eb_chip_info_t chip;
static eb_boot_facts_t facts;
static eb_boot_choice_t choice;

static void set_table(const int *kinds, size_t count)
{
    memset(&table, 0, sizeof(table));
    facts = (eb_boot_facts_t){.table = &table, .ota_copies = copies};
    table.present = true;
    table.count = count;
    for (size_t i = 0; i < count; i++) {
        table.entries[i].type = kinds[i] >= DATA ? 1 : 0;
        table.entries[i].subtype = (uint8_t)kinds[i];
        table.entries[i].size = 0x2000;
        table.entries[i].app.state = EB_IMAGE_VALID;
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
    memset(copies, 0xFF, sizeof(copies));
}

static void put(size_t copy, uint32_t sequence, uint32_t state)
{
    uint8_t *p = copies + copy * EB_OTA_COPY_BYTES;

    eb_put_le32(p, sequence);
    eb_put_le32(p + 24, state);
    eb_put_le32(p + 28, known_crc(sequence));
}

static void choose(void)
{
    memset(&choice, 0xA5, sizeof(choice));
    eb_boot_choose(&facts, &choice);
}

static void assert_boots(int index, eb_ota_reason_t reason)
{
    choose();
    assert_int_equal(choice.index, index);
    assert_int_equal(choice.reason, reason);
    assert_int_equal(choice.index < 0, choice.stop != EB_BOOT_STARTS);
    assert_int_equal(eb_boot_stop_text(&choice)[0] == '\0', choice.stop == EB_BOOT_STARTS);
}

/* The chosen one is not the one that starts. */
static void assert_boots_instead(int index, int chosen, eb_ota_reason_t reason)
{
    assert_boots(index, reason);
    assert_int_equal(choice.chosen, chosen);
}

static void load(const char *name)
{
    size_t len;
    uint8_t *bytes = load_vector(name, &len);

    assert_int_equal(len, 2 * EB_OTA_COPY_STRIDE);
    memcpy(copies, bytes, EB_OTA_COPY_BYTES);
    memcpy(copies + EB_OTA_COPY_BYTES, bytes + EB_OTA_COPY_STRIDE, EB_OTA_COPY_BYTES);
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
        copies[EB_OTA_COPY_BYTES + 31] ^= 0x80;
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
        {NEW, true},      {PENDING, false}, {VALID, true}, {UNDEFINED, true},
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
    TABLE(TEST); /* what is left when all else fails */
    assert_boots_instead(0, -1, EB_OTA_NO_SLOTS);
    TABLE(DATA);
    assert_boots(-1, EB_OTA_NOTHING);
    assert_int_equal(choice.stop, EB_BOOT_NO_WHOLE_APP);
    table.count = 0;
    assert_boots(-1, EB_OTA_NOTHING);
}

static void without_otadata(void **state)
{
    (void)state;
    TABLE(FACTORY, OTA(0));
    facts.ota_copies = NULL;
    assert_boots(0, EB_OTA_FACTORY);
}

/* An image of a range may lack them. */
static void ota_data_that_are_not_at_hand(void **state)
{
    (void)state;
    TABLE(FACTORY, DATA, OTA(0));
    facts.ota_copies = NULL;
    assert_boots(-1, EB_OTA_NOTHING);
    assert_int_equal(choice.stop, EB_BOOT_NOT_KNOWN);
    TABLE(FACTORY, DATA); /* they decide nothing */
    facts.ota_copies = NULL;
    assert_boots(0, EB_OTA_NO_SLOTS);
}

/* Slots are counted, but found by number: ota_0 and ota_2 are two slots, and slot 1 is not there.
 */
static void a_hole_in_the_slots(void **state)
{
    (void)state;
    TABLE(OTA(0), OTA(2), FACTORY);
    erase();
    put(0, 2, VALID);
    assert_boots_instead(0, -1, EB_OTA_SEQUENCE);
    TABLE(OTA(3), FACTORY);
    put(0, 1, VALID);
    assert_boots_instead(1, -1, EB_OTA_SEQUENCE);
    TABLE(OTA(3));
    assert_boots(-1, EB_OTA_SEQUENCE);
}

/* A sequence beyond the last of many slots never reaches the subtype behind them. */
static void sixteen_slots_are_the_most(void **state)
{
    (void)state;
    TABLE(TEST, OTA(0), OTA(0), OTA(0), OTA(0), OTA(0), OTA(0), OTA(0), OTA(0), OTA(0), OTA(0),
          OTA(0), OTA(0), OTA(0), OTA(0), OTA(0), OTA(0), OTA(1));
    erase();
    put(0, 17, VALID); /* slot 16 of 17 */
    assert_boots_instead(17, -1, EB_OTA_SEQUENCE);
}

/* -- whole apps only ------------------------------------------------------------------------- */

static void set_states(const eb_image_state_t *states)
{
    for (size_t i = 0; i < table.count; i++) {
        table.entries[i].app.state = states[i];
    }
}
#define STATES(...) set_states((const eb_image_state_t[]){__VA_ARGS__})

/* Downwards to factory, then upwards, then test. */
static void the_first_whole_app_starts(void **state)
{
    const eb_image_state_t whole = EB_IMAGE_UNCHECKED, bad = EB_IMAGE_DAMAGED;

    (void)state;
    TABLE(FACTORY, OTA(0), OTA(1), OTA(2), TEST);
    erase();
    put(0, 2, VALID); /* ota_1 */
    STATES(whole, whole, bad, whole, whole);
    assert_boots_instead(1, 2, EB_OTA_SEQUENCE);
    assert_int_equal(choice.sequence, 2);
    STATES(whole, EB_IMAGE_NONE, EB_IMAGE_OPAQUE, whole, whole);
    assert_boots_instead(0, 2, EB_OTA_SEQUENCE);
    STATES(bad, bad, bad, whole, whole);
    assert_boots_instead(3, 2, EB_OTA_SEQUENCE);
    STATES(bad, bad, bad, EB_IMAGE_NONE, EB_IMAGE_VALID);
    assert_boots_instead(4, 2, EB_OTA_SEQUENCE);
    STATES(bad, bad, bad, bad, bad);
    assert_boots_instead(-1, 2, EB_OTA_SEQUENCE);
    assert_int_equal(choice.stop, EB_BOOT_NO_WHOLE_APP);
    STATES(whole, EB_IMAGE_NONE, EB_IMAGE_ABSENT, whole, whole); /* not at hand: taken for whole */
    assert_boots(2, EB_OTA_SEQUENCE);
}

/* From factory on all slots come, in order. */
static void a_factory_app_that_is_cut(void **state)
{
    (void)state;
    TABLE(FACTORY, OTA(0), OTA(1));
    erase();
    STATES(EB_IMAGE_DAMAGED, EB_IMAGE_NONE, EB_IMAGE_VALID);
    assert_boots_instead(2, 0, EB_OTA_FACTORY);
}

/* The first slot was made for an update that never came. */
static void an_empty_slot_beside_a_test_app(void **state)
{
    (void)state;
    TABLE(DATA, TEST, OTA(0));
    erase();
    STATES(EB_IMAGE_NONE, EB_IMAGE_UNCHECKED, EB_IMAGE_NONE);
    assert_boots_instead(1, 2, EB_OTA_FIRST_SLOT);
}

static void an_app_for_another_chip_does_not_start(void **state)
{
    (void)state;
    TABLE(FACTORY, OTA(0));
    erase();
    put(0, 1, VALID);
    chip.chip_id = 9;
    facts.chip = &chip;
    table.entries[0].app.chip_id = 9;
    table.entries[1].app.chip_id = 5;
    assert_boots_instead(0, 1, EB_OTA_SEQUENCE);
    facts.chip = NULL; /* not known */
    assert_boots(1, EB_OTA_SEQUENCE);
}

/* -- what stops a bootloader ----------------------------------------------------------------- */

static void ota_data_of_one_sector_stop_it(void **state)
{
    (void)state;
    TABLE(FACTORY, DATA, OTA(0));
    erase();
    put(0, 1, VALID);
    table.entries[1].size = 0x1FFF;
    assert_boots(-1, EB_OTA_NOTHING);
    assert_int_equal(choice.stop, EB_BOOT_SMALL_OTADATA);
    assert_int_equal(choice.chosen, -1);
    table.entries[1].size = 0x2000;
    assert_boots(2, EB_OTA_SEQUENCE);
    /* The last entry of the type is the one. */
    TABLE(FACTORY, DATA, DATA);
    table.entries[1].size = 0x1000;
    assert_boots(0, EB_OTA_NO_SLOTS);
    assert_int_equal(eb_boot_ota_data(&table), 2);
}

/* -- rollback -------------------------------------------------------------------------------- */

/* Only a bootloader with rollback writes that state, and the next reset aborts it. */
static void an_app_on_trial_is_left(void **state)
{
    (void)state;
    TABLE(FACTORY, OTA(0), OTA(1));
    erase();
    put(0, 1, VALID);
    put(1, 2, PENDING);
    assert_boots(1, EB_OTA_SEQUENCE);
    assert_int_equal(choice.on_trial, 2);
    assert_int_equal(choice.sequence, 1);
    put(0, 3, VALID); /* a trial that was ended otherwise */
    assert_boots(1, EB_OTA_SEQUENCE);
    assert_int_equal(choice.on_trial, -1);
    erase();
    put(0, 2, PENDING);
    assert_boots(0, EB_OTA_FACTORY);
    assert_int_equal(choice.on_trial, 2);
    TABLE(OTA(0), OTA(1)); /* without anything else the first slot comes, on trial or not */
    put(0, 1, PENDING);
    assert_boots(0, EB_OTA_FIRST_SLOT);
    assert_int_equal(choice.on_trial, 0);
}

/* The bootloader of chips without a number reads no states. */
static void an_older_bootloader_knows_no_states(void **state)
{
    static const uint32_t states[] = {PENDING, INVALID, ABORTED};

    (void)state;
    TABLE(FACTORY, OTA(0), OTA(1));
    chip.chip_id = EB_CHIP_ID_NONE;
    facts.chip = &chip;
    for (size_t i = 0; i < 3; i++) {
        erase();
        put(0, 1, VALID);
        put(1, 2, states[i]);
        assert_boots(2, EB_OTA_SEQUENCE);
        assert_int_equal(choice.on_trial, -1);
    }
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
        cmocka_unit_test(ota_data_that_are_not_at_hand),
        cmocka_unit_test(a_hole_in_the_slots),
        cmocka_unit_test(sixteen_slots_are_the_most),
        cmocka_unit_test(the_last_of_two_equal_entries_is_the_one),
        cmocka_unit_test(the_first_whole_app_starts),
        cmocka_unit_test(a_factory_app_that_is_cut),
        cmocka_unit_test(an_empty_slot_beside_a_test_app),
        cmocka_unit_test(an_app_for_another_chip_does_not_start),
        cmocka_unit_test(ota_data_of_one_sector_stop_it),
        cmocka_unit_test(an_app_on_trial_is_left),
        cmocka_unit_test(an_older_bootloader_knows_no_states),
    };

    return cmocka_run_group_tests_name("ota_data", tests, NULL, NULL);
}
