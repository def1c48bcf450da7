#include "backup_image.h"

#include "bytes.h"
#include "find.h"
#include "hash_file.h"
#include "partition_lookup.h"
#include "partition_types.h"
#include "paths.h"

#include <stdlib.h>
#include <string.h>

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
    eb_code_t code = eb_fs_open_read(out->path, &out->fd, &out->size_bytes, err);
    if (code == EB_OK && out->size_bytes == 0) {
        code = eb_err_set(err, EB_ERR_IMAGE_INVALID, "%s is empty", out->path);
    }
    return code;
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

static eb_code_t read_and_keep(void *user, uint64_t offset, uint8_t *bytes, uint32_t size,
                               eb_err_t *err)
{
    eb_backup_image_t *image = user;
    eb_code_t code = eb_fs_pread(image->fd, image->path, bytes, size, offset, err);

    if (code == EB_OK) {
        eb_unit_digests_keep(&image->digests, offset, bytes, size);
    }
    return code;
}

static eb_code_t check_hash(eb_backup_image_t *out, const eb_events_t *ev, eb_err_t *err)
{
    char is[2 * EB_SHA256_BYTES + 1], expected[2 * EB_SHA256_BYTES + 1];
    eb_code_t code = eb_unit_digests_init(&out->digests, 0, out->size_bytes, EB_SECTOR_BYTES, err);

    if (code != EB_OK || (code = eb_hash_bytes(read_and_keep, out, 0, out->size_bytes, ev,
                                               out->sha256, NULL, err)) != EB_OK) {
        return code;
    }
    if (out->sidecar != NULL &&
        memcmp(out->sha256, out->sidecar->sha256, sizeof(out->sha256)) != 0) {
        eb_hex_encode(out->sha256, sizeof(out->sha256), is);
        eb_hex_encode(out->sidecar->sha256, sizeof(out->sha256), expected);
        return eb_err_set(err, EB_ERR_IMAGE_INVALID,
                          "%s was changed: its SHA-256 is %s, the sidecar says %s", out->path, is,
                          expected);
    }
    out->hash_checked = out->sidecar != NULL;
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
        .chip = sidecar != NULL ? &sidecar->chip : NULL,
    };
}

/* -- where it lies -------------------------------------------------------------------------- */

/* What a bare image shows of its place by itself. */
typedef struct own_place {
    const char *chip; /* whose bootloader it has; NULL: nothing is shown */
    uint32_t boot_addr, start;
} own_place_t;

/* Whether it has a partition table when it starts at out->addr. An address of the table that is
 * given may be its place in the file. */
static eb_code_t has_table(eb_backup_image_t *out, uint32_t table_addr, bool *found, eb_err_t *err)
{
    const uint32_t places[] = {0, table_addr, table_addr + out->addr};
    size_t count = table_addr != 0 ? EB_COUNT_OF(places) : 1;
    eb_code_t code = EB_OK;

    *found = false;
    for (size_t i = 0; i < count && code == EB_OK && !*found; i++) {
        eb_layout_source_t source = eb_backup_image_layout(out);
        eb_layout_t layout;
        source.table_addr = places[i];
        code = eb_layout_search(&source, NULL, &layout, err);
        *found = code == EB_OK && (layout.table.present || layout.table.damaged);
    }
    return code;
}

/* A program at its start, or where a whole flash has its bootloader, is the bootloader if a table
 * follows: an app has none. */
static eb_code_t find_place(eb_backup_image_t *out, uint32_t table_addr, own_place_t *place,
                            eb_err_t *err)
{
    uint8_t bytes[EB_APP_IMAGE_PEEK_BYTES];
    eb_app_image_t header;
    bool found = false;
    eb_code_t code = EB_OK;

    *place = (own_place_t){0};
    for (uint32_t at = 0; at < EB_PARTITION_TABLE_ADDR && code == EB_OK && !found;
         at += EB_SECTOR_BYTES) {
        if (!eb_range_within(at, sizeof(bytes), out->size_bytes)) {
            break;
        }
        code = eb_fs_pread(out->fd, out->path, bytes, sizeof(bytes), at, err);
        if (code != EB_OK) {
            break;
        }
        eb_app_image_peek(bytes, sizeof(bytes), &header);
        place->chip = header.state == EB_IMAGE_UNCHECKED
                          ? eb_chip_bootloader(header.chip_id, &place->boot_addr)
                          : NULL;
        if (place->chip != NULL && (at == 0 || at == place->boot_addr)) {
            out->addr = place->start = place->boot_addr - at;
            code = has_table(out, table_addr, &found, err);
        }
    }
    if (!found) {
        place->chip = NULL;
    }
    return code;
}

static eb_code_t choose_address(eb_backup_image_t *out, const eb_image_request_t *request,
                                eb_err_t *err)
{
    out->addr = request->has_address ? request->address : 0;
    if (out->sidecar != NULL) {
        out->addr = out->sidecar->addr;
        if (request->has_address && request->address != out->addr) {
            return eb_err_set(err, EB_ERR_USAGE,
                              "address 0x%x: the sidecar of %s says that it lies at 0x%x",
                              request->address, out->path, out->addr);
        }
    }
    if (!eb_range_within(out->addr, out->size_bytes, ADDR_SPACE)) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "address 0x%x: the %llu bytes of %s reach beyond 4 GiB from there",
                          out->addr, (unsigned long long)out->size_bytes, out->path);
    }
    return EB_OK;
}

