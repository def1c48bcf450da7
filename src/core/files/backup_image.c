#include "backup_image.h"

#include "bytes.h"
#include "find.h"
#include "hash_file.h"
#include "partition_lookup.h"
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ADDR_SPACE (UINT64_C(1) << 32)

/* -- opening -------------------------------------------------------------------------------- */

static eb_code_t open_file(eb_backup_image_t *out, eb_err_t *err)
{
    if (eb_path_has_suffix(out->path, EB_PATH_PART_SUFFIX)) {
        (void)eb_err_set(err, EB_ERR_IMAGE_INVALID, "%s is a backup that is not finished",
                         out->path);
        eb_err_hint(err, "back the board up again: that resumes it");
        return EB_ERR_IMAGE_INVALID;
    }
    out->fd = open(out->path, O_RDONLY | O_CLOEXEC);
    if (out->fd < 0) {
        return eb_fs_error(err, errno, "open", out->path);
    }
    eb_code_t code = eb_fs_stamp(out->fd, out->path, &out->stamp, err);
    if (code != EB_OK) {
        return code;
    }
    if (out->stamp.size_bytes == 0) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID, "%s is empty", out->path);
    }
    out->size_bytes = out->stamp.size_bytes;
    return EB_OK;
}

static eb_code_t load_sidecar(eb_backup_image_t *out, eb_err_t *err)
{
    eb_err_t why = {0};
    eb_code_t code = eb_find_sidecar(out->path, &out->sidecar, &why);

    if (code != EB_OK) {
        return code == EB_ERR_BACKUP_NOT_FOUND ? EB_OK : eb_err_copy(err, &why);
    }
    if (out->size_bytes != out->sidecar->size_bytes) {
        return eb_err_set(err, EB_ERR_IMAGE_INVALID, "%s is %llu bytes long, its sidecar says %llu",
                          out->path, (unsigned long long)out->size_bytes,
                          (unsigned long long)out->sidecar->size_bytes);
    }
    return EB_OK;
}

static eb_code_t choose_address(eb_backup_image_t *out, bool has_address, uint32_t address,
                                eb_err_t *err)
{
    out->addr = has_address ? address : 0;
    if (out->sidecar != NULL) {
        out->addr = out->sidecar->addr;
        if (has_address && address != out->addr) {
            return eb_err_set(err, EB_ERR_USAGE,
                              "address 0x%x: the sidecar of %s says that it lies at 0x%x", address,
                              out->path, out->addr);
        }
    }
    if (!eb_range_within(out->addr, out->size_bytes, ADDR_SPACE)) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "address 0x%x: the %llu bytes of %s reach beyond 4 GiB from there",
                          out->addr, (unsigned long long)out->size_bytes, out->path);
    }
    return EB_OK;
}

static eb_code_t check_hash(eb_backup_image_t *out, const eb_events_t *ev, eb_err_t *err)
{
    uint8_t sha256[EB_SHA256_BYTES];
    char is[2 * EB_SHA256_BYTES + 1], expected[2 * EB_SHA256_BYTES + 1];

    if (out->sidecar == NULL) {
        return EB_OK;
    }
    eb_code_t code = eb_hash_file(out->fd, out->path, 0, out->size_bytes, ev, sha256, NULL, err);
    if (code != EB_OK) {
        return code;
    }
    if (memcmp(sha256, out->sidecar->sha256, sizeof(sha256)) != 0) {
        eb_hex_encode(sha256, sizeof(sha256), is);
        eb_hex_encode(out->sidecar->sha256, sizeof(sha256), expected);
        return eb_err_set(err, EB_ERR_IMAGE_INVALID,
                          "%s was changed: its SHA-256 is %s, the sidecar says %s", out->path, is,
                          expected);
    }
    out->hash_checked = true;
    return EB_OK;
}

/* -- what is in it -------------------------------------------------------------------------- */

eb_code_t eb_backup_image_bytes(void *user, uint32_t addr, uint32_t size, uint8_t *bytes,
                                eb_err_t *err)
{
    return eb_backup_image_read(user, addr, bytes, size, err);
}

