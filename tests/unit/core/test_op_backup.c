/* Backups of a board in memory: what is in the file is what is in the flash, each byte verified in
 * the run that finished it, whatever the line does. */
#include "backup_fixture.h"

static void a_clean_backup_is_the_flash(void **state)
{
    fixture_t *f = *state;
    struct stat st;
    eb_sidecar_t *sidecar = NULL;

    f->options.note = "before the update";
    f->watch.ev.max_level = EB_LEVEL_DETAIL;
    assert_complete(f, back_up(f));
    assert_int_equal(stat(f->result.image_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(
        f->result.origins.bytes[EB_ORIGIN_EARLIER] + f->result.origins.bytes[EB_ORIGIN_RESUMED], 0);
    assert_true(f->result.origins.bytes[EB_ORIGIN_ERASED] > FLASH_BYTES / 2);
    assert_true(f->board->read_bytes < 400000);
    assert_non_null(strstr(f->result.image_path, "/esp32_backup_20"));
    assert_non_null(strstr(f->watch.notes, "Wi-Fi passwords"));

    assert_int_equal(eb_find_sidecar(f->result.image_path, &sidecar, &f->err), EB_OK);
    assert_string_equal(sidecar->chip.macs[0].text, "24:0a:c4:00:00:01");
    assert_string_equal(sidecar->note, "before the update");
    assert_int_equal(sidecar->table.count, 5);
    assert_memory_equal(sidecar->sha256, f->result.sha256, 32);
    assert_int_equal(sidecar->boot.index, 2);
    assert_int_equal(sidecar->boot.reason, EB_OTA_FIRST_SLOT);
    assert_int_equal(sidecar->table.entries[2].app.state, EB_IMAGE_VALID);
    assert_string_equal(sidecar->table.entries[2].app.desc.project, "blink");
    assert_string_equal(sidecar->table.entries[2].app.desc.version, "1.4.2");
    uint8_t sha256[32];
    assert_true(sidecar->part_hash[2].known);
    eb_sha256(f->board->bytes + 0x10000, 0x60000, sha256);
    assert_memory_equal(sidecar->part_hash[2].sha256, sha256, 32);
    free(sidecar);

    /* That they fit the sums was checked when it was loaded. */
    uint8_t *text;
    size_t len;
    assert_int_equal(eb_fs_read_file(f->result.sidecar_path, 1u << 20, &text, &len, &f->err),
                     EB_OK);
    assert_non_null(strstr((char *)text, "\"origin_ranges\":\t[\"0x0+0x"));
    char erased[64];
    snprintf(erased, sizeof(erased), "erased: %llu bytes by ",
             (unsigned long long)f->result.origins.bytes[EB_ORIGIN_ERASED]);
    assert_non_null(strstr(f->watch.notes, erased));
    free(text);
}

static void full_reads_every_byte(void **state)
{
    fixture_t *f = *state;

    f->options.full = true;
    assert_complete(f, back_up(f));
    assert_int_equal(f->result.origins.bytes[EB_ORIGIN_READ], FLASH_BYTES);
    assert_int_equal(f->board->read_bytes, FLASH_BYTES);
}

static void flipped_bits_are_read_again(void **state)
{
    fixture_t *f = *state;

    f->options.full = true;
    f->board->error_rate = 1e-5;
    f->board->only_flips = true;
    assert_complete(f, back_up(f));
    /* Only what is damaged comes again: about ten sectors, not ten chunks. */
    assert_true(f->board->read_bytes < FLASH_BYTES + 40 * 4096);
}

static void a_second_backup_reads_only_what_changed(void **state)
{
    fixture_t *f = *state;
    char first[EB_PATH_BYTES];

    assert_complete(f, back_up(f));
    memcpy(first, f->result.image_path, sizeof(first));
    fake_forget(f->board);
    fake_fill(f->board, 0x12345, 100, 99);
    assert_complete(f, back_up(f));
    assert_string_not_equal(first, f->result.image_path);
    assert_true(f->result.origins.bytes[EB_ORIGIN_EARLIER] > FLASH_BYTES - 65536);
    assert_true(f->board->read_bytes < 65536);
    assert_non_null(strstr(f->watch.notes, first));
    assert_int_equal(folder_count(f->dir, ".bin"), 2);
    assert_int_equal(folder_count(f->dir, "_info.json"), 2);
}

static void a_wrong_earlier_backup_is_of_no_consequence(void **state)
{
    fixture_t *f = *state;

    assert_complete(f, back_up(f));
    fake_forget(f->board);
    fake_fill(f->board, 0, FLASH_BYTES, 77);
    assert_complete(f, back_up(f));
    assert_int_equal(f->result.origins.bytes[EB_ORIGIN_EARLIER], 0);
}

static void since_names_the_earlier_backup_and_must_be_there(void **state)
{
    fixture_t *f = *state;
    char name[EB_PATH_BYTES];

    f->options.since = "esp32_backup_19990101_000000";
    assert_int_equal(back_up(f), EB_ERR_BACKUP_NOT_FOUND);
    f->options.since = NULL;
    assert_complete(f, back_up(f));
    memcpy(name, strrchr(f->result.image_path, '/') + 1, 64);
    fake_forget(f->board);
    snprintf(f->board->chip.macs[0].text, EB_MAC_TEXT_BYTES, "24:0a:c4:00:00:02");
    f->options.since = name; /* of another board: verified byte by byte all the same */
    assert_complete(f, back_up(f));
    assert_int_equal(f->result.origins.bytes[EB_ORIGIN_EARLIER], FLASH_BYTES);
}

static void a_full_disk_shows_before_the_work(void **state)
{
    fixture_t *f = *state;
    struct rlimit before, small = {FLASH_BYTES / 2, RLIM_INFINITY};

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    small.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    eb_code_t code = back_up(f);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(code, EB_ERR_DISK_FULL);
    assert_non_null(strstr(f->err.message, f->dir));
    assert_int_equal(f->board->reads + f->board->digests, 0);
    assert_string_equal(f->result.part_path, "");
    assert_int_equal(folder_count(f->dir, "t") + folder_count(f->dir, "l"), 0);
}

static void backups_of_one_second_get_names_of_their_own(void **state)
{
    fixture_t *f = *state;

    for (int i = 0; i < 3; i++) {
        fake_forget(f->board);
        assert_complete(f, back_up(f));
    }
    assert_int_equal(folder_count(f->dir, ".bin"), 3);
    assert_int_equal(folder_count(f->dir, "_info.json"), 3);
}

static void an_output_is_replaced_only_by_force(void **state)
{
    fixture_t *f = *state;
    char output[EB_PATH_BYTES], sidecar[EB_PATH_BYTES];
    uint8_t *text;
    size_t len;

    (void)eb_path_join(output, f->dir, "mine.bin", NULL);
    (void)eb_path_join(sidecar, f->dir, "mine_info.json", NULL);
    file_write(f->dir, "mine.bin", "precious", 8);
    file_write(f->dir, "mine_info.json", "{}", 2);
    f->options.output = output;
    assert_int_equal(back_up(f), EB_ERR_FILE_EXISTS);
    assert_int_equal(f->board->reads, 0);
    assert_int_equal(eb_fs_read_file(output, MB, &text, &len, NULL), EB_OK);
    assert_memory_equal(text, "precious", 8);
    free(text);
    f->options.force = true;
    f->board->lost_at = 100000;
    assert_int_equal(back_up(f), EB_ERR_PORT_LOST); /* what is there stays until the end */
    assert_int_equal(f->board->recoveries, 1); /* a port that did not come back was waited for */
    assert_int_equal(eb_fs_read_file(output, MB, &text, &len, NULL), EB_OK);
    assert_memory_equal(text, "precious", 8);
    free(text);
    fake_forget(f->board);
    assert_complete(f, back_up(f));
    assert_true(f->result.origins.bytes[EB_ORIGIN_RESUMED] > 0);
    assert_string_equal(f->result.image_path, output);
    assert_string_equal(f->result.sidecar_path, sidecar);
}

static void an_image_that_appears_meanwhile_is_not_overwritten(void **state)
{
    fixture_t *f = *state;
    char output[EB_PATH_BYTES];
    uint8_t *text;
    size_t len;

    (void)eb_path_join(output, f->dir, "mine.bin", NULL);
    f->options.output = output;
    watch_init(&f->watch, f->board);
    f->watch.make_file = output;
    assert_int_equal(eb_op_backup(f->board, &f->options, &f->watch.ev, &f->result, NULL, &f->err),
                     EB_ERR_FILE_EXISTS);
    assert_true(eb_fs_exists(f->result.part_path));
    assert_int_equal(eb_fs_read_file(output, MB, &text, &len, NULL), EB_OK);
    assert_int_equal(len, 8);
    assert_memory_equal(text, "precious", 8);
    assert_int_equal(folder_count(f->dir, "_info.json"), 0);
    free(text);
}

static void an_output_whose_part_is_foreign_is_refused(void **state)
{
    fixture_t *f = *state;
    char output[EB_PATH_BYTES];

    (void)eb_path_join(output, f->dir, "mine.bin", NULL);
    file_write(f->dir, "mine.bin.part", "of another tool", 15);
    f->options.output = output;
    assert_int_equal(back_up(f), EB_ERR_FILE_EXISTS);
    assert_non_null(strstr(f->err.message, "mine.bin.part"));
    f->options.force = true;
    assert_complete(f, back_up(f));
}

static void ranges_are_checked_and_kept_to(void **state)
{
    fixture_t *f = *state;

    f->options.has_range = true;
    f->options.addr = FLASH_BYTES;
    assert_int_equal(back_up(f), EB_ERR_USAGE);
    f->options.addr = 0xFFFFFFF0;
    f->options.size = 0x20;
    assert_int_equal(back_up(f), EB_ERR_USAGE);
    assert_int_equal(folder_count(f->dir, "n"), 0);
    f->options.addr = 0x9001;
    f->options.size = 0x7ABC;
    assert_complete(f, back_up(f));
    assert_int_equal(f->result.addr, 0x9001);
    assert_int_equal(f->result.size_bytes, 0x7ABC);
    assert_true(f->contents.table.present); /* the board's own, although it lies outside */
    fake_forget(f->board);
    f->options.addr = 0x30001;
    f->options.size = 0;
    assert_complete(f, back_up(f));
    assert_int_equal(f->result.size_bytes, FLASH_BYTES - 0x30001);
}

/* Before a byte is read and before there is a file. */
static void what_is_out_of_reach_is_refused_first(void **state)
{
    fixture_t *f = *state;

    f->board->reach_bytes = FLASH_BYTES / 2;
    assert_int_equal(back_up(f), EB_ERR_UNSUPPORTED);
    assert_int_equal(f->board->wire_bytes, 0);
    assert_int_equal(folder_count(f->dir, ".bin") + folder_count(f->dir, ".part"), 0);
    f->options.has_range = true;
    f->options.size = FLASH_BYTES / 2;
    assert_complete(f, back_up(f));
    assert_int_equal(f->result.size_bytes, FLASH_BYTES / 2);
}

static void an_empty_or_halved_flash_is_warned_of(void **state)
{
    fixture_t *f = *state;

    memset(f->board->bytes, 0xFF, FLASH_BYTES);
    assert_complete(f, back_up(f));
    assert_non_null(strstr(f->watch.notes, "every byte is 0xFF"));
    fake_forget(f->board);
    board_fill_realistic(f->board);
    memcpy(f->board->bytes + FLASH_BYTES / 2, f->board->bytes, FLASH_BYTES / 2);
    assert_complete(f, back_up(f));
    assert_non_null(strstr(f->watch.notes, "both halves"));
}

static void security_is_told(void **state)
{
    fixture_t *f = *state;

    f->board->chip.security.flash_encryption = EB_YES;
    f->board->chip.security.secure_boot = EB_YES;
    assert_complete(f, back_up(f));
    assert_non_null(strstr(f->watch.notes, "ciphertext"));
    assert_non_null(strstr(f->watch.notes, "secure boot is on"));
}

static void a_mute_flash_ends_it_at_once(void **state)
{
    fixture_t *f = *state;

    f->board->flash.known = false;
    assert_int_equal(back_up(f), EB_ERR_FLASH_MUTE);
    assert_int_equal(folder_count(f->dir, "n"), 0);
}

static void another_board_on_the_port_ends_it(void **state)
{
    fixture_t *f = *state;

    f->board->error_rate = 1e-4;
    f->board->other_board = true;
    assert_int_equal(back_up(f), EB_ERR_CHIP_MISMATCH);
    assert_int_equal(folder_count(f->dir, ".bin"), 0);
}

static void a_hopeless_line_ends_in_bounded_effort(void **state)
{
    fixture_t *f = *state;

    f->options.full = true;
    f->board->error_rate = 0.02;
    f->board->only_flips = true;
    eb_code_t code = back_up(f);
    assert_int_equal(code, EB_ERR_UNVERIFIED);
    assert_int_equal(eb_code_row(code)->exit_status, 4);
    assert_true(f->board->slowdowns > 0);
    assert_true(f->board->reads < 1000);
    fake_forget(f->board);
    assert_complete(f, back_up(f));
}

/* Hundreds of boards, contents and lines: identical bytes, or exit 4 and a .part that a later run
 * completes. */
static void seeded_faults_never_make_a_wrong_image(void **state)
{
    static const double rates[] = {1e-6, 1e-5, 1e-4, 3e-4};
    fixture_t *f = *state;
    unsigned whole = 0;

    for (uint64_t seed = 0; seed < seed_count(300); seed++) {
        uint64_t random = seed;
        eb_code_t code = EB_ERR_INTERNAL;
        fake_fill(f->board, (uint32_t)(fake_random(&random) % (FLASH_BYTES / 2)), 300000, seed);
        for (int run = 0; run < 10 && code != EB_OK; run++) {
            fake_forget(f->board);
            f->board->seed = seed * 100 + (uint64_t)run;
            f->board->error_rate = rates[seed % 4];
            f->board->frame_bytes = seed % 8 < 4 ? ROM_FRAME : STUB_FRAME;
            f->options.full = seed % 3 == 0;
            if (seed % 25 == 0 && run == 0) {
                f->board->lost_at = 1 + fake_random(&random) % FLASH_BYTES;
            }
            code = back_up(f);
            whole += code == EB_OK && run == 0 ? 1 : 0;
            if (code != EB_OK) {
                assert_int_equal(eb_code_row(code)->exit_status, 4);
                assert_true(eb_fs_exists(f->result.part_path));
                assert_int_equal(folder_count(f->dir, ".bin"), seed);
            }
        }
        assert_int_equal(code, EB_OK);
        assert_image_is_flash(f);
        assert_int_equal(folder_count(f->dir, ".bin"), seed + 1);
        if (seed >= 20) { /* keep the folder small */
            (void)truncate(f->result.image_path, 0);
        }
    }
    assert_true(whole > (unsigned)seed_count(200));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_clean_backup_is_the_flash),
        TEST(full_reads_every_byte),
        TEST(flipped_bits_are_read_again),
        TEST(a_second_backup_reads_only_what_changed),
        TEST(a_wrong_earlier_backup_is_of_no_consequence),
        TEST(since_names_the_earlier_backup_and_must_be_there),
        TEST(a_full_disk_shows_before_the_work),
        TEST(backups_of_one_second_get_names_of_their_own),
        TEST(an_output_is_replaced_only_by_force),
        TEST(an_image_that_appears_meanwhile_is_not_overwritten),
        TEST(an_output_whose_part_is_foreign_is_refused),
        TEST(ranges_are_checked_and_kept_to),
        TEST(what_is_out_of_reach_is_refused_first),
        TEST(an_empty_or_halved_flash_is_warned_of),
        TEST(security_is_told),
        TEST(a_mute_flash_ends_it_at_once),
        TEST(another_board_on_the_port_ends_it),
        TEST(a_hopeless_line_ends_in_bounded_effort),
        TEST(seeded_faults_never_make_a_wrong_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
