/* The journal: what was written comes back, and a torn or foreign one does no harm. */
#include "core_fixture.h"
#include "find.h"
#include "fs_atomic.h"
#include "journal.h"
#include "paths.h"
#include "range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char dir[EB_PATH_BYTES], path[EB_PATH_BYTES];

static eb_journal_head_t make_head(void)
{
    eb_journal_head_t head = {.started_unix = 1795256100};

    snprintf(head.id.chip, sizeof(head.id.chip), "esp32c3");
    snprintf(head.id.mac, sizeof(head.id.mac), "aa:bb:cc:dd:ee:ff");
    head.id.jedec_id = 0xEF4016;
    head.id.flash_size_bytes = 0x400000;
    head.id.range = (eb_range_t){0x1000, 0x10000};
    return head;
}

static int set_up(void **state)
{
    (void)state;
    folder_make(dir, sizeof(dir));
    return eb_path_join(path, dir, "x.bin.part.journal", NULL) == EB_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

static void make_journal(void)
{
    eb_journal_head_t head = make_head();
    eb_journal_t journal;

    assert_int_equal(eb_journal_create(&journal, path, &head, NULL), EB_OK);
    assert_int_equal(eb_journal_add(&journal, (eb_range_t){0x1000, 0x1000}, EB_ORIGIN_READ, NULL),
                     EB_OK);
    assert_int_equal(eb_journal_add(&journal, (eb_range_t){0x4000, 0x2000}, EB_ORIGIN_ERASED, NULL),
                     EB_OK);
    assert_int_equal(eb_journal_add(&journal, (eb_range_t){0x8000, 0x400}, EB_ORIGIN_NONE, NULL),
                     EB_OK);
    eb_journal_close(&journal);
}

static void what_was_written_comes_back(void **state)
{
    eb_journal_head_t want = make_head(), head;
    eb_verified_map_t left = {0};
    uint64_t end_bytes;

    (void)state;
    make_journal();
    assert_int_equal(eb_journal_load(path, &head, &left, &end_bytes, NULL), EB_OK);
    assert_true(eb_journal_id_equal(&head.id, &want.id));
    assert_int_equal(head.started_unix, want.started_unix);
    assert_int_equal(left.verified_bytes, 0x3400);
    assert_int_equal(left.origin[0], EB_ORIGIN_READ);
    assert_int_equal(left.origin[12], EB_ORIGIN_ERASED);
    assert_int_equal(left.origin[28], EB_ORIGIN_READ); /* received: a guess like any other */
    eb_verified_map_free(&left);
    eb_journal_t journal;
    /* One that nobody holds is made anew. */
    assert_int_equal(eb_journal_resume(&journal, path, &head, NULL, NULL), EB_OK);
    eb_journal_t second;
    assert_int_equal(eb_journal_create(&second, path, &want, NULL), EB_ERR_FILE_ACCESS);
    eb_journal_close(&journal);
    assert_int_equal(eb_journal_create(&second, path, &want, NULL), EB_OK);
    eb_journal_close(&second);
    assert_int_equal(eb_journal_load(path, &head, &left, &end_bytes, NULL), EB_OK);
    assert_int_equal(left.verified_bytes, 0);
    eb_verified_map_free(&left);
}

static void each_field_of_the_identity_counts(void **state)
{
    eb_journal_head_t a = make_head(), b = make_head();

    (void)state;
    assert_true(eb_journal_id_equal(&a.id, &b.id));
    b.id.mac[0] = 'b';
    assert_false(eb_journal_id_equal(&a.id, &b.id));
    b = make_head();
    b.id.chip[5] = 0;
    assert_false(eb_journal_id_equal(&a.id, &b.id));
    b = make_head();
    b.id.jedec_id++;
    assert_false(eb_journal_id_equal(&a.id, &b.id));
    b = make_head();
    b.id.flash_size_bytes *= 2;
    assert_false(eb_journal_id_equal(&a.id, &b.id));
    b = make_head();
    b.id.range.addr++;
    assert_false(eb_journal_id_equal(&a.id, &b.id));
    b = make_head();
    b.id.range.size++;
    assert_false(eb_journal_id_equal(&a.id, &b.id));
}

/* Cut anywhere: either it cannot be understood, or it lists a part of what it listed. */
static void a_torn_journal_lists_less_and_goes_on(void **state)
{
    uint8_t *text;
    size_t len;

    (void)state;
    make_journal();
    assert_int_equal(eb_fs_read_file(path, 4096, &text, &len, NULL), EB_OK);
    for (size_t cut = 0; cut < len; cut++) {
        eb_journal_head_t head;
        eb_verified_map_t left = {0};
        uint64_t end_bytes;
        file_write(dir, "torn", text, cut);
        char torn[EB_PATH_BYTES];
        (void)eb_path_join(torn, dir, "torn", NULL);
        if (eb_journal_load(torn, &head, &left, &end_bytes, NULL) != EB_OK) {
            continue;
        }
        assert_true(end_bytes <= cut);
        assert_true(left.verified_bytes <= 0x3000);
        uint64_t before = left.verified_bytes;
        eb_verified_map_free(&left);
        eb_journal_t journal;
        assert_int_equal(eb_journal_resume(&journal, torn, &head, NULL, NULL), EB_OK);
        assert_int_equal(journal.end_bytes, end_bytes);
        eb_range_t range = {0x10000, 0x400};
        assert_int_equal(eb_journal_add(&journal, range, EB_ORIGIN_EARLIER, NULL), EB_OK);
        eb_journal_close(&journal);
        assert_int_equal(eb_journal_load(torn, &head, &left, &end_bytes, NULL), EB_OK);
        assert_int_equal(left.verified_bytes, before + 0x400);
        eb_verified_map_free(&left);
    }
    free(text);
}

static void what_is_no_journal_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "espbackup-journal 2\n",
        "espbackup-journal 1\nverified\n",
        "espbackup-journal 1\ntool 1\nstarted 1\nchip e\nmac m\njedec 0x000001\nflash 1\nrange 0x0 "
        "0x0\n"
        "verified\n",
        "espbackup-journal 1\ntool 1\nstarted 1\nchip e\nmac m\njedec 0x000001\nflash 1\n"
        "range 0xffffffff 0x2\nverified\n",
        "espbackup-journal 1\ntool 1\nstarted -1\nchip e\nmac m\njedec 0x000001\nflash 1\n"
        "range 0x0 0x1000\nverified\n",
        "espbackup-journal 1\ntool 1\nstarted 1\nchip eeeeeeeeeeeeeeeeeeeeeeeeee\nmac m\njedec "
        "0x000001\n"
        "flash 1\nrange 0x0 0x1000\nverified\n",
        "espbackup-journal 1\nother 1\nverified\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        eb_journal_head_t head;
        uint64_t end_bytes;
        file_write(dir, "x.bin.part.journal", texts[i], strlen(texts[i]));
        assert_int_equal(eb_journal_load(path, &head, NULL, &end_bytes, NULL), EB_ERR_FILE_IO);
    }
}

