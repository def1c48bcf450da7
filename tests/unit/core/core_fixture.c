#include "core_fixture.h"

#include "bytes.h"
#include "digest.h"
#include "find.h"
#include "paths.h"
#include "range.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

eb_code_t eb_session_need_flash(const eb_session_t *s, eb_err_t *err)
{
    if (!s->flash.known) {
        return eb_err_set(err, EB_ERR_FLASH_MUTE, "flash answers 0xFFFFFF");
    }
    return EB_OK;
}

/* Every loader of the fake board can read. */
eb_code_t eb_session_need_read(const eb_session_t *s, eb_err_t *err)
{
    return eb_session_need_flash(s, err);
}

const char *eb_chip_name(const char *id)
{
    return strcmp(id, "esp32") == 0 ? "ESP32" : "";
}

uint64_t eb_session_reach(const eb_session_t *s)
{
    return s->reach_bytes != 0 ? s->reach_bytes : s->flash.size_bytes;
}

eb_code_t eb_session_check_range(const eb_session_t *s, uint64_t addr, uint64_t size, eb_err_t *err)
{
    eb_code_t code = eb_session_need_flash(s, err);

    if (code != EB_OK) {
        return code;
    }
    if (size == 0 || !eb_range_within(addr, size, s->flash.size_bytes)) {
        code = EB_ERR_USAGE;
    } else if (!eb_range_within(addr, size, eb_session_reach(s))) {
        code = EB_ERR_UNSUPPORTED;
    }
    return code == EB_OK ? EB_OK
                         : eb_err_set(err, code, "range 0x%llx + 0x%llx does not lie within",
                                      (unsigned long long)addr, (unsigned long long)size);
}

static void on_note(void *user, eb_level_t level, const char *text)
{
    watch_t *watch = user;
    size_t used = strlen(watch->notes);

    (void)level;
    (void)snprintf(watch->notes + used, sizeof(watch->notes) - used, "%s\n", text);
}

static void on_progress(void *user, const eb_progress_t *progress)
{
    watch_t *watch = user;
    eb_phase_t phase = progress->phase;

    assert_true(progress->done <= progress->total);
    bool once = phase == EB_PHASE_READ || phase == EB_PHASE_ERASE || phase == EB_PHASE_WRITE ||
                phase == EB_PHASE_VERIFY;
    if (watch->started[phase] && once) {
        assert_true(progress->done >= watch->done[phase]);
        assert_int_equal(progress->total, watch->total[phase]);
    } else if (!watch->started[phase]) {
        assert_int_equal(progress->done, 0);
    }
    if (phase == EB_PHASE_READ && watch->make_file != NULL) {
        FILE *file = fopen(watch->make_file, "wb");
        assert_true(file != NULL && fputs("precious", file) >= 0 && fclose(file) == 0);
        watch->make_file = NULL;
    }
    watch->started[phase] = true;
    watch->done[phase] = progress->done;
    watch->total[phase] = progress->total;
}

static bool on_cancelled(void *user)
{
    watch_t *watch = user;
    eb_session_t *s = watch->session;

    return s != NULL && s->cancel_at != 0 && s->wire_bytes >= s->cancel_at;
}

void watch_init(watch_t *watch, eb_session_t *session)
{
    memset(watch, 0, sizeof(*watch));
    watch->session = session;
    watch->ev = (eb_events_t){watch, on_note, on_progress, on_cancelled, EB_LEVEL_NOTE};
}

void folder_make(char *path, size_t cap)
{
    /* Hundreds of images are synced: a disk in memory spares minutes. */
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    (void)snprintf(path, cap, "%s/espbackup-core-XXXXXX", base);
    assert_non_null(mkdtemp(path));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void folder_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void file_write(const char *dir, const char *name, const void *bytes, size_t len)
{
    char path[EB_PATH_BYTES];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

size_t folder_count(const char *dir, const char *suffix)
{
    eb_file_names_t names;

    assert_int_equal(eb_find_names(dir, suffix, &names, NULL), EB_OK);
    size_t count = names.count;
    eb_file_names_free(&names);
    return count;
}

/* An application image of one segment with a description, checksum and hash as the tools make it.
 */
uint32_t app_put(uint8_t *at, uint32_t data_bytes, const char *version, uint64_t seed)
{
    uint8_t sum = 0xEF;

    memset(at, 0, 32);
    at[0] = 0xE9;
    at[1] = 1;
    at[2] = 2;
    at[3] = 0x20;
    eb_put_le32(at + 4, 0x40081000);
    at[23] = 1;
    eb_put_le32(at + 24, 0x3F400020);
    eb_put_le32(at + 28, data_bytes);
    for (uint32_t i = 0; i < data_bytes; i++) {
        at[32 + i] = (uint8_t)(fake_random(&seed) >> 40);
    }
    memset(at + 32, 0, 256);
    eb_put_le32(at + 32, 0xABCD5432);
    (void)snprintf((char *)at + 32 + 16, 32, "%s", version);
    (void)snprintf((char *)at + 32 + 48, 32, "blink");
    for (uint32_t i = 0; i < data_bytes; i++) {
        sum ^= at[32 + i];
    }
    uint32_t len = 32 + data_bytes;
    uint32_t padded = len + 16 - len % 16;
    memset(at + len, 0, padded - len);
    at[padded - 1] = sum;
    eb_sha256(at, padded, at + padded);
    return padded + 32;
}

uint8_t *table_put_entry(uint8_t *at, uint8_t type, uint8_t subtype, uint32_t addr, uint32_t size,
                         const char *label)
{
    memset(at, 0, 32);
    at[0] = 0xAA;
    at[1] = 0x50;
    at[2] = type;
    at[3] = subtype;
    eb_put_le32(at + 4, addr);
    eb_put_le32(at + 8, size);
    (void)snprintf((char *)at + 12, 16, "%s", label);
    return at + 32;
}

void table_put_md5(const uint8_t *table, uint8_t *at)
{
    memset(at, 0xFF, 16);
    at[0] = at[1] = 0xEB;
    eb_md5(table, (size_t)(at - table), at + 16);
}

void board_fill_realistic(eb_session_t *s)
{
    uint8_t *table = s->bytes + 0x8000, *at = table;

    memset(s->bytes, 0xFF, s->flash.size_bytes);
    (void)app_put(s->bytes + 0x1000, 20000, "boot", 11);
    at = table_put_entry(at, 1, 2, 0x9000, 0x5000, "nvs");
    at = table_put_entry(at, 1, 0, 0xE000, 0x2000, "otadata");
    at = table_put_entry(at, 0, 0x10, 0x10000, 0x60000, "ota_0");
    at = table_put_entry(at, 0, 0x11, 0x70000, 0x60000, "ota_1");
    at = table_put_entry(at, 1, 0x82, 0xD0000, 0x30000, "storage");
    table_put_md5(table, at);
    fake_fill(s, 0x9000, 0x1800, 12);
    (void)app_put(s->bytes + 0x10000, 200000, "1.4.2", 13);
    fake_fill(s, 0xD0000, 0x5000, 14);
    fake_fill(s, 0xD9000, 0x2000, 15);
}

/* Of the device layer, as the sessions are: a chip with its bootloader at 0x1000, and one at 0. */
const char *eb_chip_bootloader(uint32_t chip_id, uint32_t *addr)
{
    *addr = chip_id == 0 ? 0x1000 : 0;
    return chip_id == 0 ? "ESP32" : chip_id == 5 ? "ESP32-C3" : NULL;
}
