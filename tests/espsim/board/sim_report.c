/* sim_report.c: see sim_report.h. Only numbers under fixed names, so plain printing will do. */
#include "sim_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct row {
    const char *name;
    uint64_t value;
} row_t;

static void print_rows(FILE *file, const char *title, const row_t *rows, size_t count, bool last)
{
    fprintf(file, "  \"%s\": {\n", title);
    for (size_t i = 0; i < count; i++) {
        fprintf(file, "    \"%s\": %" PRIu64 "%s\n", rows[i].name, rows[i].value,
                i + 1 < count ? "," : "");
    }
    fprintf(file, "  }%s\n", last ? "" : ",");
}

#define PRINT_ROWS(file, title, rows, last)                                                        \
    print_rows(file, title, rows, sizeof(rows) / sizeof((rows)[0]), last)

static void print_chip(FILE *file, sim_chip_t *chip)
{
    sim_chip_counters_t c;

    sim_chip_get_counters(chip, &c);
    row_t rows[] = {
        {"sector_erases", c.sector_erases},       {"block_erases", c.block_erases},
        {"chip_erases", c.chip_erases},           {"page_programs", c.page_programs},
        {"bytes_programmed", c.bytes_programmed}, {"bytes_read", c.bytes_read},
        {"bytes_digested", c.bytes_digested},     {"commands", c.commands},
        {"refused_commands", c.refused_commands}, {"resets", c.resets},
        {"stub_starts", c.stub_starts},           {"stub_crashes", c.stub_crashes},
    };
    PRINT_ROWS(file, "chip", rows, false);
}

static void print_faults(FILE *file, const char *title, const sim_fault_counts_t *c, bool last)
{
    row_t rows[] = {
        {"flips", c->flips},     {"drops", c->drops},     {"dups", c->dups},
        {"inserts", c->inserts}, {"stalls", c->stalls},   {"resets", c->resets},
        {"unplugs", c->unplugs}, {"hangups", c->hangups},
    };
    PRINT_ROWS(file, title, rows, last);
}

bool sim_report_write(const char *path, sim_board_t *board, sim_chip_t *chip)
{
    FILE *file = fopen(path, "w");
    sim_board_report_t r;

    if (file == NULL) {
        fprintf(stderr, "espsim: cannot write %s: %s\n", path, strerror(errno));
        return false;
    }
    sim_board_get_report(board, &r);
    row_t wire[] = {
        {"to_host_bytes", r.wire.to_host},
        {"to_chip_bytes", r.wire.to_chip},
        {"garbled_bytes", r.wire.garbled},
        {"rx_lost_bytes", r.wire.rx_lost},
        {"rx_ignored_bytes", r.wire.rx_ignored},
        {"unheard_bytes", r.wire.unheard},
        {"chip_baud", r.chip_baud},
        {"host_baud", r.host_baud},
        {"chip_baud_changes", r.wire.chip_baud_changes},
        {"host_baud_changes", r.wire.host_baud_changes},
    };
    row_t boots[] = {
        {"boots_run", r.boots_run},     {"boots_download", r.boots_download},
        {"self_resets", r.self_resets}, {"connections", r.connections},
        {"unplugs", r.unplugs},         {"in_download", r.in_download},
    };
    fprintf(file, "{\n");
    print_chip(file, chip);
    PRINT_ROWS(file, "wire", wire, false);
    PRINT_ROWS(file, "board", boots, false);
    print_faults(file, "faults_to_host", &r.faults[SIM_TO_HOST], false);
    print_faults(file, "faults_to_chip", &r.faults[SIM_TO_CHIP], true);
    fprintf(file, "}\n");
    if (fclose(file) != 0) {
        fprintf(stderr, "espsim: cannot write %s: %s\n", path, strerror(errno));
        return false;
    }
    return true;
}
