/* format_vectors.h: the files of vectors/, which make_vectors.py made with foreign tools. */
#ifndef EB_TESTS_FORMAT_VECTORS_H
#define EB_TESTS_FORMAT_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Any text file of the source tree, or vector: malloc'd, with a NUL behind its end. */
static inline uint8_t *load_file(const char *path_below_tests, size_t *len)
{
    char path[1024];
    uint8_t *bytes = malloc(256 * 1024);
    FILE *file;

    snprintf(path, sizeof(path), "%s/../%s", EB_TEST_DATA_DIR, path_below_tests);
    file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s cannot be opened", path);
    }
    assert_non_null(bytes);
    *len = fread(bytes, 1, 256 * 1024 - 1, file);
    bytes[*len] = 0;
    fclose(file);
    return bytes;
}

static inline uint8_t *load_vector(const char *name, size_t *len)
{
    char path[256];

    snprintf(path, sizeof(path), "unit/format/vectors/%s", name);
    return load_file(path, len);
}

#define assert_message_has(err, words)                                                             \
    do {                                                                                           \
        if (strstr((err).message, (words)) == NULL) {                                              \
            fail_msg("\"%s\" does not say \"%s\"", (err).message, (words));                        \
        }                                                                                          \
    } while (0)

#endif
