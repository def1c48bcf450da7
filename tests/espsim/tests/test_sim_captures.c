/*
 * test_sim_captures.c: the simulated chip answers every recorded command as the real chip did.
 *
 * Arguments: folder of captures, folder of stubs (legacy-4.12/, v2-1.2.2/, v2-1.4.1/). Form of the
 * captures: tests/data/captures/README.md.
 */
#include "fake_uart.h"
#include "sim_chip_internal.h"
#include "sim_digest.h"
#include "stub_file.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FLASH_BYTES = 4 << 20, FRAME_MAX = 20000, CAPTURES_MAX = 64 };

static const char *captures_dir, *stubs_dir;

typedef struct replay {
    FILE *file;
    char *line;
    size_t line_room;
    unsigned line_number;
    const char *path;
    uint8_t *pattern, written[20000];
    stub_file_t stub;
    uint32_t mem_addr;
    size_t chip_at; /* how much of the chip's output was compared */
    unsigned frames;
    char failure[300];
} replay_t;

static void replay_fail(replay_t *r, const char *what)
{
    if (r->failure[0] == '\0') {
        snprintf(r->failure, sizeof(r->failure), "%s:%u: %s", r->path, r->line_number, what);
    }
}

static void make_pattern(replay_t *r)
{
    r->pattern = malloc(FLASH_BYTES);
    assert_non_null(r->pattern);
    memset(r->pattern, 0xFF, FLASH_BYTES);
    for (uint64_t i = 0; i < 0x18000; i++) {
        if (i < 0x3000 || i >= 0x10000) {
            r->pattern[i] = (uint8_t)((i * UINT64_C(2654435761)) >> 13);
        }
    }
    for (uint64_t i = 0; i < sizeof(r->written); i++) {
        r->written[i] = (uint8_t)((i * 40503u) >> 7);
    }
}

/* Payload that the recordings leave out. */
static size_t put_stub(replay_t *r, uint8_t *out, size_t count)
{
    const stub_segment_t *segment =
        r->stub.text.addr == r->mem_addr ? &r->stub.text : &r->stub.data;
    if (segment->addr != r->mem_addr || segment->count < count) {
        replay_fail(r, "the stub file is not the recorded stub");
        return 0;
    }
    memcpy(out, segment->bytes, count);
    return count;
}

static size_t put_hex(const char *piece, uint8_t *out)
{
    size_t count = 0;
    unsigned byte;
    for (; sscanf(piece + 2 * count, "%2x", &byte) == 1 && piece[2 * count] != '\0'; count++) {
        out[count] = (uint8_t)byte;
    }
    return count;
}

static size_t put_piece(replay_t *r, const char *piece, uint8_t *out)
{
    unsigned long addr, count;
    unsigned byte;
    int end = 0;
    if (sscanf(piece, "flash(%li,%lu)", (long *)&addr, &count) == 2) {
        memcpy(out, r->pattern + addr, count);
        return count;
    }
    if (sscanf(piece, "written(%li,%lu)", (long *)&addr, &count) == 2) {
        memcpy(out, r->written + addr, count);
        return count;
    }
    if (sscanf(piece, "stub*%lu", &count) == 1) {
        return put_stub(r, out, count);
    }
    if (sscanf(piece, "%2x*%lu%n", &byte, &count, &end) == 2 && end > 0) {
        memset(out, (int)byte, count);
        return count;
    }
    return put_hex(piece, out);
}

/* Take a line apart; returns the length of its frame and how often it is there. */
static size_t parse_line(replay_t *r, uint8_t *frame, unsigned *times)
{
    size_t count = 0;
    char *save = NULL;
    *times = 1;
    for (char *piece = strtok_r(r->line + 2, " \n", &save); piece != NULL;
         piece = strtok_r(NULL, " \n", &save)) {
        if (sscanf(piece, "times*%u", times) != 1) {
            count += put_piece(r, piece, frame + count);
        }
    }
    return count;
}

static void expect_frame(replay_t *r, sim_uart_t *u, const uint8_t *frame, size_t count)
{
    static uint8_t got[FRAME_MAX];
    size_t got_count = fake_uart_next_frame(u, &r->chip_at, got, sizeof(got));
    r->frames++;
    if (got_count == SIZE_MAX) {
        replay_fail(r, "the chip sent nothing");
    } else if (got_count != count || memcmp(got, frame, count) != 0) {
        char what[200];
        int at = snprintf(what, sizeof(what), "the chip sent %zu bytes instead of %zu:", got_count,
                          count);
        for (size_t i = 0; i < got_count && i < 40; i++) {
            at +=
                snprintf(what + at, sizeof(what) - (size_t)at, "%s%02x", i == 0 ? " " : "", got[i]);
        }
        replay_fail(r, what);
    }
}

