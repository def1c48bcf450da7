/* sidecar_write.c: a sidecar as JSON. The order here is the order in the file and in its docs. */
#include "json_facts.h"
#include "origin_ranges.h"
#include "sidecar.h"
#include "sidecar_rules.h"

static void write_image(eb_json_t *root, const eb_sidecar_t *s)
{
    eb_json_t *node = eb_json_add_object(root, "range");

    eb_json_add_int(node, "addr", s->addr);
    eb_json_add_int(node, "size_bytes", (int64_t)s->size_bytes);
    eb_json_put_text_or_null(node, "partition", s->partition);

    node = eb_json_add_object(root, "file");
    eb_json_put_text(node, "name", s->file_name);
    eb_json_add_int(node, "size_bytes", (int64_t)s->size_bytes);
    eb_json_put_hex_or_null(node, "sha256", true, s->sha256, sizeof(s->sha256));
    eb_json_put_hex_or_null(node, "md5", true, s->md5, sizeof(s->md5));

    eb_json_put_origins(root, &s->origins, true);
    eb_origin_ranges_write(root, s);
}

eb_code_t eb_sidecar_write(const eb_sidecar_t *sidecar, char **text, eb_err_t *err)
{
    eb_json_t *root, *tool, *list;
    eb_code_t code;

    *text = NULL;
    code = eb_sidecar_check(sidecar, err);
    if (code != EB_OK) {
        return code;
    }
    root = eb_json_new_object();
    eb_json_add_int(root, "format", EB_SIDECAR_FORMAT);
    tool = eb_json_add_object(root, "tool");
    eb_json_add_text(tool, "name", "espbackup");
    eb_json_put_text(tool, "version", sidecar->tool_version);
    eb_json_put_text(root, "created_utc", sidecar->created_utc);
    if (sidecar->note[0] == '\0') {
        eb_json_add_null(root, "note");
    } else {
        eb_json_put_lines(root, "note", sidecar->note, EB_TEXT_MANY_LINES);
    }
    eb_json_chip(root, &sidecar->chip);
    eb_json_flash(root, &sidecar->flash);
    write_image(root, sidecar);
    list = eb_json_partition_list(root, &sidecar->table);
    for (size_t i = 0; i < sidecar->table.count && list != NULL; i++) {
        const eb_sidecar_hash_t *hash = &sidecar->part_hash[i];
        eb_json_put_hex_or_null(eb_json_partition(list, &sidecar->table.entries[i]), "sha256",
                                hash->known, hash->sha256, sizeof(hash->sha256));
    }
    eb_json_boot(root, &sidecar->table, &sidecar->boot);
    eb_json_connection(root, &sidecar->stats);
    eb_json_add_number(root, "seconds", (double)(int64_t)(sidecar->seconds * 1000 + 0.5) / 1000);
    *text = eb_json_print(root);
    eb_json_free(root);
    if (*text == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the sidecar");
    }
    return EB_OK;
}
