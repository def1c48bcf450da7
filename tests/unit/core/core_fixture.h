/* core_fixture.h: what the tests of the core share: a folder, events that are watched, an image. */
#ifndef CORE_FIXTURE_H
#define CORE_FIXTURE_H

#include "espbackup/event.h"
#include "espbackup/ops.h"
#include "fake_session.h"
#include "seeds.h"

#define NOTES_BYTES 8192

/* Asserts that each phase runs from 0 up to a total that stays, and never back. */
typedef struct watch {
    eb_events_t ev;
    eb_session_t *session; /* its cancel_at is asked; NULL: none */
    const char *make_file; /* made when reading begins, by another program; NULL: none */
    bool started[EB_PHASE_HASH + 1];
    uint64_t done[EB_PHASE_HASH + 1], total[EB_PHASE_HASH + 1];
    char notes[NOTES_BYTES]; /* all of them, a line each */
} watch_t;

void watch_init(watch_t *watch, eb_session_t *session);

/* A new folder for the test, and its end. */
void folder_make(char *path, size_t cap);
void folder_remove(const char *path);
void file_write(const char *dir, const char *name, const void *bytes, size_t len);
size_t folder_count(const char *dir, const char *suffix);

/* An application image at `at`, as large as it says; its length. */
uint32_t app_put(uint8_t *at, uint32_t data_bytes, const char *version, uint64_t seed);
/* An entry of a partition table, and where the next one goes; the MD5 entry behind the last one. */
uint8_t *table_put_entry(uint8_t *at, uint8_t type, uint8_t subtype, uint32_t addr, uint32_t size,
                         const char *label);
void table_put_md5(const uint8_t *table, uint8_t *at);

/* Bootloader, table and two app slots as on a board in use: about a third of 1 MB is not erased. */
void board_fill_realistic(eb_session_t *s);

#endif