/* The chip waits: compare what it sent, then say the next thing. */
static bool next_host_frame(sim_uart_t *u, void *context)
{
    static uint8_t frame[FRAME_MAX];
    replay_t *r = context;
    while (r->failure[0] == '\0' && getline(&r->line, &r->line_room, r->file) > 0) {
        unsigned times;
        r->line_number++;
        bool from_host = r->line[0] == '>';
        size_t count = parse_line(r, frame, &times);
        if (!from_host) {
            for (unsigned i = 0; i < times; i++) {
                expect_frame(r, u, frame, count);
            }
            continue;
        }
        if (frame[1] == 0x05) {
            r->mem_addr = sim_le32(frame + 20);
        }
        for (unsigned i = 0; i < times; i++) {
            fake_uart_send_frame(u, frame, count);
        }
        return true;
    }
    return false;
}

static void check_flash(replay_t *r, sim_chip_t *chip, const char *expected)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    char hex[2 * SHA256_DIGEST_SIZE + 1] = "";
    struct sha256_ctx sha256;
    sha256_init(&sha256);
    sha256_update(&sha256, FLASH_BYTES, sim_flash_cells(chip->flash));
    sim_sha256_result(&sha256, digest);
    for (size_t i = 0; i < sizeof(digest); i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    if (strcmp(hex, expected) != 0) {
        replay_fail(r, "the flash is not what it was after the recorded session");
    }
}

static void replay_capture(replay_t *r, bool c3)
{
    char sha256[80] = "";
    sim_uart_t uart = {.on_empty = next_host_frame, .context = r};
    sim_chip_t *chip = sim_chip_new(&(sim_chip_options_t){.chip = c3 ? "esp32c3" : "esp32",
                                                          .flash_size = FLASH_BYTES,
                                                          .jedec_id = 0xC84016,
                                                          .no_sfdp = true,
                                                          .efuse_set = "blank"});
    assert_non_null(chip);
    memcpy(sim_flash_cells(chip->flash), r->pattern, FLASH_BYTES);
    r->file = fopen(r->path, "r");
    assert_non_null(r->file);
    r->line_number = 1;
    if (fscanf(r->file, "flash-sha256 %64s\n", sha256) != 1) {
        replay_fail(r, "no digest of the flash");
    }
    sim_chip_run(chip, &uart, true);
    uint8_t rest[16];
    if (fake_uart_next_frame(&uart, &r->chip_at, rest, sizeof(rest)) != SIZE_MAX) {
        replay_fail(r, "the chip sent more than was recorded");
    }
    check_flash(r, chip, sha256);
    fclose(r->file);
    fake_uart_free(&uart);
    sim_chip_free(chip);
}

/* The stub that a session loads, by the name of its file. */
static const char *generation_of(const char *name)
{
    if (strncmp(name, "esp32c3", 7) != 0) {
        return "legacy-4.12";
    }
    return strstr(name, "-stub141-") != NULL ? "v2-1.4.1" : "v2-1.2.2";
}

static void test_one_capture(void **state)
{
    char path[600];
    const char *name = *state;
    bool c3 = strncmp(name, "esp32c3", 7) == 0;
    snprintf(path, sizeof(path), "%s/%s", captures_dir, name);
    replay_t r = {.path = path};
    make_pattern(&r);
    assert_true(stub_file_load(&r.stub, stubs_dir, generation_of(name), c3 ? "esp32c3" : "esp32"));
    replay_capture(&r, c3);
    stub_file_free(&r.stub);
    free(r.pattern);
    free(r.line);
    if (r.failure[0] != '\0') {
        fail_msg("%s", r.failure);
    }
    assert_true(r.frames > 50);
}

static int only_captures(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return strncmp(entry->d_name, "esp32", 5) == 0 && length > 4 &&
           strcmp(entry->d_name + length - 4, ".txt") == 0;
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    struct CMUnitTest tests[CAPTURES_MAX];
    if (argc != 3) {
        fprintf(stderr, "usage: %s CAPTURES STUBS\n", argv[0]);
        return 2;
    }
    captures_dir = argv[1];
    stubs_dir = argv[2];
    int count = scandir(captures_dir, &entries, only_captures, alphasort);
    if (count < 1 || count > CAPTURES_MAX) {
        fprintf(stderr, "no captures in %s\n", captures_dir);
        return 2;
    }
    for (int i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){.name = entries[i]->d_name,
                                       .test_func = test_one_capture,
                                       .initial_state = entries[i]->d_name};
    }
    int failures = _cmocka_run_group_tests("captures", tests, (size_t)count, NULL, NULL);
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
    return failures;
}
