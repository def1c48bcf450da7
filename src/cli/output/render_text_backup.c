/* render_text_backup.c: backups, made and found, for people. */
#include "bytes.h"
#include "human.h"
#include "render_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 256

static void add_part(char *out, size_t cap, uint64_t bytes, const char *words)
{
    char size[EB_HUMAN_BYTES];
    size_t used = strlen(out);

    if (bytes == 0) {
        return;
    }
    eb_human_size(bytes, size);
    snprintf(out + used, cap - used, "%s%s %s", used > 0 ? ", " : "", size, words);
}

static void origins_text(const eb_origins_t *origins, char *out, size_t cap)
{
    out[0] = '\0';
    for (int i = EB_ORIGIN_READ; i < EB_ORIGIN_COUNT; i++) {
        add_part(out, cap, origins->bytes[i], eb_origin_text((eb_origin_t)i));
    }
}

static void add_count(char *out, size_t cap, unsigned count, const char *one, const char *more)
{
    size_t used = strlen(out);

    if (count > 0) {
        snprintf(out + used, cap - used, ", %u %s", count, count == 1 ? one : more);
    }
}

static void effort_text(const eb_session_stats_t *stats, char *out, size_t cap)
{
    out[0] = '\0';
    add_count(out, cap, stats->retries, "retry", "retries");
    add_count(out, cap, stats->reconnects, "reconnect", "reconnects");
    add_count(out, cap, stats->slowdowns, "slowdown", "slowdowns");
}

void eb_text_connection_line(const eb_term_t *term, const eb_session_stats_t *stats)
{
    char effort[TEXT_BYTES];
    char baud[32] = "";

    effort_text(stats, effort, sizeof(effort));
    if (stats->baud > 0) {
        snprintf(baud, sizeof(baud), " at %u baud", (unsigned)stats->baud);
    }
    eb_text_field(term, "Connection", "%s%s, %s%s%s%s", stats->port, baud,
                  stats->stub ? "stub" : "ROM bootloader",
                  stats->stub && stats->stub_version[0] != '\0' ? " " : "",
                  stats->stub ? stats->stub_version : "", effort);
}

static void text_how(const eb_term_t *term, const eb_backup_result_t *result)
{
    char origins[TEXT_BYTES], took[EB_HUMAN_BYTES], rate[EB_HUMAN_BYTES];

    origins_text(&result->origins, origins, sizeof(origins));
    eb_human_seconds(result->seconds, took);
    eb_human_rate(result->seconds > 0 ? (double)result->size_bytes / result->seconds : 0, rate);
    eb_text_field(term, "Bytes", "%s", origins);
    eb_text_field(term, "Took", "%s, %s", took, rate);
    eb_text_connection_line(term, &result->stats);
}

void eb_text_range(uint32_t addr, uint64_t size_bytes, char *out, size_t cap)
{
    char size[EB_HUMAN_BYTES];

    eb_human_size(size_bytes, size);
    if (addr != 0) {
        snprintf(out, cap, "%s from 0x%" PRIx32, size, addr);
    } else {
        snprintf(out, cap, "%s", size);
    }
}

void eb_text_board(const eb_term_t *term, const char *name, const eb_chip_info_t *chip)
{
    const char *mac = chip->mac_count > 0 ? chip->macs[0].text : "";

    eb_text_field(term, name, "%s%s%s",
                  chip->description[0] != '\0' ? chip->description : chip->name,
                  mac[0] != '\0' ? ", MAC " : "", mac);
}

bool eb_text_backup(const eb_term_t *term, const eb_chip_info_t *chip,
                    const eb_backup_result_t *result, const eb_flash_contents_t *contents)
{
    char size[TEXT_BYTES], hex[2 * EB_SHA256_BYTES + 1];

    eb_text_range(result->addr, result->size_bytes, size, sizeof(size));
    eb_hex_encode(result->sha256, sizeof(result->sha256), hex);
    eb_text_title(term, "Backup");
    eb_text_field(term, "Image", "%s", result->image_path);
    eb_text_field(term, "Sidecar", "%s", result->sidecar_path);
    eb_text_board(term, "Board", chip);
    eb_text_field(term, "Size", "%s", size);
    eb_text_field(term, "SHA-256", "%s", hex);
    eb_text_field(term, "Verified", "%s", EB_TEXT_BY_MD5);
    text_how(term, result);
    return eb_text_partitions(term, &contents->table, &contents->boot, NULL);
}

