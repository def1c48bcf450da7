/* partition_fixture.h: what the tests of backup-partition share: a board, options, and the check of
 * a file that came out. */
#ifndef PARTITION_FIXTURE_H
#define PARTITION_FIXTURE_H

#include "core_fixture.h"

#define FLASH_BYTES (1024u * 1024u)

typedef struct fixture {
    char dir[EB_PATH_BYTES];
    eb_session_t *board; /* filled as a board in use */
    watch_t watch;
    const char *names[4];
    eb_partition_backup_options_t options; /* nothing selected */
    eb_partition_backup_result_t result;
    eb_err_t err;
} fixture_t;

int set_up(void **state);
int tear_down(void **state);

/* Add a name to what is selected. */
void name(fixture_t *f, const char *label);
/* Run; s NULL: without a board. */
eb_code_t back_up(fixture_t *f, eb_session_t *s);

/* It worked and made `count` files. */
void assert_ok(const fixture_t *f, eb_code_t code, size_t count);
/* File number `index` is these bytes of the flash, verified, named and described. */
void assert_file(const fixture_t *f, size_t index, uint32_t addr, uint32_t size, const char *label,
                 const char *word);
/* The folder holds the files of the result and nothing else. */
void assert_nothing_left_over(const fixture_t *f);

#endif
