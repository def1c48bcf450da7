/* render_json_backup.c: backups, made and found, as JSON. */
#include "bytes.h"
#include "origin_ranges.h"
#include "render_json.h"

static void add_known(eb_json_t *node, const char *key, const char *text)
{
    if (text[0] == '\0') {
        eb_json_add_null(node, key);
    } else {
        eb_json_add_text(node, key, text);
    }
}

void eb_json_backup(eb_json_t *root, const eb_backup_result_t *result)
{
    char hex[2 * EB_SHA256_BYTES + 1];

    eb_json_add_bool(root, "verified", result->verified);
    if (result->image_path[0] == '\0') {
        if (result->part_path[0] != '\0') {
            eb_json_add_text(root, "part", result->part_path);
        } else {
            eb_json_add_null(root, "part");
        }
        return;
    }
    eb_json_add_text(root, "image", result->image_path);
    add_known(root, "sidecar", result->sidecar_path);
    eb_json_add_text(root, "created_utc", result->created_utc);
    eb_json_add_int(root, "addr", result->addr);
    eb_json_add_int(root, "size_bytes", (int64_t)result->size_bytes);
    eb_hex_encode(result->sha256, sizeof(result->sha256), hex);
    eb_json_add_text(root, "sha256", hex);
    eb_hex_encode(result->md5, sizeof(result->md5), hex);
    eb_json_add_text(root, "md5", hex);
    eb_json_put_origins(root, &result->origins, result->verified);
    eb_json_add_number(root, "seconds", result->seconds);
}

const char *eb_json_backup_state(eb_backup_state_t state)
{
    switch (state) {
    case EB_BACKUP_COMPLETE:
        return "complete";
    case EB_BACKUP_NO_SIDECAR:
        return "no_sidecar";
    case EB_BACKUP_BAD_SIDECAR:
        return "bad_sidecar";
    case EB_BACKUP_BAD_SIZE:
        return "bad_size";
    case EB_BACKUP_BAD_HASH:
        return "bad_hash";
    case EB_BACKUP_CHECKED:
        return "checked";
    case EB_BACKUP_PARTIAL:
        return "partial";
    }
    return "unknown";
}

void eb_json_list(eb_json_t *root, const char *dir, const eb_backup_list_t *list)
{
    eb_json_add_text(root, "dir", dir);
    eb_json_t *array = eb_json_add_array(root, "backups");

    for (size_t i = 0; i < list->count; i++) {
        const eb_backup_entry_t *entry = &list->entries[i];
        eb_json_t *node = eb_json_append_object(array);

        eb_json_add_text(node, "name", entry->name);
        eb_json_add_text(node, "state", eb_json_backup_state(entry->state));
        add_known(node, "detail", entry->detail);
        eb_json_add_int(node, "size_bytes", (int64_t)entry->size_bytes);
        add_known(node, "created_utc", entry->created_utc);
        add_known(node, "chip", entry->chip);
        add_known(node, "chip_name", entry->chip_name);
        add_known(node, "mac", entry->mac);
        eb_json_add_int(node, "addr", entry->addr);
        if (entry->flash_size_bytes > 0) {
            eb_json_add_int(node, "flash_size_bytes", (int64_t)entry->flash_size_bytes);
        } else {
            eb_json_add_null(node, "flash_size_bytes");
        }
        add_known(node, "partition", entry->partition);
        add_known(node, "app_name", entry->app_name);
        add_known(node, "app_version", entry->app_version);
        add_known(node, "note", entry->note);
    }
}
