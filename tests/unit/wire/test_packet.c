/* The packet codec against every frame that real chips sent and were sent. */
#include "bytes.h"
#include "packet.h"
#include "slip.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CAPTURES       EB_TEST_DATA_DIR "/captures"
#define FRAME_MAX      20000
#define FILES_AT_LEAST 27

typedef struct capture {
    eb_dialect_t dialect;
    bool reading; /* READ_FLASH was answered: data frames follow */
    size_t replies, commands, data_frames, unknown_command_replies;
} capture_t;

/* The flash of the recorded boards. */
static uint8_t flash_byte(size_t i)
{
    if (i < 0x3000 || (i >= 0x10000 && i < 0x18000)) {
        return (uint8_t)(i * 2654435761u >> 13);
    }
    return 0xFF;
}

/* One piece of a line; README.md of the captures says what there is. 0: not known (a stub's file).
 */
static size_t expand(const char *piece, uint8_t *out, size_t cap)
{
    unsigned byte, count, addr;
    size_t used = 0;

    if (strncmp(piece, "stub*", 5) == 0) {
        return 0;
    }
    if (sscanf(piece, "flash(%i,%u)", (int *)&addr, &count) == 2) {
        for (; used < count && used < cap; used++) {
            out[used] = flash_byte(addr + used);
        }
    } else if (sscanf(piece, "written(%i,%u)", (int *)&addr, &count) == 2) {
        for (; used < count && used < cap; used++) {
            out[used] = (uint8_t)((addr + used) * 40503u >> 7);
        }
    } else if (strchr(piece, '*') != NULL) {
        assert_int_equal(sscanf(piece, "%2x*%u", &byte, &count), 2);
        for (; used < count && used < cap; used++) {
            out[used] = (uint8_t)byte;
        }
    } else {
        used = strlen(piece) / 2;
        assert_true(used <= cap);
        assert_true(eb_hex_decode(piece, out, used));
    }
    return used;
}

/* Bytes of the frame, 0 when the line has a part that is not here. */
static size_t read_line(char *line, uint8_t *frame)
{
    size_t len = 0;

    for (char *piece = strtok(line, " \n"); piece != NULL; piece = strtok(NULL, " \n")) {
        size_t n;

        if (strncmp(piece, "times*", 6) == 0) {
            continue;
        }
        n = expand(piece, frame + len, FRAME_MAX - len);
        if (n == 0) {
            return 0;
        }
        len += n;
    }
    return len;
}

static void check_slip(const uint8_t *frame, size_t len)
{
    static uint8_t wire[EB_SLIP_MAX(FRAME_MAX)], buf[FRAME_MAX];
    eb_slip_t d;
    size_t used = 0;
    const size_t total = eb_slip_encode(frame, len, wire);

    eb_slip_init(&d, buf, sizeof(buf));
    assert_int_equal(eb_slip_push(&d, wire, total, &used), EB_SLIP_FRAME);
    assert_int_equal(used, total);
    assert_int_equal(d.len, len);
    assert_memory_equal(d.buf, frame, len);
}

static void check_command(capture_t *c, const uint8_t *frame, size_t len)
{
    uint8_t header[EB_PACKET_HEADER_BYTES];
    const bool has_sum =
        len > 24 && (frame[1] == EB_CMD_MEM_DATA || frame[1] == EB_CMD_FLASH_DATA ||
                     frame[1] == EB_CMD_FLASH_DEFL_DATA);

    if (len == 4) {
        return; /* an acknowledgement */
    }
    c->commands++;
    c->reading = false;
    eb_packet_header(frame[1], len - sizeof(header),
                     has_sum ? eb_packet_checksum(frame + 24, len - 24) : 0, header);
    assert_memory_equal(header, frame, sizeof(header));
    c->reading = frame[1] == EB_CMD_READ_FLASH;
}

