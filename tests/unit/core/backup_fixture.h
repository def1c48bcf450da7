/*
 * backup_fixture.h: a board in memory, a folder, and what must be true of a backup that is
 * complete.
 */
#ifndef BACKUP_FIXTURE_H
#define BACKUP_FIXTURE_H

#include "core_fixture.h"
#include "digest.h"
#include "find.h"
#include "fs_atomic.h"
#include "paths.h"
#include "sidecar.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MB          (1024u * 1024u)
#define FLASH_BYTES MB

typedef struct fixture {
    char dir[EB_PATH_BYTES];
    eb_session_t *board;
    watch_t watch;
    eb_backup_options_t options;
    eb_backup_result_t result;
    eb_flash_contents_t contents;
    eb_err_t err;
} fixture_t;

static inline int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof(*f));

    folder_make(f->dir, sizeof(f->dir));
    f->board = fake_new(FLASH_BYTES, 1);
    board_fill_realistic(f->board);
    f->options.dir = f->dir;
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    fixture_t *f = *state;

    folder_remove(f->dir);
    fake_free(f->board);
    free(f);
    return 0;
}

static inline eb_code_t back_up(fixture_t *f)
{
    eb_level_t level = f->watch.ev.max_level; /* a test may want more */

    watch_init(&f->watch, f->board);
    if (level > f->watch.ev.max_level) {
        f->watch.ev.max_level = level;
    }
    memset(&f->err, 0, sizeof(f->err));
    return eb_op_backup(f->board, &f->options, &f->watch.ev, &f->result, &f->contents, &f->err);
}

static inline uint64_t origins_sum(const eb_origins_t *s)
{
    uint64_t sum = 0;

    for (int i = EB_ORIGIN_READ; i < EB_ORIGIN_COUNT; i++) {
        sum += s->bytes[i];
    }
    return sum;
}

/* The image named in the result is the flash, its hashes are right, and every byte of it was sent
 * or hashed by the chip in this run. */
static inline void assert_image_is_flash(const fixture_t *f)
{
    uint8_t *bytes = NULL, sha256[32];
    size_t len = 0;

    assert_int_equal(eb_fs_read_file(f->result.image_path, 64 * MB, &bytes, &len, NULL), EB_OK);
    assert_int_equal(len, f->result.size_bytes);
    assert_memory_equal(bytes, f->board->bytes + f->result.addr, len);
    eb_sha256(bytes, len, sha256);
    assert_memory_equal(sha256, f->result.sha256, sizeof(sha256));
    assert_null(memchr(f->board->told + f->result.addr, 0, len));
    assert_int_equal(origins_sum(&f->result.origins), len);
    free(bytes);
}

static inline void assert_complete(const fixture_t *f, eb_code_t code)
{
    if (code != EB_OK) {
        print_message("error: %s\n", f->err.message);
    }
    assert_int_equal(code, EB_OK);
    assert_true(f->result.verified);
    assert_string_equal(f->result.part_path, "");
    assert_image_is_flash(f);
    assert_int_equal(folder_count(f->dir, ".part"), 0);
    assert_int_equal(folder_count(f->dir, ".journal"), 0);
    assert_int_equal(f->watch.done[EB_PHASE_READ], f->watch.total[EB_PHASE_READ]);
    assert_int_equal(f->watch.total[EB_PHASE_READ], f->result.size_bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
