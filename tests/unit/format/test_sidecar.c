#include "format_vectors.h"
#include "json.h"
#include "partition_table.h"
#include "sample_sidecar.h"
#include "seeds.h"
#include "sidecar.h"

static eb_sidecar_t sample, back;
static eb_err_t err;

/* Not inlined: gcc 12 at -O3 then takes the text for a pointer to its own variable. */
__attribute__((noinline)) static char *written(const eb_sidecar_t *s)
{
    char *text = NULL;

    if (eb_sidecar_write(s, &text, &err) != EB_OK) {
        fail_msg("not written: %s", err.message);
    }
    assert_non_null(text);
    return text;
}

static void assert_reads(const char *text)
{
    memset(&back, 0xA5, sizeof(back));
    if (eb_sidecar_read(text, strlen(text), &back, &err) != EB_OK) {
        fail_msg("not read: %s", err.message);
    }
    back.ranges = sample.ranges; /* checked, not kept */
    back.range_count = sample.range_count;
}

static void assert_refused(const char *text, const char *words)
{
    memset(&err, 0, sizeof(err));
    assert_int_equal(eb_sidecar_read(text, strlen(text), &back, &err), EB_ERR_SIDECAR_INVALID);
    assert_int_equal(back.size_bytes, 0); /* nothing half-read leaves */
    assert_int_equal(back.table.count, 0);
    assert_message_has(err, words);
}

/* Text with the first `old` behind `anchor` replaced; malloc'd. */
static char *edited(const char *text, const char *anchor, const char *old, const char *new_text)
{
    const char *from = strstr(text, anchor), *at = from == NULL ? NULL : strstr(from, old);
    char *out = malloc(strlen(text) + strlen(new_text) + 1);

    if (at == NULL || out == NULL) {
        fail_msg("no \"%s\" behind \"%s\"", old, anchor);
        return NULL;
    }
    memcpy(out, text, (size_t)(at - text));
    strcpy(out + (at - text), new_text);
    strcat(out, at + strlen(old));
    return out;
}

static void all_fields_come_back(void **state)
{
    char *text, *again;

    (void)state;
    sample_sidecar(&sample);
    text = written(&sample);
    assert_reads(text);
    assert_memory_equal(&back, &sample, sizeof(sample));
    again = written(&back);
    assert_string_equal(again, text);
    free(text);
    free(again);
}

static void what_is_not_known_stays_not_known(void **state)
{
    char *text;

    (void)state;
    memset(&sample, 0, sizeof(sample));
    sample.format = 1;
    strcpy(sample.created_utc, "2026-01-31T23:59:60Z");
    strcpy(sample.chip.id, "esp32c3");
    strcpy(sample.file_name, "x.bin");
    sample.size_bytes = 1;
    sample.origins.bytes[EB_ORIGIN_READ] = 1;
    text = written(&sample);
    sample.boot.index = sample.boot.chosen = sample.boot.on_trial =
        -1; /* without a table there is no index 0 */
    sample.boot.reason = EB_OTA_NOTHING;
    sample.boot.ota_state = UINT32_MAX;
    assert_reads(text);
    assert_memory_equal(&back, &sample, sizeof(sample));
    assert_non_null(strstr(text, "\"flash_encryption\":\tnull"));
    assert_non_null(strstr(text, "\"jedec_id\":\tnull"));
    free(text);
}

/* -- random sidecars ------------------------------------------------------------------------- */

static uint64_t seed;

static uint32_t draw(uint32_t limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % limit;
}

/* Clean text of up to cap - 1 bytes; ASCII that JSON must escape, and two bytes of UTF-8. */
static void draw_text(char *out, size_t cap)
{
    size_t len = draw((uint32_t)cap);

    for (size_t i = 0; i < len; i++) {
        out[i] = (char)(0x20 + draw(0x5F));
        if (out[i] == '/' && i + 1 < len) {
            out[i++] = '\xC3';
            out[i] = '\xA9';
        }
    }
}

static void draw_bytes(void *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)out)[i] = (uint8_t)draw(256);
    }
}