static void check_reply(capture_t *c, const uint8_t *frame, size_t len)
{
    eb_reply_t reply;

    if (len == 4 && memcmp(frame, "OHAI", 4) == 0) {
        c->dialect = EB_DIALECT_STUB;
        return;
    }
    if (c->reading && c->commands > 0 && !(len == 10 && frame[0] == 1 && frame[1] == 0xD2)) {
        c->data_frames++;
        return;
    }
    c->replies++;
    assert_true(eb_packet_reply(frame, len, c->dialect, &reply));
    if (reply.status != 0) {
        /* Only the unknown command of the older ROM was refused in all the sessions. */
        assert_int_equal(reply.op, EB_CMD_SYNC);
        assert_int_equal(eb_status_code(reply.status, reply.error), 5);
        c->unknown_command_replies++;
        return;
    }
    if (reply.op == EB_CMD_GET_SECURITY_INFO) {
        assert_int_equal(reply.data_len, 20);
    } else if (reply.op == EB_CMD_SPI_FLASH_MD5) {
        assert_int_equal(reply.data_len, c->dialect == EB_DIALECT_STUB ? 16 : 32);
    } else if (reply.op == EB_CMD_READ_FLASH_SLOW) {
        assert_int_equal(reply.data_len, 64);
    } else {
        assert_int_equal(reply.data_len, 0);
    }
}

static void check_file(const char *name, capture_t *c)
{
    static uint8_t frame[FRAME_MAX];
    static char line[2 * FRAME_MAX + 64];
    char path[512];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", CAPTURES, name);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        const char dir = line[0];
        size_t len;

        if (dir != '>' && dir != '<') {
            continue;
        }
        len = read_line(line + 1, frame);
        if (len == 0) {
            continue;
        }
        check_slip(frame, len);
        if (dir == '>') {
            check_command(c, frame, len);
        } else {
            check_reply(c, frame, len);
        }
    }
    (void)fclose(file);
}

static void parses_every_recorded_frame(void **state)
{
    DIR *dir = opendir(CAPTURES);
    size_t files = 0, unknown = 0, data = 0;

    (void)state;
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const size_t len = strlen(entry->d_name);
        capture_t c = {.dialect = EB_DIALECT_ROM};

        if (len < 4 || strcmp(entry->d_name + len - 4, ".txt") != 0) {
            continue;
        }
        files++;
        check_file(entry->d_name, &c);
        assert_true(c.commands > 20 && c.replies > 20);
        unknown += c.unknown_command_replies;
        data += c.data_frames;
    }
    (void)closedir(dir);
    assert_true(files >= FILES_AT_LEAST);
    assert_true(unknown > 0);
    assert_true(data > 20);
}

static void refuses_what_is_no_reply(void **state)
{
    const uint8_t good[] = {1, 0x0A, 2, 0, 1, 2, 3, 4, 0, 0};
    uint8_t bad[sizeof(good)];
    eb_reply_t reply;

    (void)state;
    assert_true(eb_packet_reply(good, sizeof(good), EB_DIALECT_STUB, &reply));
    assert_int_equal(reply.value, 0x04030201);
    for (size_t len = 0; len < sizeof(good); len++) {
        assert_false(eb_packet_reply(good, len, EB_DIALECT_STUB, &reply));
    }
    memcpy(bad, good, sizeof(bad));
    bad[0] = 0; /* a command that was echoed */
    assert_false(eb_packet_reply(bad, sizeof(bad), EB_DIALECT_STUB, &reply));
    memcpy(bad, good, sizeof(bad));
    bad[2] = 3; /* a length that lies */
    assert_false(eb_packet_reply(bad, sizeof(bad), EB_DIALECT_STUB, &reply));
}

static void short_reply_of_a_rom_is_its_status(void **state)
{
    const uint8_t frame[] = {1, 0x13, 2, 0, 0, 0, 0, 0, 1, 9};
    eb_reply_t reply;

    (void)state;
    assert_true(eb_packet_reply(frame, sizeof(frame), EB_DIALECT_ROM, &reply));
    assert_int_equal(reply.status, 1);
    assert_int_equal(reply.error, 9);
    assert_int_equal(reply.data_len, 0);
}

static void has_words_for_every_status(void **state)
{
    (void)state;
    assert_int_equal(eb_status_code(1, 5), 5);
    assert_int_equal(eb_status_code(0xC4, 0), 0xC4);
    assert_string_equal(eb_status_text(0xC4, 0x17), eb_status_text(0xC4, 0));
    assert_string_not_equal(eb_status_text(1, 7), eb_status_text(1, 8));
    assert_non_null(eb_status_text(0x77, 0x77));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_every_recorded_frame),
        cmocka_unit_test(refuses_what_is_no_reply),
        cmocka_unit_test(short_reply_of_a_rom_is_its_status),
        cmocka_unit_test(has_words_for_every_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
