/* render_text_selftest.c: what a self-test found, for people. */
#include "human.h"
#include "render_json.h"
#include "render_text.h"

#include <stdio.h>

static const char *yes_no(bool yes)
{
    return yes ? "yes" : "no";
}

static void add_ms(eb_table_t *table, int64_t us)
{
    if (us > 0) {
        eb_table_addf(table, "%.1f ms", (double)us / 1e3);
    } else {
        eb_table_add(table, "-");
    }
}

static void add_rate(eb_table_t *table, uint32_t bytes_per_s)
{
    char text[EB_HUMAN_BYTES];

    eb_human_rate(bytes_per_s, text);
    eb_table_add(table, text);
}

/* What went wrong, by its word in JSON. */
static void add_error(eb_table_t *table, eb_code_t code)
{
    eb_table_add(table, code == EB_OK ? "" : eb_code_row(code)->name);
}

static bool print(eb_table_t *table, const eb_term_t *term, const char *heading)
{
    bool good = true;

    if (table->cell_count > 0) {
        eb_text_heading(term, heading);
        good = eb_table_print(table, term, 2);
    }
    eb_table_free(table);
    return good;
}

static bool text_resets(const eb_term_t *term, const eb_selftest_result_t *r)
{
    static const eb_column_t columns[] = {{"Sequence", false, 12},
                                          {"Enters", true, 0},
                                          {"Leaves", true, 0},
                                          {"Boot text", true, EB_COLUMN_DROP}};
    eb_table_t table;

    eb_table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < r->reset_count; i++) {
        const eb_selftest_reset_t *reset = &r->resets[i];
        eb_table_add(&table, reset->name);
        eb_table_addf(&table, "%u of %u", (unsigned)reset->entered, (unsigned)reset->tries);
        eb_table_addf(&table, "%u of %u", (unsigned)reset->left, (unsigned)reset->entered);
        eb_table_addf(&table, "%u of %u", (unsigned)reset->named_flash, (unsigned)reset->entered);
    }
    return print(&table, term, "Reset sequences");
}

static void add_program(eb_table_t *table, const char *name, const eb_selftest_program_t *p)
{
    eb_table_add(table, name);
    add_ms(table, p->round_trip_us);
    add_ms(table, p->digest_us_per_mib);
    add_rate(table, p->read_bytes_per_s);
    if (p->baud > 0) {
        eb_table_addf(table, "%u baud", (unsigned)p->baud);
    } else {
        eb_table_add(table, "");
    }
    add_error(table, p->code);
}

static bool text_programs(const eb_term_t *term, const eb_selftest_result_t *r)
{
    static const eb_column_t columns[] = {{"Program", false, 0},        {"Round trip", true, 0},
                                          {"MD5 of 1 MB", true, 0},     {"Reading", true, 0},
                                          {"at", true, EB_COLUMN_DROP}, {"Error", false, 0}};
    eb_table_t table;

    eb_table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    add_program(&table, "ROM bootloader", &r->rom);
    add_program(&table, "stub", &r->stub);
    return print(&table, term, "ROM bootloader and stub");
}

static bool text_rates(const eb_term_t *term, const eb_selftest_result_t *r)
{
    static const eb_column_t columns[] = {{"Baud", true, 0},        {"Holds", false, 0},
                                          {"Steps back", false, 0}, {"Reading", true, 0},
                                          {"Retries", true, 0},     {"Error", false, 0}};
    eb_table_t table;

    eb_table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < r->rate_count; i++) {
        const eb_selftest_rate_t *rate = &r->rates[i];
        eb_table_addf(&table, "%u", (unsigned)rate->baud);
        eb_table_add(&table, yes_no(rate->holds));
        eb_table_add(&table, yes_no(rate->steps_back));
        add_rate(&table, rate->read_bytes_per_s);
        eb_table_addf(&table, "%u", (unsigned)rate->retries);
        add_error(&table, rate->code);
    }
    return print(&table, term, "Rates");
}

static void text_more(const eb_term_t *term, const eb_selftest_result_t *r)
{
    static const char *const far[] = {
        [EB_FAR_NOT_MEASURED] = "",
        [EB_FAR_NOT_APPLICABLE] = "not applicable: the flash is not larger",
        [EB_FAR_WORKS] = "reads and MD5 reach it",
        [EB_FAR_SAME] = "unknown: it holds the same as the flash below",
        [EB_FAR_FAILS] = "reads do not reach it",
    };

    if (r->rom_reads_in_flight == 0 && r->stub_start_us == 0 && r->far == EB_FAR_NOT_MEASURED) {
        return;
    }
    eb_text_heading(term, "More");
    if (r->rom_reads_in_flight > 0) {
        eb_text_field(term, "In flight", "%u reads of %u bytes, by the ROM bootloader%s",
                      (unsigned)r->rom_reads_in_flight, EB_ROM_READ_BYTES,
                      r->rom_reads_in_flight == EB_ROM_BURST_MAX ? ", or more" : "");
    }
    if (r->stub_start_us > 0) {
        eb_text_field(term, "Stub start", "%.1f ms, after an upload of %.1f ms",
                      (double)r->stub_start_us / 1e3, (double)r->stub_upload_us / 1e3);
    }
    eb_text_field(term, "Above 16 MB", "%s", far[r->far]);
}

static void text_scratch(const eb_term_t *term, const eb_selftest_scratch_t *s)
{
    char text[EB_HUMAN_BYTES];

    eb_text_heading(term, "Scratch range");
    eb_text_field(term, "Restored", "%s", s->restored ? EB_TEXT_BY_MD5 : "no");
    if (s->sector_erase_us > 0) {
        eb_text_field(term, "Erase 4 KB", "%.1f ms", (double)s->sector_erase_us / 1e3);
    }
    if (s->block_erase_us > 0) {
        eb_text_field(term, "Erase 64 KB", "%.1f ms", (double)s->block_erase_us / 1e3);
    }
    if (s->program_bytes_per_s > 0) {
        eb_human_rate(s->program_bytes_per_s, text);
        eb_text_field(term, "Program", "%s", text);
    }
    if (s->write_bytes_per_s > 0) {
        eb_human_rate(s->write_bytes_per_s, text);
        eb_text_field(term, "Write", "%s", text);
    }
    if (s->code != EB_OK) {
        eb_text_field(term, "Error", "%s", eb_code_row(s->code)->name);
    }
}

static void text_adapter(const eb_term_t *term, const eb_port_info_t *port)
{
    char id[16] = "";

    if (port->vid != 0) {
        (void)snprintf(id, sizeof(id), ", %04x:%04x", port->vid, port->pid);
    }
    eb_text_field(term, "Adapter", "%s%s%s%s", eb_text_port_kind(port->kind), id,
                  port->driver[0] != '\0' ? ", driver " : "", port->driver);
}

bool eb_text_selftest(const eb_term_t *term, const eb_selftest_result_t *r)
{
    char size[EB_HUMAN_BYTES], took[EB_HUMAN_BYTES];

    eb_human_size(r->flash.size_bytes, size);
    eb_human_seconds(r->seconds, took);
    eb_text_title(term, "Self-test");
    eb_text_field(term, "Chip", "%s", r->chip.description);
    eb_text_field(term, "Flash", "%s, JEDEC id %06x", size, (unsigned)r->flash.jedec_id);
    text_adapter(term, &r->port);
    eb_text_field(term, "Time", "%s", took);
    bool good = text_resets(term, r) && text_programs(term, r) && text_rates(term, r);
    text_more(term, r);
    if (r->has_scratch) {
        text_scratch(term, &r->scratch);
    }
    return good;
}
