/* Interrupted backups are resumed: by the same board, and by no other. */
#include "backup_fixture.h"

static void a_lost_board_is_taken_up(void **state)
{
    fixture_t *f = *state;

    f->options.full = true;
    f->board->lost_at = FLASH_BYTES / 2;
    assert_int_equal(back_up(f), EB_ERR_PORT_LOST);
    assert_int_equal(eb_code_row(f->err.code)->exit_status, 4);
    assert_true(f->result.part_path[0] != '\0' && eb_fs_exists(f->result.part_path));
    assert_int_equal(folder_count(f->dir, ".bin"), 0);
    assert_int_equal(f->result.image_path[0], '\0');
    assert_false(f->result.verified);
    assert_true(f->result.origins.bytes[EB_ORIGIN_READ] > 0);
    assert_non_null(strstr(f->watch.notes, "kept "));

    fake_forget(f->board);
    assert_complete(f, back_up(f));
    assert_non_null(strstr(f->watch.notes, "resuming "));
    assert_true(f->result.origins.bytes[EB_ORIGIN_RESUMED] >= FLASH_BYTES / 2 - 8192);
    assert_true(f->board->read_bytes <= FLASH_BYTES / 2 + 8192);
}

/* What is said of the secrets is true of the file, whoever has changed it. */
static void who_can_read_it_is_told_by_its_mode(void **state)
{
    static const struct {
        mode_t mode;
        const char *told;
    } cases[] = {
        {0600, "only you can read the file"},
        {0640, "others may read the file, which has mode 0640"},
        {0604, "others may read the file, which has mode 0604"},
    };
    fixture_t *f = *state;

    f->options.full = true;
    f->board->lost_at = FLASH_BYTES / 2;
    assert_int_equal(back_up(f), EB_ERR_PORT_LOST);
    assert_non_null(strstr(f->watch.notes, cases[0].told));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(chmod(f->result.part_path, cases[i].mode), 0);
        fake_forget(f->board);
        f->board->lost_at = 1;
        assert_int_equal(back_up(f), EB_ERR_PORT_LOST);
        assert_non_null(strstr(f->watch.notes, cases[i].told));
    }
}

static void a_board_that_changed_meanwhile_is_read_again(void **state)
{
    fixture_t *f = *state;

    f->options.full = true;
    f->board->lost_at = FLASH_BYTES / 2;
    assert_int_equal(back_up(f), EB_ERR_PORT_LOST);
    fake_forget(f->board);
    fake_fill(f->board, 0x20000, 5000, 5);
    f->board->bytes[0x1003] ^= 0x10;
    assert_complete(f, back_up(f));
    assert_true(f->result.origins.bytes[EB_ORIGIN_RESUMED] > FLASH_BYTES / 4);
}

static void a_part_of_another_board_is_left_alone(void **state)
{
    fixture_t *f = *state;

    f->board->lost_at = 100000;
    assert_int_equal(back_up(f), EB_ERR_PORT_LOST);
    fake_forget(f->board);
    snprintf(f->board->chip.macs[0].text, EB_MAC_TEXT_BYTES, "24:0a:c4:00:00:02");
    f->options.full = true;
    assert_int_equal(back_up(f), EB_OK);
    assert_image_is_flash(f);
    assert_int_equal(f->result.origins.bytes[EB_ORIGIN_RESUMED], 0);
    assert_int_equal(folder_count(f->dir, ".part"), 1);
    assert_int_equal(folder_count(f->dir, ".bin"), 1);
}

