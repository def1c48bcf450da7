#include "partition_fixture.h"

#include "digest.h"
#include "find.h"
#include "fs_atomic.h"
#include "paths.h"
#include "sidecar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof(*f));

    folder_make(f->dir, sizeof(f->dir));
    f->board = fake_new(FLASH_BYTES, 1);
    board_fill_realistic(f->board);
    f->options.dir = f->dir;
    f->options.select.names = f->names;
    *state = f;
    return 0;
}

int tear_down(void **state)
{
    fixture_t *f = *state;

    eb_partition_backup_result_free(&f->result);
    folder_remove(f->dir);
    fake_free(f->board);
    free(f);
    return 0;
}

eb_code_t back_up(fixture_t *f, eb_session_t *s)
{
    eb_partition_backup_result_free(&f->result);
    watch_init(&f->watch, s);
    memset(&f->err, 0, sizeof(f->err));
    return eb_op_backup_partition(s, &f->options, &f->watch.ev, &f->result, &f->err);
}

void name(fixture_t *f, const char *label)
{
    f->names[f->options.select.name_count++] = label;
}

void assert_file(const fixture_t *f, size_t index, uint32_t addr, uint32_t size, const char *label,
                 const char *word)
{
    assert_true(index < f->result.count);
    const eb_backup_result_t *file = &f->result.files[index];
    uint8_t *bytes = NULL, sha256[32];
    size_t len = 0;
    char start[64];
    eb_sidecar_t *sidecar = NULL;

    assert_true(file->verified);
    assert_string_equal(file->partition, label);
    assert_int_equal(file->addr, addr);
    assert_int_equal(file->size_bytes, size);
    assert_int_equal(eb_fs_read_file(file->image_path, FLASH_BYTES, &bytes, &len, NULL), EB_OK);
    assert_int_equal(len, size);
    assert_memory_equal(bytes, f->board->bytes + addr, size);
    eb_sha256(bytes, len, sha256);
    assert_memory_equal(sha256, file->sha256, sizeof(sha256));
    free(bytes);
    (void)snprintf(start, sizeof(start), "/esp32_%s_20", word);
    assert_non_null(strstr(file->image_path, start));
    assert_int_equal(eb_find_sidecar(file->image_path, &sidecar, NULL), EB_OK);
    assert_string_equal(sidecar->partition, label);
    assert_int_equal(sidecar->addr, addr);
    assert_int_equal(sidecar->size_bytes, size);
    assert_memory_equal(sidecar->sha256, sha256, sizeof(sha256));
    assert_string_equal(sidecar->chip.macs[0].text, "24:0a:c4:00:00:01");
    assert_string_equal(file->part_path, "");
    free(sidecar);
}

void assert_nothing_left_over(const fixture_t *f)
{
    assert_int_equal(folder_count(f->dir, ".bin"), f->result.count);
    assert_int_equal(folder_count(f->dir, "_info.json"), f->result.count);
    assert_int_equal(folder_count(f->dir, ".part"), 0);
    assert_int_equal(folder_count(f->dir, ".journal"), 0);
}

void assert_ok(const fixture_t *f, eb_code_t code, size_t count)
{
    if (code != EB_OK) {
        print_message("error: %s\n", f->err.message);
    }
    assert_int_equal(code, EB_OK);
    assert_int_equal(f->result.count, count);
    assert_int_equal(f->watch.done[EB_PHASE_READ], f->watch.total[EB_PHASE_READ]);
}