static void draw_chip(eb_chip_info_t *c)
{
    strcpy(c->id, draw(2) != 0 ? "esp32" : "esp32c3");
    draw_text(c->name, sizeof(c->name));
    draw_text(c->description, sizeof(c->description));
    draw_text(c->package, sizeof(c->package));
    c->has_revision = draw(4) != 0;
    c->revision_major = c->has_revision ? (int)draw(10) : 0;
    c->revision_minor = c->has_revision ? (int)draw(100) : 0;
    c->feature_count = draw(EB_CHIP_FEATURES_MAX + 1);
    for (size_t i = 0; i < c->feature_count; i++) {
        draw_text(c->features[i], sizeof(c->features[i]));
    }
    c->crystal_mhz = (int)draw(41);
    c->mac_count = draw(EB_CHIP_MACS_MAX + 1);
    for (size_t i = 0; i < c->mac_count; i++) {
        if (draw(4) == 0) {
            strcpy(c->macs[i].kind, "extension");
            strcpy(c->macs[i].text, "ff:fe");
            continue;
        }
        draw_text(c->macs[i].kind, sizeof(c->macs[i].kind));
        strcpy(c->macs[i].text, draw(2) != 0 ? "00:11:22:33:44:55" : "AA:bb:cc:ff:fe:dd:ee:01");
    }
    c->chip_id = draw(0x7FFFFFFF);
    c->security.flash_encryption = (eb_tristate_t)draw(3);
    c->security.secure_boot = (eb_tristate_t)draw(3);
    c->security.secure_boot_version = (int)draw(3);
    c->security.secure_download_mode = (eb_tristate_t)draw(3);
    c->security.download_disabled = (eb_tristate_t)draw(3);
    c->security.jtag_disabled = (eb_tristate_t)draw(3);
    c->security.raw_valid = draw(2) != 0;
    if (c->security.raw_valid) {
        c->security.raw_flags = UINT32_MAX - draw(2);
        c->security.raw_crypt_cnt = draw(8);
    }
}

static void draw_app(eb_partition_t *p)
{
    eb_app_image_t *a = &p->app;

    a->state = (eb_image_state_t)draw(5);
    a->length_bytes = draw(p->size + 1);
    a->chip_id = (uint16_t)draw(0x10000);
    a->entry_addr = draw(0x7FFFFFFF);
    a->hash_appended = draw(2) != 0;
    a->desc.present = draw(2) != 0;
    if (a->desc.present) {
        draw_text(a->desc.project, sizeof(a->desc.project));
        draw_text(a->desc.version, sizeof(a->desc.version));
        draw_text(a->desc.idf_version, sizeof(a->desc.idf_version));
        draw_text(a->desc.build_date, sizeof(a->desc.build_date));
        a->desc.secure_version = draw(32);
        draw_bytes(a->desc.elf_sha256, sizeof(a->desc.elf_sha256));
    }
}

static void draw_table(eb_sidecar_t *s)
{
    s->boot.index = s->boot.chosen = s->boot.on_trial = -1;
    s->boot.reason = EB_OTA_NOTHING;
    s->boot.ota_state = UINT32_MAX;
    s->table.present = draw(4) != 0;
    if (!s->table.present) {
        return;
    }
    s->table.addr = s->table.other_addr = draw(0x10000);
    s->table.has_md5 = draw(2) != 0;
    s->table.count = draw(EB_PARTITIONS_MAX + 1);
    for (size_t i = 0; i < s->table.count; i++) {
        eb_partition_t *p = &s->table.entries[i];

        draw_text(p->label, sizeof(p->label));
        p->type = (uint8_t)draw(3);
        p->subtype = (uint8_t)draw(256);
        p->addr = draw(0x200000);
        p->size = 1 + draw(0x200000);
        p->encrypted = draw(2) != 0;
        p->readonly = draw(2) != 0;
        s->part_hash[i].known =
            p->addr >= s->addr && p->addr + p->size <= s->addr + s->size_bytes && draw(2) != 0;
        if (s->part_hash[i].known) {
            draw_bytes(s->part_hash[i].sha256, EB_SHA256_BYTES);
        }
        if (p->type == 0) {
            draw_app(p);
        }
    }
    eb_partition_table_judge(&s->table, 0);
    s->boot.index = (int)draw((uint32_t)s->table.count + 1) - 1;
    s->boot.chosen = s->boot.on_trial = (int)draw((uint32_t)s->table.count + 1) - 1;
    s->boot.stop = (eb_boot_stop_t)draw(4);
    s->boot.reason = (eb_ota_reason_t)draw(5);
    s->boot.valid_entries = (int)draw(3);
}