eb_layout_source_t eb_backup_image_layout(eb_backup_image_t *source)
{
    const eb_sidecar_t *sidecar = source->sidecar;
    uint32_t size = source->size_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)source->size_bytes;

    return (eb_layout_source_t){
        .read = eb_backup_image_bytes,
        .user = source,
        .range = {source->addr, size},
        .flash_size_bytes = sidecar != NULL ? sidecar->flash.size_bytes : 0,
        .table_addr = sidecar != NULL && sidecar->table.present ? sidecar->table.addr : 0,
        .bootloader_addr = sidecar != NULL ? sidecar->chip.bootloader_addr : EB_PART_ADDR_NOT_KNOWN,
    };
}

eb_code_t eb_backup_image_open(const char *backup, const char *dir, bool has_address,
                               uint32_t address, const eb_events_t *ev, eb_backup_image_t *out,
                               eb_err_t *err)
{
    memset(out, 0, sizeof(*out));
    out->fd = -1;
    eb_code_t code = eb_find_backup(dir, backup, out->path, err);
    if (code == EB_OK && (code = open_file(out, err)) == EB_OK &&
        (code = load_sidecar(out, err)) == EB_OK &&
        (code = choose_address(out, has_address, address, err)) == EB_OK &&
        (code = check_hash(out, ev, err)) == EB_OK) {
        eb_layout_source_t source = eb_backup_image_layout(out);
        code = eb_layout_search(&source, ev, &out->layout, err);
        out->table = code == EB_OK && out->layout.table.present ? &out->layout.table : NULL;
    }
    return code;
}

void eb_backup_image_close(eb_backup_image_t *source)
{
    if (source == NULL) {
        return;
    }
    if (source->fd >= 0) {
        (void)close(source->fd);
        source->fd = -1;
    }
    free(source->sidecar);
    source->sidecar = NULL;
    source->table = NULL;
}

eb_code_t eb_backup_image_read(const eb_backup_image_t *source, uint32_t addr, void *bytes,
                               uint32_t size, eb_err_t *err)
{
    if (!eb_backup_image_holds(source, addr, size)) {
        return eb_err_set(err, EB_ERR_INTERNAL, "0x%x + 0x%x does not lie in %s", addr, size,
                          source->path);
    }
    eb_fs_stamp_t now;
    eb_err_t why = {0};
    eb_code_t code = eb_fs_pread(source->fd, source->path, bytes, size, addr - source->addr, &why);
    /* After the read: what came before it shows too. A file cut short has failed to be read. */
    if (eb_fs_stamp(source->fd, source->path, &now, NULL) == EB_OK &&
        (now.size_bytes != source->stamp.size_bytes ||
         now.modified_ns != source->stamp.modified_ns ||
         now.changed_ns != source->stamp.changed_ns)) {
        (void)eb_err_set(&why, EB_ERR_IMAGE_INVALID, "%s was changed while it was used",
                         source->path);
        eb_err_hint(&why, "use another backup, and let nothing change its file");
        code = EB_ERR_IMAGE_INVALID;
    }
    return code == EB_OK ? EB_OK : eb_err_copy(err, &why);
}

const eb_partition_table_t *eb_backup_image_table(const eb_backup_image_t *image)
{
    if (image->table != NULL) {
        return image->table;
    }
    return image->sidecar != NULL && image->sidecar->table.present ? &image->sidecar->table : NULL;
}

eb_areas_t eb_areas_of_image(const eb_backup_image_t *source)
{
    const eb_sidecar_t *sidecar = source->sidecar;
    eb_areas_t areas = {.table = eb_backup_image_table(source)};

    if (sidecar != NULL) {
        areas.bootloader_addr = sidecar->chip.bootloader_addr;
        if (sidecar->partition[0] != '\0') {
            areas.label = sidecar->partition;
            areas.only = (eb_range_t){sidecar->addr, (uint32_t)sidecar->size_bytes};
        }
    }
    return areas;
}