static void a_part_that_another_run_holds_is_left_alone(void **state)
{
    fixture_t *f = *state;
    char held[EB_PATH_BYTES];
    int to_child[2], from_child[2];
    char byte = 0;

    f->board->lost_at = 100000;
    assert_int_equal(back_up(f), EB_ERR_PORT_LOST);
    memcpy(held, f->result.part_path, sizeof(held));
    assert_int_equal(pipe(to_child) | pipe(from_child), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd;
        byte = eb_fs_open_part(held, false, &fd, NULL) == EB_OK ? 'y' : 'n';
        _exit(write(from_child[1], &byte, 1) == 1 && read(to_child[0], &byte, 1) == 1 ? 0 : 1);
    }
    assert_int_equal(read(from_child[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    fake_forget(f->board);
    eb_code_t code = back_up(f);
    assert_int_equal(write(to_child[1], &byte, 1), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(code, EB_OK);
    assert_image_is_flash(f);
    assert_int_equal(f->result.origins.bytes[EB_ORIGIN_RESUMED], 0);
    assert_true(eb_fs_exists(held));
    for (int i = 0; i < 2; i++) {
        close(to_child[i]);
        close(from_child[i]);
    }
}

/* Ctrl-C at arbitrary points: each run goes further, the last one is whole. */
static void cancelled_runs_add_up(void **state)
{
    fixture_t *f = *state;
    uint64_t before = 0;
    int runs = 0;

    f->options.full = true;
    for (; runs < 40; runs++) {
        fake_forget(f->board);
        f->board->cancel_at = 50000 + (uint64_t)runs * 3333;
        eb_code_t code = back_up(f);
        if (code == EB_OK) {
            break;
        }
        assert_int_equal(code, EB_ERR_CANCELLED);
        uint64_t now = origins_sum(&f->result.origins);
        assert_int_equal(folder_count(f->dir, ".part"), 1);
        assert_int_equal(folder_count(f->dir, ".bin"), 0);
        assert_true(now > before || runs == 0);
        before = now;
    }
    assert_true(runs > 4 && runs < 40);
    assert_complete(f, EB_OK);
}

/* Killed for good at 40 moments: no image that is not whole, and the next run completes it. */
static void killed_runs_leave_what_the_next_one_completes(void **state)
{
    fixture_t *f = *state;
    uint64_t seed = 4;

    f->options.full = true;
    for (int i = 0; i < 40; i++) {
        pid_t child = fork();
        if (child == 0) {
            (void)back_up(f);
            _exit(0);
        }
        usleep((useconds_t)(fake_random(&seed) % 12000));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        /* A .bin is there only if it is whole. */
        eb_backup_list_t list;
        eb_list_options_t options = {.dir = f->dir, .check = true};
        assert_int_equal(eb_op_list(&options, NULL, &list, &f->err), EB_OK);
        for (size_t k = 0; k < list.count; k++) {
            assert_true(list.entries[k].state == EB_BACKUP_CHECKED ||
                        list.entries[k].state == EB_BACKUP_PARTIAL);
            if (list.entries[k].state == EB_BACKUP_CHECKED) {
                assert_int_equal(list.entries[k].size_bytes, FLASH_BYTES);
            }
        }
        eb_backup_list_free(&list);
    }
    fake_forget(f->board);
    assert_int_equal(back_up(f), EB_OK);
    assert_image_is_flash(f);
    assert_int_equal(folder_count(f->dir, ".journal"), folder_count(f->dir, ".part"));
}

static void a_journal_after_its_image_is_swept_up(void **state)
{
    fixture_t *f = *state;
    char journal[EB_PATH_BYTES];
    uint8_t *text;
    size_t len;

    f->options.full = true;
    f->board->lost_at = 100000;
    assert_int_equal(back_up(f), EB_ERR_PORT_LOST);
    assert_int_equal(eb_path_printf(journal, NULL, "%s.journal", f->result.part_path), EB_OK);
    assert_int_equal(eb_fs_read_file(journal, MB, &text, &len, NULL), EB_OK);
    fake_forget(f->board);
    assert_complete(f, back_up(f));
    /* As a kill between the last rename and the removal leaves it. */
    assert_int_equal(eb_fs_write_file(journal, text, len, true, NULL), EB_OK);
    fake_forget(f->board);
    assert_complete(f, back_up(f));
    assert_int_equal(f->result.origins.bytes[EB_ORIGIN_RESUMED], 0);
    free(text);
}

/* -- a board that was erased meanwhile ------------------------------------------------------- */

/* The .part of the result holds what was on the board up to `size`. */
static void assert_part_is(const fixture_t *f, const uint8_t *bytes, size_t size)
{
    uint8_t *part = NULL;
    size_t len = 0;

    assert_int_equal(eb_fs_read_file(f->result.part_path, 64 * MB, &part, &len, NULL), EB_OK);
    assert_int_equal(len, FLASH_BYTES);
    assert_memory_equal(part, bytes, size);
    free(part);
}

static void assert_found_erased(const fixture_t *f, eb_code_t code)
{
    assert_int_equal(code, EB_ERR_UNVERIFIED);
    assert_int_equal(eb_code_row(f->err.code)->exit_status, 4);
    assert_non_null(strstr(f->err.message, "was erased"));
    assert_non_null(strstr(f->err.hint, f->result.part_path));
    assert_null(strstr(f->watch.notes, "resumes it"));
    assert_int_equal(folder_count(f->dir, ".bin"), 0);
    assert_int_equal(folder_count(f->dir, ".journal"), 1);
}

/* Moved away, as the hint says; then a backup of the erased board is made. */
static void assert_fresh_start(fixture_t *f)
{
    char aside[EB_PATH_BYTES];

    assert_int_equal(eb_path_join(aside, f->dir, "aside", NULL), EB_OK);
    assert_int_equal(rename(f->result.part_path, aside), 0);
    assert_int_equal(back_up(f), EB_OK);
    assert_image_is_flash(f);
}

/* A bit of a request makes an ERASE_FLASH of a READ_FLASH. */
static void what_was_read_survives_an_erase(void **state)
{
    fixture_t *f = *state;
    uint8_t *before = malloc(FLASH_BYTES);
    const size_t saved = 0x30000; /* by two reads, of 64 KiB and twice that */

    fake_fill(f->board, 0, FLASH_BYTES, 3);
    memcpy(before, f->board->bytes, FLASH_BYTES);
    f->options.full = true;
    f->board->damage.erasing_read = 3;
    assert_found_erased(f, back_up(f));
    assert_part_is(f, before, saved);

    /* The next run does not throw it away either, however often. */
    for (int i = 0; i < 2; i++) {
        f->options.full = i == 0;
        fake_forget(f->board);
        assert_found_erased(f, back_up(f));
        assert_part_is(f, before, saved);
    }
    assert_fresh_start(f);
    free(before);
}

/* In a resumed run: bytes that are not compared yet are safe too. */
static void what_a_run_before_read_survives_an_erase(void **state)
{
    fixture_t *f = *state;
    uint8_t *before = malloc(FLASH_BYTES);

    fake_fill(f->board, 0, FLASH_BYTES, 3);
    memcpy(before, f->board->bytes, FLASH_BYTES);
    f->board->lost_at = FLASH_BYTES * 3 / 4;
    assert_int_equal(back_up(f), EB_ERR_PORT_LOST);
    fake_forget(f->board);
    memset(f->board->bytes + 0x20000, 0x55, 0x1000); /* a first read in the midst of it */
    f->board->damage.erasing_read = 1;
    assert_found_erased(f, back_up(f));
    assert_part_is(f, before, 0x20000);
    uint8_t *part = NULL;
    size_t len = 0;
    assert_int_equal(eb_fs_read_file(f->result.part_path, 64 * MB, &part, &len, NULL), EB_OK);
    assert_memory_equal(part + 0x40000, before + 0x40000, FLASH_BYTES / 2 - 0x40000);
    free(part);
    free(before);
}

/* Some of what was saved is erased now, as a program does that keeps its settings in flash. */
static void what_a_program_erased_is_read_again(void **state)
{
    fixture_t *f = *state;

    f->options.full = true;
    f->board->lost_at = FLASH_BYTES / 2;
    assert_int_equal(back_up(f), EB_ERR_PORT_LOST);
    fake_forget(f->board);
    memset(f->board->bytes + 0x9000, 0xFF, 0x2000);
    assert_complete(f, back_up(f));
}

/* "q" and "q.bin" would have one sidecar: a .part of the one is not finished beside the other. */
static void a_part_whose_sidecar_is_of_another_image_is_left_alone(void **state)
{
    fixture_t *f = *state;
    char first[EB_PATH_BYTES], second[EB_PATH_BYTES];
    eb_sidecar_t *sidecar = NULL;

    assert_int_equal(eb_path_join(first, f->dir, "q.bin", NULL), EB_OK);
    assert_int_equal(eb_path_join(second, f->dir, "q", NULL), EB_OK);
    f->options.output = first;
    f->board->lost_at = FLASH_BYTES / 4;
    assert_int_equal(back_up(f), EB_ERR_PORT_LOST);
    fake_forget(f->board);
    f->options.output = second;
    assert_int_equal(back_up(f), EB_OK);
    fake_forget(f->board);
    f->options.output = NULL;
    assert_int_equal(back_up(f), EB_OK);
    assert_string_not_equal(f->result.image_path, first);
    assert_int_equal(eb_find_sidecar(second, &sidecar, NULL), EB_OK);
    assert_string_equal(sidecar->file_name, "q");
    free(sidecar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lost_board_is_taken_up),
        TEST(who_can_read_it_is_told_by_its_mode),
        TEST(a_board_that_changed_meanwhile_is_read_again),
        TEST(what_was_read_survives_an_erase),
        TEST(what_a_run_before_read_survives_an_erase),
        TEST(what_a_program_erased_is_read_again),
        TEST(a_part_of_another_board_is_left_alone),
        TEST(a_part_that_another_run_holds_is_left_alone),
        TEST(a_part_whose_sidecar_is_of_another_image_is_left_alone),
        TEST(cancelled_runs_add_up),
        TEST(killed_runs_leave_what_the_next_one_completes),
        TEST(a_journal_after_its_image_is_swept_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