static void draw_sidecar(eb_sidecar_t *s)
{
    memset(s, 0, sizeof(*s));
    s->format = 1;
    draw_text(s->tool_version, sizeof(s->tool_version));
    strcpy(s->created_utc, "2026-11-21T10:15:00Z");
    draw_chip(&s->chip);
    s->flash.known = draw(2) != 0;
    s->flash.jedec_id = s->flash.known ? draw(0x1000000) : 0;
    s->flash.size_bytes = draw(2) != 0 ? 0x400000 : UINT64_C(0x100000000);
    draw_text(s->flash.device, sizeof(s->flash.device));
    s->addr = draw(0x200000);
    s->size_bytes = 1 + draw(0x200000);
    draw_text(s->partition, sizeof(s->partition));
    strcpy(s->file_name, "a\"b c.bin");
    draw_bytes(s->sha256, sizeof(s->sha256));
    draw_bytes(s->md5, sizeof(s->md5));
    s->origins.bytes[EB_ORIGIN_READ] = draw((uint32_t)s->size_bytes + 1);
    s->origins.bytes[EB_ORIGIN_EARLIER] = draw((uint32_t)s->size_bytes + 1);
    s->origins.bytes[EB_ORIGIN_RESUMED] = draw((uint32_t)s->size_bytes + 1);
    draw_table(s);
    draw_text(s->stats.port, sizeof(s->stats.port));
    s->stats.port_kind = (eb_port_kind_t)draw(5);
    s->stats.baud = draw(2000001);
    s->stats.stub = draw(2) != 0;
    draw_text(s->stats.stub_note, sizeof(s->stats.stub_note));
    s->stats.wire_bytes_in = EB_JSON_INT_MAX - draw(2);
    s->stats.retries = UINT32_MAX;
    s->stats.reconnects = draw(100);
    s->stats.slowdowns = draw(4);
    s->seconds = draw(100000) / 8.0;
    draw_text(s->note, sizeof(s->note));
}

static void every_sidecar_comes_back(void **state)
{
    (void)state;
    for (seed = 1; seed < seed_count(200); seed++) {
        uint64_t start = seed;
        char *text;

        draw_sidecar(&sample);
        text = written(&sample);
        assert_reads(text);
        assert_memory_equal(&back, &sample, sizeof(sample));
        free(text);
        seed = start;
    }
}

/* -- hostile text ---------------------------------------------------------------------------- */

