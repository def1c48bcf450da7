/*
 * stub_embedded.h: the stubs that the build put into the program (see src/stubs/stubs.cmake).
 */
#ifndef EB_DEVICE_STUB_EMBEDDED_H
#define EB_DEVICE_STUB_EMBEDDED_H

#include <stddef.h>

typedef struct eb_stub_file {
    const char *name; /* as eb_chip_row_t.id */
    const char *json; /* NUL-terminated */
    size_t len;
} eb_stub_file_t;

extern const eb_stub_file_t eb_stub_files[];
extern const size_t eb_stub_file_count; /* 0: built without stubs, ROM bootloader only */
extern const char *const eb_stub_files_version;

#endif