static void lines_that_say_nonsense_are_passed_over(void **state)
{
    static const char text[] =
        "espbackup-journal 1\ntool 1\nstarted 1\nchip e\nmac m\njedec 0x000001\nflash 65536\n"
        "range 0x0 0x4000\nverified\nread 0x00000000 0x400\nread 0x1FFFFFFFF 0x400\nread 0x400\n"
        "eaten 0x00000000 0x4000\nread -0x1 0x5\nread 0x00003c00 0xffffffff\n"
        "read 0x00000800 0x401 x\nread 0x00000c00 0x400 \nread  0x00001000 0x400\n"
        "read 0x1400 0x400\nread 0x00001800 0x0400\nread 0x00001c00 0x400\r\n"
        "earlier_backup 0x00000800 0x400\n";
    eb_journal_head_t head;
    eb_verified_map_t left = {0};
    uint64_t end_bytes;

    (void)state;
    file_write(dir, "x.bin.part.journal", text, sizeof(text) - 1);
    assert_int_equal(eb_journal_load(path, &head, &left, &end_bytes, NULL), EB_OK);
    assert_int_equal(left.verified_bytes, 0x800);
    eb_verified_map_free(&left);
}

/* As large as a journal may be, of lines that each list all of the largest flash but its end.
 * Without a limit this takes minutes, and the test its time limit. */
static void a_hostile_journal_is_only_so_much_work(void **state)
{
    static const char head[] =
        "espbackup-journal 1\ntool 1\nstarted 1\nchip e\nmac m\njedec 0x000001\n"
        "flash 4294967296\nrange 0x0 0xfffff000\nverified\nread 0x00000000 0x1000\n";
    static const char line[] = "earlier_backup 0x00000000 0xffffe000\n";
    char *text = malloc(EB_JOURNAL_MAX_BYTES);
    size_t len = sizeof(head) - 1;
    eb_journal_head_t got;
    eb_verified_map_t left = {0};
    uint64_t end_bytes;

    (void)state;
    if (seed_step() > 1) {
        free(text);
        skip(); /* it is about time */
    }
    assert_non_null(text);
    memcpy(text, head, len);
    while (len + sizeof(line) <= EB_JOURNAL_MAX_BYTES) {
        memcpy(text + len, line, sizeof(line) - 1);
        len += sizeof(line) - 1;
    }
    file_write(dir, "x.bin.part.journal", text, len);
    assert_int_equal(eb_journal_load(path, &got, &left, &end_bytes, NULL), EB_OK);
    assert_int_equal(end_bytes, len);
    assert_int_equal(left.verified_bytes, 0xffffe000);
    eb_verified_map_free(&left);
    free(text);
}

static void a_later_line_says_more(void **state)
{
    static const char text[] =
        "espbackup-journal 1\ntool 1\nstarted 1\nchip e\nmac m\njedec 0x000001\nflash 65536\n"
        "range 0x0 0x4000\nverified\nread 0x00000000 0x2000\nearlier_backup 0x00001000 0x2000\n";
    eb_journal_head_t head;
    eb_verified_map_t left = {0};
    eb_origins_t totals;
    uint64_t end_bytes;

    (void)state;
    file_write(dir, "x.bin.part.journal", text, sizeof(text) - 1);
    assert_int_equal(eb_journal_load(path, &head, &left, &end_bytes, NULL), EB_OK);
    eb_verified_map_totals(&left, &totals);
    assert_int_equal(totals.bytes[EB_ORIGIN_READ], 0x1000);
    assert_int_equal(totals.bytes[EB_ORIGIN_EARLIER], 0x2000);
    eb_verified_map_free(&left);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_comes_back),
        TEST(each_field_of_the_identity_counts),
        TEST(a_torn_journal_lists_less_and_goes_on),
        TEST(what_is_no_journal_is_refused),
        TEST(lines_that_say_nonsense_are_passed_over),
        TEST(a_later_line_says_more),
        TEST(a_hostile_journal_is_only_so_much_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
