/* sim_model.c: see sim_model.h. */
#include "sim_model.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPORT_FORMAT = 1,
    REPORT_MAX = 1 << 20,
    SECTOR_BYTES = 4096,
    STUB_COMMAND_US = 50, /* as the stub here takes it; the rest of a round trip is latency */
    START_WIRE_BYTES = 38 /* MEM_END, its reply of the ROM, the stub's greeting */
};

/* 0: not in the report. */
static double number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) && item->valuedouble > 0 ? item->valuedouble : 0;
}

static uint32_t to_us(double us)
{
    return us > 0 ? (uint32_t)(us + 0.5) : 0;
}

/* What a round trip takes beyond the bytes of both ways. */
static double pause_us(const cJSON *program)
{
    return number(program, "round_trip_us") - number(program, "round_trip_wire_us");
}

static void take_programs(const cJSON *rom, const cJSON *stub, sim_timing_t *timing,
                          sim_board_options_t *board)
{
    double latency_us = pause_us(number(stub, "round_trip_us") > 0 ? stub : rom) - STUB_COMMAND_US;
    const double baud = number(rom, "baud");

    latency_us = latency_us > 0 ? latency_us : 0;
    board->latency_us = to_us(latency_us);
    timing->rom_command = to_us(pause_us(rom) - latency_us);
    timing->rom_4k = to_us(number(rom, "digest_us_per_mib") / 256);
    timing->stub_4k = to_us(number(stub, "digest_us_per_mib") / 256);
    if (number(stub, "start_us") > 0 && baud > 0) {
        timing->stub_start = to_us(number(stub, "start_us") - START_WIRE_BYTES * 1e7 / baud -
                                   latency_us - timing->rom_command);
    }
}

/* The fastest that holds, if a faster one does not. */
static void take_rates(const cJSON *rates, sim_board_options_t *board)
{
    const cJSON *rate;
    double holds = 0, fails = 0;

    cJSON_ArrayForEach(rate, rates)
    {
        const double baud = number(rate, "baud");

        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(rate, "holds"))) {
            holds = baud > holds ? baud : holds;
        } else {
            fails = baud > fails ? baud : fails;
        }
    }
    if (holds > 0 && fails > holds) {
        board->max_baud = (uint32_t)holds;
    }
}

/* A write is three commands, and a look at each sector before it is programmed. */
static void take_flash(const cJSON *scratch, const cJSON *stub, sim_timing_t *timing)
{
    const double speed = number(scratch, "program_bytes_per_s");
    const double bytes = number(scratch, "size_bytes");

    timing->sector_erase = to_us(number(scratch, "sector_erase_us"));
    timing->block_erase = to_us(number(scratch, "block_erase_us"));
    if (speed > 0 && bytes > 0) {
        timing->program_4k =
            to_us((bytes * 1e6 / speed - 3 * pause_us(stub)) / (bytes / SECTOR_BYTES));
    }
}

bool sim_model_parse(const char *json, sim_timing_t *timing, sim_board_options_t *board, char *why,
                     size_t why_size)
{
    cJSON *root = cJSON_Parse(json);
    const bool ok = (int)number(root, "selftest_format") == REPORT_FORMAT;

    if (ok) {
        const cJSON *stub = cJSON_GetObjectItemCaseSensitive(root, "stub");

        board->wire_real = true;
        take_programs(cJSON_GetObjectItemCaseSensitive(root, "rom"), stub, timing, board);
        take_rates(cJSON_GetObjectItemCaseSensitive(root, "rates"), board);
        take_flash(cJSON_GetObjectItemCaseSensitive(root, "scratch"), stub, timing);
    } else {
        snprintf(why, why_size, "no report of a self-test in format %d", REPORT_FORMAT);
    }
    cJSON_Delete(root);
    return ok;
}

bool sim_model_load(const char *path, sim_timing_t *timing, sim_board_options_t *board, char *why,
                    size_t why_size)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, REPORT_MAX + 1);
    char reason[64] = "cannot be read";
    bool ok = false;

    if (file != NULL && text != NULL && fread(text, 1, REPORT_MAX, file) > 0) {
        ok = sim_model_parse(text, timing, board, reason, sizeof(reason));
    }
    if (!ok) {
        snprintf(why, why_size, "%s: %s", path, reason);
    }
    if (file != NULL) {
        fclose(file);
    }
    free(text);
    return ok;
}