static const struct {
    const char *anchor, *old, *new_text, *words;
} wrong_values[] = {
    {"", "\"format\":\t1", "\"format\":\t0", "format: 0 is out of range"},
    {"", "\"format\":\t1", "\"format\":\t\"1\"", "format: expected a whole number"},
    {"", "2026-11-21T", "2026-13-21T", "created_utc"},
    {"", "09:15:00Z", "09:15:00", "created_utc"},
    {"", "\"esp32\"", "\"../x\"", "chip.id"},
    {"", "\"esp32\"", "\"\"", "chip.id"},
    {"", "\"ESP32\"", "\"\\u001b[2J\"", "chip.name: has control characters"},
    {"", "\"ESP32\"", "\"\\u009b2J\"", "chip.name: has control characters"},
    {"", "\"ESP32\"", "\"ESP32ESP32ESP32ESP32ESP32\"", "chip.name: longer than 23"},
    {"", "\"Wi-Fi\"", "17", "chip.features[0]: expected text"},
    {"", "\"BT\"", "\"\\n\"", "chip.features: has control characters"},
    {"", "24:6f", "24-6f", "chip.macs[0].mac"},
    {"", "24:6f:28:aa:bb:cc", "24:6f", "chip.macs[0].mac"},
    {"\"macs\"", "[{", "[1, {", "chip.macs[0]: expected an object"},
    {"", "\"secure_boot\":\ttrue", "\"secure_boot\":\t\"yes\"", "security.secure_boot"},
    {"", "0xc84016", "c84016", "flash.jedec_id"},
    {"", "0xc84016", "0xc8401g", "flash.jedec_id"},
    {"\"flash\"", "4194304", "-1", "flash.size_bytes: -1 is out of range"},
    {"\"flash\"", "4194304", "4194303", "range.size_bytes"},
    {"\"flash\"", "4194304", "1e300", "flash.size_bytes: expected a whole number"},
    {"", "424b3932", "424b393", "flash.unique_id: expected 16 hex digits"},
    {"\"range\"", "\"addr\":\t0", "\"addr\":\t4294967296", "range.addr"},
    {"\"range\"", "\"addr\":\t0", "\"addr\":\t1", "range.size_bytes"},
    {"\"range\"", "4194304", "0", "file.size_bytes: not the same"},
    {"\"file\"", "4194304", "4194305", "file.size_bytes: not the same"},
    {"\"file\"", "esp32_backup_", "../esp32_backup_", "file.name"},
    {"\"file\"", "esp32_backup_", "/etc/", "file.name"},
    {"\"file\"", "esp32_backup_", "..\\\\", "file.name"},
    {"\"file\"", "esp32_backup_20261121_101500.bin", "..", "file.name"},
    {"\"file\"", "esp32_backup_20261121_101500.bin", ".", "file.name"},
    {"\"file\"", "esp32_backup_20261121_101500.bin", "", "file.name: empty"},
    {"\"file\"", "esp32_backup_", "\\r", "file.name: has control characters"},
    {"", "5a5a", "5a5", "file.sha256: expected 64 hex digits"},
    {"", "5a5a", "5a5a5a", "file.sha256: longer than 64"},
    {"", "5a5a", "5a5g", "file.sha256: expected 64 hex digits"},
    {"", "\"c3c3", "\"c3", "file.md5: expected 32 hex digits"},
    {"", "chip-md5", "trust me", "verified_by: expected chip-md5"},
    {"", "\"read\":\t1114112", "\"read\":\t4194305", "origins.read"},
    {"", "\"erased\":\t", "\"erased\":\t0.5", "origins.erased"},
    {"", "\"nvs\"", "\"a label that is far too long\"", "partitions[0].name: longer than 16"},
    {"\"nvs\"", "\"type\":\t1", "\"type\":\t256", "partition_table.partitions[0].type"},
    {"\"nvs\"", "20480", "4194304", "partition_table.partitions[0].size_bytes"},
    {"\"nvs\"", "20480", "0", "partition_table.partitions[0].size_bytes"},
    {"\"nvs\"", "\"app\":\tnull", "\"app\":\t{}", "partitions[0].app: the partition is not"},
    {"\"app0\"", "\"valid\"", "\"perfect\"", "partitions[2].app.state"},
    {"\"app0\"", "203328", "1310721", "partitions[2].app.length_bytes"},
    {"\"app0\"", "e1e1", "e1", "partitions[2].app.description.elf_sha256"},
    {"\"boot\"", "\"partition_index\":\t2", "\"partition_index\":\t3", "boot.partition_index"},
    {"\"boot\"", "\"partition_index\":\t2", "\"partition_index\":\t1", "boot.partition"},
    {"\"boot\"", "\"sequence\"", "\"magic\"", "boot.reason"},
    {"\"boot\"", "\"valid_entries\":\t1", "\"valid_entries\":\t3", "boot.valid_entries"},
    {"", "\"uart\"", "\"smoke\"", "connection.kind"},
    {"", "\"stub\":\ttrue", "\"stub\":\t1", "connection.stub"},
    {"", "19.5", "-19.5", "seconds"},
    {"", "19.5", "1e300", "seconds"},
    {"", "19.5", "\"19.5\"", "seconds: expected a number"},
    {"", "\"retries\":\t1", "\"retries\":\t4294967296", "connection.retries"},
    {"", "\"retries\":\t1", "\"retries\":\t1, \"retries\":\t1", "connection.retries"},
    {"", "\"tool\":\t{", "\"tool\":\t7, \"tools\":\t{", "tool: expected an object"},
    {"", "\"partitions\":\t[", "\"partitions\":\t{}, \"x\":\t[", "partition_table.partitions"},
};

static void a_wrong_value_is_named(void **state)
{
    char *text;

    (void)state;
    sample_sidecar(&sample);
    text = written(&sample);
    for (size_t i = 0; i < sizeof(wrong_values) / sizeof(wrong_values[0]); i++) {
        char *bad =
            edited(text, wrong_values[i].anchor, wrong_values[i].old, wrong_values[i].new_text);

        assert_refused(bad, wrong_values[i].words);
        free(bad);
    }
    free(text);
}

/* Whatever line is left out or given another type: refused by the name of its field, or, where the
 * field may be absent, taken as not known. */
static void every_field_is_looked_at(void **state)
{
    char *text, *line;
    int refused = 0, fields = 0;

    (void)state;
    sample_sidecar(&sample);
    text = written(&sample);
    for (line = strchr(text, '"'); line != NULL; line = strchr(strchr(line, '\n'), '"')) {
        char key[64], *colon = strstr(line, "\":\t"), *end = strchr(line, '\n'), *bad;

        if (colon == NULL || colon > end || colon[3] == '{' || colon[3] == '[') {
            continue; /* an object, or a text in an array */
        }
        snprintf(key, sizeof(key), "%.*s", (int)(colon - line - 1), line + 1);
        bad = malloc(strlen(text) + 32);
        assert_non_null(bad);
        sprintf(bad, "%.*s\"%s\": [[]]%s", (int)(line - text), text, key,
                end[-1] == ',' ? end - 1 : end);
        assert_refused(bad, key);
        fields++;
        sprintf(bad, "%.*s\"else\": 1%s", (int)(line - text), text, end[-1] == ',' ? end - 1 : end);
        if (eb_sidecar_read(bad, strlen(bad), &back, &err) != EB_OK) {
            assert_message_has(err, key);
            refused++;
        }
        free(bad);
    }
    assert_in_range(fields, 90, 130);
    assert_in_range(refused, 70, fields);
    free(text);
}