/* A copy of a flash may be data within another flash, so that an address that is given counts. With
 * a table it does not: the table would give the names of its partitions to other bytes. */
static eb_code_t check_place(const eb_backup_image_t *out, const eb_image_request_t *request,
                             const own_place_t *place, const eb_events_t *ev, eb_err_t *err)
{
    eb_err_t why = {0};

    if (place->chip == NULL || place->start == out->addr) {
        return EB_OK;
    }
    (void)eb_err_set(&why, EB_ERR_USAGE,
                     "%s has the bootloader of an %s, which belongs at 0x%x: the file starts at "
                     "0x%x of the flash, not at 0x%x",
                     out->path, place->chip, place->boot_addr, place->start, out->addr);
    if (request->has_address && out->table == NULL) {
        eb_event_note(ev, EB_LEVEL_WARNING, "%s", why.message);
        return EB_OK;
    }
    eb_err_hint(&why, "0x%x", place->start);
    eb_err_reason(&why, EB_REASON_STARTS_AT);
    return eb_err_copy(err, &why);
}

/* The layout, of what lies at its place. */
static eb_code_t look_inside(eb_backup_image_t *out, const eb_image_request_t *request,
                             const eb_events_t *ev, eb_err_t *err)
{
    own_place_t place = {0};
    eb_code_t code = EB_OK;

    if ((out->sidecar == NULL &&
         (code = find_place(out, request->table_addr, &place, err)) != EB_OK) ||
        (code = choose_address(out, request, err)) != EB_OK) {
        return code;
    }
    eb_layout_source_t source = eb_backup_image_layout(out);
    source.table_addr = request->table_addr != 0 ? request->table_addr : source.table_addr;
    bool misplaced = place.chip != NULL && place.start != out->addr;
    code = eb_layout_search(&source, misplaced ? NULL : ev, &out->layout, err);
    out->table = code == EB_OK && out->layout.table.present ? &out->layout.table : NULL;
    return code == EB_OK ? check_place(out, request, &place, ev, err) : code;
}

eb_code_t eb_backup_image_open(const eb_image_request_t *request, const eb_events_t *ev,
                               eb_backup_image_t *out, eb_err_t *err)
{
    memset(out, 0, sizeof(*out));
    out->fd = -1;
    eb_code_t code = eb_find_backup(request->dir, request->backup, out->path, err);
    if (code == EB_OK && (code = open_file(out, err)) == EB_OK &&
        (code = load_sidecar(out, err)) == EB_OK && (code = check_hash(out, ev, err)) == EB_OK) {
        code = look_inside(out, request, ev, err);
    }
    return code;
}

void eb_backup_image_close(eb_backup_image_t *source)
{
    if (source == NULL) {
        return;
    }
    eb_fs_close(&source->fd);
    eb_unit_digests_free(&source->digests);
    free(source->sidecar);
    source->sidecar = NULL;
    source->table = NULL;
}

/* The unit at the offset `start`, and whether it is still what was checked. */
static eb_code_t read_unit(const eb_backup_image_t *source, uint64_t start, uint32_t size,
                           uint8_t bytes[EB_SECTOR_BYTES], eb_err_t *err)
{
    eb_code_t code = eb_fs_pread(source->fd, source->path, bytes, size, start, err);

    if (code == EB_OK && eb_unit_digests_match(&source->digests, start, bytes)) {
        return EB_OK;
    }
    if (code == EB_OK || err->os_errno == 0) { /* other bytes, or cut short */
        code = eb_err_set(err, EB_ERR_IMAGE_INVALID,
                          "%s was changed while it was used: the bytes at 0x%llx are not those "
                          "that were checked",
                          source->path, (unsigned long long)(source->addr + start));
        eb_err_hint(err, "use another backup, and let nothing change its file");
    }
    return code;
}

eb_code_t eb_backup_image_read(const eb_backup_image_t *source, uint32_t addr, void *bytes,
                               uint32_t size, eb_err_t *err)
{
    uint8_t unit[EB_SECTOR_BYTES], *to = bytes;
    eb_err_t why = {0};
    uint32_t count;

    if (!eb_backup_image_holds(source, addr, size)) {
        return eb_err_set(err, EB_ERR_INTERNAL, "0x%x + 0x%x does not lie in %s", addr, size,
                          source->path);
    }
    const uint64_t from = addr - source->addr, end = from + size;
    for (uint64_t at = from; at < end; at += count) {
        const uint64_t start = eb_unit_digests_unit(&source->digests, at, &count);
        if (read_unit(source, start, count, unit, &why) != EB_OK) {
            return eb_err_copy(err, &why);
        }
        count = (uint32_t)(eb_min_u64(start + count, end) - at);
        memcpy(to + (at - from), unit + (at - start), count);
    }
    return EB_OK;
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
