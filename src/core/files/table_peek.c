#include "table_peek.h"

#include "find.h"
#include "flash_layout.h"
#include "fs_atomic.h"
#include "partition_lookup.h"

#include <stdlib.h>
#include <string.h>

typedef struct open_file {
    int fd;
    const char *path;
} open_file_t;

static eb_code_t read_bytes(void *user, uint32_t addr, uint32_t size, uint8_t *out, eb_err_t *err)
{
    const open_file_t *file = user;

    return eb_fs_pread(file->fd, file->path, out, size, addr, err);
}

static eb_code_t peek_image(const char *path, eb_partition_table_t *table, eb_err_t *err)
{
    open_file_t file = {.path = path};
    eb_layout_t *layout = malloc(sizeof(*layout));
    uint64_t size;

    if (layout == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the table of %s", path);
    }
    eb_code_t code = eb_fs_open_read(path, &file.fd, &size, err);
    if (code == EB_OK) {
        eb_layout_source_t source = {
            .read = read_bytes,
            .user = &file,
            .range = {0, size > UINT32_MAX ? UINT32_MAX : (uint32_t)size},
            .bootloader_addr = EB_PART_ADDR_NOT_KNOWN,
        };
        code = eb_layout_search(&source, NULL, layout, err);
        eb_fs_close(&file.fd);
    }
    if (code == EB_OK) {
        memcpy(table, &layout->table, sizeof(*table));
    }
    free(layout);
    return code;
}

eb_code_t eb_table_peek(const char *image_path, eb_partition_table_t *table, eb_err_t *err)
{
    eb_sidecar_t *sidecar = NULL;

    memset(table, 0, sizeof(*table));
    if (eb_find_sidecar(image_path, &sidecar, NULL) != EB_OK || !sidecar->table.present) {
        free(sidecar);
        return peek_image(image_path, table, err);
    }
    memcpy(table, &sidecar->table, sizeof(*table));
    free(sidecar);
    return EB_OK;
}