static void a_cut_sidecar_is_refused(void **state)
{
    char *text;
    size_t len;

    (void)state;
    sample_sidecar(&sample);
    text = written(&sample);
    len = strlen(text) - 1; /* the newline at the end may go */
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(eb_sidecar_read(text, cut, &back, &err), EB_ERR_SIDECAR_INVALID);
    }
    assert_int_equal(eb_sidecar_read(text, len, &back, &err), EB_OK);
    free(text);
}

static void not_a_sidecar_at_all(void **state)
{
    (void)state;
    assert_refused("", "");
    assert_refused("[]", "format");
    assert_refused("7", "format");
    assert_refused("null", "format");
    assert_refused("{}", "format: missing");
    assert_int_equal(eb_sidecar_read(NULL, EB_SIDECAR_MAX_BYTES + 1, &back, &err),
                     EB_ERR_SIDECAR_INVALID);
    assert_message_has(err, "at most 1048576");
    assert_int_equal(eb_sidecar_read("{}", 2, &back, NULL), EB_ERR_SIDECAR_INVALID); /* err NULL */
}

static void a_newer_format_is_refused_with_a_hint(void **state)
{
    (void)state;
    assert_refused("{\"format\": 2, \"everything\": \"else moved\"}", "format: 2, ");
    assert_non_null(strstr(err.hint, "update espbackup"));
}

static void what_a_later_minor_version_adds_is_passed_over(void **state)
{
    (void)state;
    sample_sidecar(&sample);
    char *text = written(&sample);
    char *more = edited(text, "\"chip\"", "{", "{ \"colour\": [1, {\"x\": null}], ");
    assert_reads(more);
    assert_memory_equal(&back, &sample, sizeof(sample));
    free(text);
    free(more);
}

/* Texts of boards and command lines never make a sidecar that cannot be read. */
static void unclean_text_is_cleaned_on_writing(void **state)
{
    char *text;

    (void)state;
    sample_sidecar(&sample);
    strcpy(sample.note, "line 1\nline 2\t\x1b[31m\xFF\"");
    memset(sample.stats.stub_note, 0xFE, sizeof(sample.stats.stub_note) - 1);
    strcpy(sample.file_name, "a\rb.bin");
    text = written(&sample);
    assert_reads(text);
    assert_string_equal(back.note, "line 1\nline 2\t?[31m?\"");
    assert_int_equal(strlen(back.stats.stub_note), sizeof(back.stats.stub_note) - 1);
    assert_string_equal(back.file_name, "a?b.bin");
    free(text);
}

static void the_writer_refuses_what_the_reader_would(void **state)
{
    char *text = (char *)1;

    (void)state;
    sample_sidecar(&sample);
    strcpy(sample.file_name, "backups/x.bin");
    assert_int_equal(eb_sidecar_write(&sample, &text, &err), EB_ERR_SIDECAR_INVALID);
    assert_message_has(err, "file.name");
    sample_sidecar(&sample);
    sample.boot.index = 3;
    assert_int_equal(eb_sidecar_write(&sample, &text, &err), EB_ERR_SIDECAR_INVALID);
    assert_message_has(err, "boot.partition_index");
    sample_sidecar(&sample);
    sample.addr = 0xA000; /* the image no longer holds nvs at 0x9000 */
    sample.size_bytes = 0x10000;
    sample.origins.bytes[EB_ORIGIN_READ] = sample.origins.bytes[EB_ORIGIN_ERASED] = 0;
    assert_int_equal(eb_sidecar_write(&sample, &text, &err), EB_ERR_SIDECAR_INVALID);
    assert_message_has(err, "partition_table.partitions[0].sha256");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_fields_come_back),
        cmocka_unit_test(what_is_not_known_stays_not_known),
        cmocka_unit_test(every_sidecar_comes_back),
        cmocka_unit_test(a_wrong_value_is_named),
        cmocka_unit_test(every_field_is_looked_at),
        cmocka_unit_test(a_cut_sidecar_is_refused),
        cmocka_unit_test(not_a_sidecar_at_all),
        cmocka_unit_test(a_newer_format_is_refused_with_a_hint),
        cmocka_unit_test(what_a_later_minor_version_adds_is_passed_over),
        cmocka_unit_test(unclean_text_is_cleaned_on_writing),
        cmocka_unit_test(the_writer_refuses_what_the_reader_would),
    };

    return cmocka_run_group_tests_name("sidecar", tests, NULL, NULL);
}
