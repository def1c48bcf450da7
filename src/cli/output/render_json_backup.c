/* render_json_backup.c: backups, made and found, as JSON. */
#include "origin_ranges.h"
#include "render_json.h"

void eb_json_backup(eb_json_t *root, const eb_backup_result_t *result)
{
    eb_json_add_bool(root, "verified", result->verified);
    if (result->image_path[0] == '\0') {
        eb_json_put_text_or_null(root, "part", result->part_path);
        return;
    }
    eb_json_add_text(root, "image", result->image_path);
    eb_json_put_text_or_null(root, "sidecar", result->sidecar_path);
    eb_json_add_text(root, "created_utc", result->created_utc);
    eb_json_add_int(root, "addr", result->addr);
    eb_json_add_int(root, "size_bytes", (int64_t)result->size_bytes);
    eb_json_put_hex_or_null(root, "sha256", true, result->sha256, sizeof(result->sha256));
    eb_json_put_hex_or_null(root, "md5", true, result->md5, sizeof(result->md5));
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
    case EB_BACKUP_UNREADABLE:
        return "unreadable";
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
        eb_json_put_text_or_null(node, "detail", entry->detail);
        eb_json_add_int(node, "size_bytes", (int64_t)entry->size_bytes);
        eb_json_put_text_or_null(node, "created_utc", entry->created_utc);
        eb_json_put_text_or_null(node, "chip", entry->chip);
        eb_json_put_text_or_null(node, "chip_name", entry->chip_name);
        eb_json_put_text_or_null(node, "mac", entry->mac);
        eb_json_add_int(node, "addr", entry->addr);
        eb_json_put_int_or_null(node, "flash_size_bytes", entry->flash_size_bytes > 0,
                                (int64_t)entry->flash_size_bytes);
        eb_json_put_text_or_null(node, "partition", entry->partition);
        eb_json_put_text_or_null(node, "app_name", entry->app_name);
        eb_json_put_text_or_null(node, "app_version", entry->app_version);
        eb_json_put_text_or_null(node, "note", entry->note);
    }
}