static const char *state_text(eb_backup_state_t state)
{
    switch (state) {
    case EB_BACKUP_COMPLETE:
        return "complete";
    case EB_BACKUP_NO_SIDECAR:
        return "no sidecar";
    case EB_BACKUP_UNREADABLE:
        return "CANNOT BE READ";
    case EB_BACKUP_BAD_SIDECAR:
        return "INVALID SIDECAR";
    case EB_BACKUP_BAD_SIZE:
        return "WRONG SIZE";
    case EB_BACKUP_BAD_HASH:
        return "DAMAGED";
    case EB_BACKUP_CHECKED:
        return "checked";
    case EB_BACKUP_PARTIAL:
        return "unfinished";
    }
    return "";
}

static const char *chip_text(const eb_backup_entry_t *entry)
{
    return entry->chip_name[0] != '\0' ? entry->chip_name : entry->chip;
}

/* The partition, or the app of a whole flash. */
static void content_text(const eb_backup_entry_t *entry, char out[TEXT_BYTES])
{
    if (entry->partition[0] != '\0') {
        snprintf(out, TEXT_BYTES, "partition %s", entry->partition);
    } else if (entry->has_app) {
        eb_text_app(entry->app_name, entry->app_version, out, TEXT_BYTES);
    } else {
        out[0] = '\0';
    }
}

static void add_entry(eb_table_t *rows, const eb_backup_entry_t *entry)
{
    char size[EB_HUMAN_BYTES], when[EB_HUMAN_BYTES], content[TEXT_BYTES];

    eb_human_size(entry->size_bytes, size);
    eb_human_local_time(entry->created_utc, when);
    eb_table_add(rows, entry->name);
    eb_table_add(rows, when);
    eb_table_add(rows, chip_text(entry));
    eb_table_add(rows, entry->mac);
    eb_table_add(rows, size);
    content_text(entry, content);
    eb_table_add(rows, content);
    eb_table_add(rows, state_text(entry->state));
    eb_table_add(rows, entry->note);
}

/* For terminals that are too narrow for the table: two lines each, so that names stay whole. */
static void print_two_lines(const eb_term_t *term, const eb_backup_entry_t *entry)
{
    char size[EB_HUMAN_BYTES], when[EB_HUMAN_BYTES], line[TEXT_BYTES * 4], clean[TEXT_BYTES * 4];
    char content[TEXT_BYTES];

    eb_human_size(entry->size_bytes, size);
    eb_human_local_time(entry->created_utc, when);
    snprintf(line, sizeof(line), "%s  %s", entry->name, state_text(entry->state));
    eb_term_clean(line, 0, clean, sizeof(clean));
    fprintf(term->file, "%s\n", clean);
    content_text(entry, content);
    snprintf(line, sizeof(line), "  %-16s  %-8s  %-17s  %7s  %s", when, chip_text(entry),
             entry->mac, size, content);
    eb_term_clean(line, (size_t)term->width, clean, sizeof(clean));
    fprintf(term->file, "%s\n", clean);
    if (entry->note[0] != '\0') {
        snprintf(line, sizeof(line), "  %s", entry->note);
        eb_term_clean(line, (size_t)term->width, clean, sizeof(clean));
        fprintf(term->file, "%s\n", clean);
    }
}

static void print_details(const eb_term_t *term, const eb_backup_list_t *list)
{
    size_t told = 0;

    for (size_t i = 0; i < list->count; i++) {
        const eb_backup_entry_t *entry = &list->entries[i];
        char text[TEXT_BYTES * 2 + 4], clean[TEXT_BYTES * 2 + 4];

        if (entry->detail[0] == '\0') {
            continue;
        }
        snprintf(text, sizeof(text), "%s: %s", entry->name, entry->detail);
        eb_term_clean(text, 0, clean, sizeof(clean));
        fputs(told++ == 0 ? "\n" : "", term->file);
        eb_term_wrap(term->file, clean, (size_t)term->width, 0, 2);
    }
}

bool eb_text_list(const eb_term_t *term, const eb_backup_list_t *list)
{
    static const eb_column_t columns[] = {
        {"Name", false, 0}, {"Time", false, 0},     {"Chip", false, 0},  {"MAC", false, 0},
        {"Size", true, 0},  {"Content", false, 16}, {"State", false, 0}, {"Note", false, 8},
    };
    eb_table_t rows;
    bool printed = true;

    eb_table_init(&rows, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < list->count; i++) {
        add_entry(&rows, &list->entries[i]);
    }
    if (rows.failed || eb_table_fits(&rows, term, 0)) {
        printed = eb_table_print(&rows, term, 0);
    } else {
        for (size_t i = 0; i < list->count; i++) {
            print_two_lines(term, &list->entries[i]);
        }
    }
    eb_table_free(&rows);
    print_details(term, list);
    return printed;
}
