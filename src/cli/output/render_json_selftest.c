/* render_json_selftest.c: the report of a self-test. It names no board and no user: no MAC, serial
 * number, path or content of the flash. espsim --model reads it. */
#include "espbackup/version.h"
#include "render_json.h"
#include "sidecar_rules.h"

#include <stdio.h>

#define REPORT_FORMAT 1

static void add_code(eb_json_t *node, eb_code_t code)
{
    eb_json_put_text_or_null(node, "error", code == EB_OK ? "" : eb_code_row(code)->name);
}

/* A figure of 0 was not measured. */
static void add_figure(eb_json_t *node, const char *key, int64_t value)
{
    eb_json_put_int_or_null(node, key, value > 0, value);
}

static void add_port(eb_json_t *root, const eb_port_info_t *port)
{
    eb_json_t *node = eb_json_add_object(root, "adapter");
    char ids[10] = "";

    if (port->vid != 0) {
        (void)snprintf(ids, sizeof(ids), "%04x:%04x", port->vid, port->pid);
    }
    eb_json_add_text(node, "kind", eb_name_of(&eb_port_kind_names, (int)port->kind));
    eb_json_put_text_or_null(node, "usb_id", ids);
    eb_json_put_text_or_null(node, "driver", port->driver);
}

static void add_board(eb_json_t *root, const eb_selftest_result_t *r)
{
    eb_json_t *node = eb_json_add_object(root, "chip");
    char text[16] = "";

    if (r->chip.has_revision) {
        (void)snprintf(text, sizeof(text), "v%d.%d", r->chip.revision_major,
                       r->chip.revision_minor);
    }
    eb_json_add_text(node, "id", r->chip.id);
    eb_json_put_text_or_null(node, "revision", text);
    eb_json_put_int_or_null(node, "crystal_mhz", r->chip.crystal_mhz > 0, r->chip.crystal_mhz);
    node = eb_json_add_object(root, "flash");
    (void)snprintf(text, sizeof(text), "0x%06x", (unsigned)r->flash.jedec_id);
    eb_json_add_text(node, "jedec_id", text);
    add_figure(node, "size_bytes", (int64_t)r->flash.size_bytes);
}

static void add_resets(eb_json_t *root, const eb_selftest_result_t *r)
{
    eb_json_t *node = eb_json_add_object(root, "resets");
    eb_json_t *list = eb_json_add_array(node, "sequences");

    for (size_t i = 0; i < r->reset_count; i++) {
        const eb_selftest_reset_t *reset = &r->resets[i];
        eb_json_t *item = eb_json_append_object(list);
        eb_json_add_text(item, "name", reset->name);
        eb_json_add_int(item, "tries", reset->tries);
        eb_json_add_int(item, "entered", reset->entered);
        eb_json_add_int(item, "left", reset->left);
        eb_json_add_int(item, "boot_text_named_flash", reset->named_flash);
    }
    add_code(node, r->reset_code);
}

static eb_json_t *add_program(eb_json_t *root, const char *key, const eb_selftest_program_t *p)
{
    eb_json_t *node = eb_json_add_object(root, key);

    add_figure(node, "baud", p->baud);
    add_figure(node, "round_trip_us", p->round_trip_us);
    eb_json_put_int_or_null(node, "round_trip_wire_us", p->round_trip_us > 0,
                            p->round_trip_wire_us);
    add_figure(node, "digest_us_per_mib", p->digest_us_per_mib);
    add_figure(node, "read_bytes_per_s", p->read_bytes_per_s);
    add_code(node, p->code);
    return node;
}

static void add_rates(eb_json_t *root, const eb_selftest_result_t *r)
{
    eb_json_t *list = eb_json_add_array(root, "rates");

    for (size_t i = 0; i < r->rate_count; i++) {
        const eb_selftest_rate_t *rate = &r->rates[i];
        eb_json_t *item = eb_json_append_object(list);
        eb_json_add_int(item, "baud", rate->baud);
        eb_json_add_bool(item, "holds", rate->holds);
        eb_json_add_bool(item, "steps_back", rate->steps_back);
        eb_json_add_int(item, "retries", rate->retries);
        add_figure(item, "read_bytes_per_s", rate->read_bytes_per_s);
        add_code(item, rate->code);
    }
}

static void add_scratch(eb_json_t *root, const eb_selftest_result_t *r)
{
    const eb_selftest_scratch_t *s = &r->scratch;

    if (!r->has_scratch) {
        eb_json_add_null(root, "scratch");
        return;
    }
    eb_json_t *node = eb_json_add_object(root, "scratch");
    eb_json_add_int(node, "addr", s->addr);
    eb_json_add_int(node, "size_bytes", s->size);
    eb_json_add_bool(node, "restored", s->restored);
    add_figure(node, "baud", s->baud);
    add_figure(node, "sector_erase_us", s->sector_erase_us);
    add_figure(node, "block_erase_us", s->block_erase_us);
    add_figure(node, "program_bytes_per_s", s->program_bytes_per_s);
    add_figure(node, "write_bytes_per_s", s->write_bytes_per_s);
    add_code(node, s->code);
}

static const char *far_word(eb_selftest_far_t far)
{
    static const char *const words[] = {
        [EB_FAR_NOT_MEASURED] = "not_measured",
        [EB_FAR_NOT_APPLICABLE] = "not_applicable",
        [EB_FAR_WORKS] = "works",
        [EB_FAR_SAME] = "same",
        [EB_FAR_FAILS] = "fails",
    };

    return words[far];
}

void eb_json_selftest(eb_json_t *root, const eb_selftest_result_t *r)
{
    char system[EB_SYSTEM_TEXT_BYTES];
    eb_json_t *node;

    eb_system_text(system);
    eb_json_add_int(root, "selftest_format", REPORT_FORMAT);
    eb_json_add_text(root, "espbackup", eb_version());
    eb_json_put_text_or_null(root, "system", system);
    add_port(root, &r->port);
    add_board(root, r);
    add_resets(root, r);
    node = add_program(root, "rom", &r->rom);
    add_figure(node, "reads_in_flight", r->rom_reads_in_flight);
    node = add_program(root, "stub", &r->stub);
    eb_json_put_text_or_null(node, "version", r->stub_version);
    add_figure(node, "upload_us", r->stub_upload_us);
    add_figure(node, "start_us", r->stub_start_us);
    add_rates(root, r);
    eb_json_add_text(root, "above_16_mib", far_word(r->far));
    add_scratch(root, r);
    eb_json_add_number(root, "seconds", r->seconds);
}
