/*
 * test_sim_flash.c: the flash obeys the rules of NOR flash.
 */
#include "sim_flash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FLASH_1MB (UINT64_C(1) << 20)

static uint64_t now_us;
static sim_flash_t *flash;

static sim_flash_t *make(sim_flash_config_t config)
{
    char why[200] = "";
    sim_flash_t *made = sim_flash_new(&config, why, sizeof(why));
    if (made == NULL) {
        print_message("%s\n", why);
    }
    return made;
}

static int setup(void **state)
{
    (void)state;
    now_us = 0;
    flash = make((sim_flash_config_t){.size = FLASH_1MB});
    return flash == NULL;
}

static int teardown(void **state)
{
    (void)state;
    sim_flash_free(flash);
    return 0;
}

static void settle(void)
{
    uint64_t until_us = sim_flash_busy_until_us(flash);
    now_us = until_us > now_us ? until_us : now_us;
}

static void command(uint8_t opcode, uint32_t addr)
{
    sim_flash_transact(flash, &(sim_flash_io_t){.opcode = opcode, .addr = addr, .addr_bits = 24},
                       now_us);
}

static void program(uint32_t addr, const uint8_t *bytes, size_t count)
{
    command(SIM_FLASH_WREN, 0);
    sim_flash_transact(flash,
                       &(sim_flash_io_t){.opcode = SIM_FLASH_PP,
                                         .addr = addr,
                                         .addr_bits = 24,
                                         .out = bytes,
                                         .out_count = count},
                       now_us);
}

static void read_with(uint8_t opcode, uint32_t addr, unsigned dummy_bits, uint8_t *in, size_t count)
{
    sim_flash_transact(flash,
                       &(sim_flash_io_t){.opcode = opcode,
                                         .addr = addr,
                                         .addr_bits = 24,
                                         .dummy_bits = dummy_bits,
                                         .in = in,
                                         .in_count = count},
                       now_us);
}

static uint8_t status(void)
{
    uint8_t sr = 0;
    sim_flash_transact(flash, &(sim_flash_io_t){.opcode = SIM_FLASH_RDSR, .in = &sr, .in_count = 1},
                       now_us);
    return sr;
}

static void write_status(uint8_t sr)
{
    command(SIM_FLASH_WREN, 0);
    sim_flash_transact(flash,
                       &(sim_flash_io_t){.opcode = SIM_FLASH_WRSR, .out = &sr, .out_count = 1},
                       now_us);
    settle();
}

static void test_program_only_clears_bits(void **state)
{
    (void)state;
    uint8_t *cells = sim_flash_cells(flash);
    program(0x1000, &(uint8_t){0x0F}, 1);
    settle();
    program(0x1000, &(uint8_t){0xF3}, 1);
    settle();
    assert_int_equal(cells[0x1000], 0x03);
}

static void test_program_wraps_inside_its_page(void **state)
{
    (void)state;
    uint8_t bytes[300];
    uint8_t *cells = sim_flash_cells(flash);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    program(0x20F0, bytes, 32);
    settle();
    assert_int_equal(cells[0x20FF], 15);
    assert_int_equal(cells[0x2000], 16);
    assert_int_equal(cells[0x2100], 0xFF);
    program(0x3000, bytes, 300); /* the last 256 bytes count */
    settle();
    assert_int_equal(cells[0x3000 + 43], 43); /* sent 256 later: 299 & FF */
    assert_int_equal(cells[0x3000 + 44], 44);
    assert_int_equal(cells[0x3000 + 255], 255);
    assert_int_equal(cells[0x3100], 0xFF);
}

static void test_nothing_without_write_enable(void **state)
{
    (void)state;
    uint8_t *cells = sim_flash_cells(flash);
    cells[0] = 0;
    command(SIM_FLASH_SE, 0);
    settle();
    assert_int_equal(cells[0], 0);
    command(SIM_FLASH_WREN, 0);
    assert_int_equal(status(), SIM_SR_WEL);
    command(SIM_FLASH_WRDI, 0);
    assert_int_equal(status(), 0);
}

static void test_erase_sizes_and_counters(void **state)
{
    (void)state;
    uint8_t *cells = sim_flash_cells(flash);
    static const struct {
        uint8_t opcode;
        uint32_t from, count;
    } rows[] = {{SIM_FLASH_SE, 0x1000, 0x1000},
                {SIM_FLASH_BE32, 0x8000, 0x8000},
                {SIM_FLASH_BE64, 0x10000, 0x10000},
                {SIM_FLASH_CE, 0, 0x100000}};
    for (size_t i = 0; i < 4; i++) {
        memset(cells, 0, FLASH_1MB);
        command(SIM_FLASH_WREN, 0);
        command(rows[i].opcode, rows[i].from + 0x123); /* any address inside */
        settle();
        uint64_t erased = 0;
        for (uint64_t at = 0; at < FLASH_1MB; at++) {
            erased += cells[at] == 0xFF;
        }
        assert_int_equal(erased, rows[i].count);
        assert_int_equal(cells[rows[i].from], 0xFF);
        assert_int_equal(cells[rows[i].from + rows[i].count - 1], 0xFF);
    }
    assert_int_equal(sim_flash_counters(flash)->sector_erases, 1);
    assert_int_equal(sim_flash_counters(flash)->block_erases, 2);
    assert_int_equal(sim_flash_counters(flash)->chip_erases, 1);
}

static void test_busy_flash_hears_only_status(void **state)
{
    (void)state;
    uint8_t byte = 0, zero = 0;
    command(SIM_FLASH_WREN, 0);
    command(SIM_FLASH_SE, 0);
    assert_int_equal(status() & SIM_SR_WIP, SIM_SR_WIP);
    program(0x2000, &zero, 1);
    read_with(SIM_FLASH_READ, 0, 0, &byte, 1);
    assert_int_equal(byte, 0xFF);
    settle();
    assert_int_equal(status(), 0);
    assert_int_equal(sim_flash_cells(flash)[0x2000], 0xFF);
}

static void test_block_protection(void **state)
{
    (void)state;
    uint8_t zero = 0;
    uint8_t *cells = sim_flash_cells(flash);
    write_status(1 << 2); /* BP0: the highest 64th */
    program(0xFF000, &zero, 1);
    settle();
    assert_int_equal(cells[0xFF000], 0xFF);
    program(0x00000, &zero, 1);
    settle();
    assert_int_equal(cells[0], 0);
    write_status(7 << 2); /* all */
    command(SIM_FLASH_WREN, 0);
    command(SIM_FLASH_SE, 0);
    settle();
    assert_int_equal(cells[0], 0);
    write_status(0);
    command(SIM_FLASH_WREN, 0);
    command(SIM_FLASH_CE, 0);
    settle();
    assert_int_equal(cells[0], 0xFF);
}

static void check_guarded(uint32_t jedec_id, uint8_t status1, uint8_t status2, uint32_t addr,
                          bool guarded)
{
    sim_flash_free(flash);
    flash = make((sim_flash_config_t){.size = FLASH_1MB, .jedec_id = jedec_id});
    uint8_t *cells = sim_flash_cells(flash), both[2] = {status1, status2};
    cells[addr] = 0;
    command(SIM_FLASH_WREN, 0);
    sim_flash_transact(flash,
                       &(sim_flash_io_t){.opcode = SIM_FLASH_WRSR, .out = both, .out_count = 2},
                       now_us);
    settle();
    command(SIM_FLASH_WREN, 0);
    command(SIM_FLASH_SE, addr);
    settle();
    assert_int_equal(cells[addr], guarded ? 0 : 0xFF);
}

static void test_fourth_bit_and_complement(void **state)
{
    (void)state;
    check_guarded(0xC22014, 0x20, 0, 0xFF000, true); /* BP3 alone: 8 MB, so all of it */
    check_guarded(0xC22014, 0x20, 0, 0, true);
    check_guarded(0x9D6014, 0x20, 0, 0, true);
    check_guarded(0xC22014, 0x04, 0, 0xFF000, true); /* 64 KB at the top */
    check_guarded(0xC22014, 0x04, 0, 0xEF000, false);
    check_guarded(0xC22014, 0, 0x40, 0, false); /* no CMP */
    check_guarded(0xEF4014, 0x20, 0, 0, false); /* TB alone */
    check_guarded(0xEF4014, 0, 0x40, 0, true);
    check_guarded(0xEF4014, 0, 0x40, 0xFF000, true);
    check_guarded(0xEF4014, 0x1C, 0x40, 0, false);
    check_guarded(0xC84014, 0x04 | 0x20, 0x40, 0, false); /* the lowest 1/64 stays free */
    check_guarded(0xC84014, 0x04 | 0x20, 0x40, 0x8000, true);
}

static void test_identity_and_sfdp(void **state)
{
    (void)state;
    uint8_t id[3], sfdp[8], density[4], basic[2];
    sim_flash_transact(flash, &(sim_flash_io_t){.opcode = SIM_FLASH_RDID, .in = id, .in_count = 3},
                       now_us);
    assert_memory_equal(id, ((uint8_t[]){0xEF, 0x40, 0x14}), 3);
    read_with(SIM_FLASH_SFDP, 0, 8, sfdp, 8);
    assert_memory_equal(sfdp, "SFDP\x06\x01\x00\xFF", 8);
    uint8_t pointer[3];
    read_with(SIM_FLASH_SFDP, 12, 8, pointer, 3);
    read_with(SIM_FLASH_SFDP, pointer[0] + 4u, 8, density, 4);
    assert_memory_equal(density, ((uint8_t[]){0xFF, 0xFF, 0x7F, 0x00}), 4); /* 8 Mbit - 1 */
    read_with(SIM_FLASH_SFDP, pointer[0], 8, basic, 2);
    assert_int_equal(basic[1], SIM_FLASH_SE);
    uint8_t with_dummies_as_data[12], plain[8];
    read_with(SIM_FLASH_UNIQUE_ID, 0, 8, plain, 8);
    sim_flash_transact(flash,
                       &(sim_flash_io_t){.opcode = SIM_FLASH_UNIQUE_ID,
                                         .in = with_dummies_as_data,
                                         .in_count = 12},
                       now_us);
    assert_memory_equal(with_dummies_as_data + 4, plain, 8);
}

static void test_mute_flash(void **state)
{
    (void)state;
    sim_flash_free(flash);
    flash = make((sim_flash_config_t){.size = FLASH_1MB, .mute = true});
    uint8_t id[3];
    sim_flash_cells(flash)[0] = 0;
    sim_flash_transact(flash, &(sim_flash_io_t){.opcode = SIM_FLASH_RDID, .in = id, .in_count = 3},
                       now_us);
    assert_memory_equal(id, "\xFF\xFF\xFF", 3);
    read_with(SIM_FLASH_READ, 0, 0, id, 1);
    assert_int_equal(id[0], 0xFF);
}

static void test_every_second_write_lies(void **state)
{
    (void)state;
    sim_flash_free(flash);
    flash = make((sim_flash_config_t){.size = FLASH_1MB, .lying_write_every = 2});
    uint8_t zero = 0;
    for (uint32_t page = 0; page < 4; page++) {
        program(page * 256, &zero, 1);
        settle();
    }
    const uint8_t *cells = sim_flash_cells(flash);
    assert_int_equal(cells[0], 0);
    assert_int_equal(cells[256], 0xFF);
    assert_int_equal(cells[512], 0);
    assert_int_equal(cells[768], 0xFF);
}

static void test_four_byte_addresses(void **state)
{
    (void)state;
    sim_flash_free(flash);
    flash = make((sim_flash_config_t){.size = FLASH_1MB * 32});
    uint8_t *cells = sim_flash_cells(flash);
    uint8_t byte;
    cells[0x1000010] = 0x5A;
    sim_flash_io_t io = {.opcode = SIM_FLASH_READ_4B,
                         .addr = 0x1000010,
                         .addr_bits = 32,
                         .in = &byte,
                         .in_count = 1};
    sim_flash_transact(flash, &io, now_us);
    assert_int_equal(byte, 0x5A);
    io.opcode = SIM_FLASH_READ; /* 24 bits: wraps at 16 MB */
    sim_flash_transact(flash, &io, now_us);
    assert_int_equal(byte, 0xFF);
    assert_int_equal(sim_flash_jedec_id(flash), 0xEF4019);
}

static void test_small_flash_has_no_four_byte_opcodes(void **state)
{
    (void)state;
    sim_flash_free(flash);
    flash = make((sim_flash_config_t){.size = FLASH_1MB * 16});
    uint8_t *cells = sim_flash_cells(flash);
    uint8_t byte = 0;
    cells[0x10] = 0x5A;
    sim_flash_io_t io = {
        .opcode = SIM_FLASH_READ_4B, .addr = 0x10, .addr_bits = 32, .in = &byte, .in_count = 1};
    sim_flash_transact(flash, &io, now_us);
    assert_int_equal(byte, 0xFF);
    sim_flash_transact(flash, &(sim_flash_io_t){.opcode = SIM_FLASH_WREN}, now_us);
    sim_flash_transact(flash, &(sim_flash_io_t){.opcode = SIM_FLASH_SE_4B, .addr_bits = 32},
                       now_us);
    assert_int_equal(cells[0x10], 0x5A);
    io.opcode = SIM_FLASH_READ;
    io.addr_bits = 24;
    sim_flash_transact(flash, &io, now_us);
    assert_int_equal(byte, 0x5A);
}

static void read_id(uint8_t id[3])
{
    sim_flash_transact(flash, &(sim_flash_io_t){.opcode = SIM_FLASH_RDID, .in = id, .in_count = 3},
                       now_us);
}

static void test_power_down_obeys_one_command(void **state)
{
    (void)state;
    uint8_t id[3];
    sim_flash_free(flash);
    flash = make((sim_flash_config_t){.size = FLASH_1MB, .mode = SIM_FLASH_POWER_DOWN});
    command(0x66, 0);
    command(0x99, 0);
    command(0xFF, 0);
    read_id(id);
    assert_memory_equal(id, "\xFF\xFF\xFF", 3);
    command(0xAB, 0);
    read_id(id);
    assert_int_equal(id[0], 0xEF);
}

static void test_qpi_mode_ends_by_ff(void **state)
{
    (void)state;
    uint8_t id[3];
    sim_flash_free(flash);
    flash = make((sim_flash_config_t){.size = FLASH_1MB, .mode = SIM_FLASH_QPI});
    command(0x66, 0);
    command(0x99, 0);
    command(0xAB, 0);
    read_id(id);
    assert_memory_equal(id, "\xFF\xFF\xFF", 3);
    command(0xFF, 0);
    read_id(id);
    assert_int_equal(id[0], 0xEF);
}

/* Only its deepest power-down, and the time that it takes to come back, start it anew. */
static void test_an_xmc_part_boots_anew(void **state)
{
    (void)state;
    static const uint8_t restart[] = {0xB9, 0x79, 0xFF};
    uint8_t id[3], maker;
    sim_flash_free(flash);
    flash = make(
        (sim_flash_config_t){.size = FLASH_1MB, .jedec_id = 0x204014, .mode = SIM_FLASH_MISBOOTED});
    sim_flash_cells(flash)[0] = 0x5A;
    read_with(SIM_FLASH_SFDP, 0x10, 8, &maker, 1);
    assert_int_equal(maker, 0x20);
    command(0x66, 0);
    command(0x99, 0);
    command(0xB9, 0);
    command(0xAB, 0);
    read_id(id);
    assert_memory_not_equal(id, "\x20\x40\x14", 3);
    read_with(SIM_FLASH_READ, 0, 0, id, 1);
    assert_int_not_equal(id[0], 0x5A);
    for (size_t i = 0; i < sizeof(restart); i++) {
        command(restart[i], 0);
    }
    now_us += 1999;
    command(0xAB, 0);
    now_us += 1;
    read_id(id);
    assert_memory_equal(id, "\xFF\xFF\xFF", 3);
    command(0xAB, 0);
    read_id(id);
    assert_memory_equal(id, "\x20\x40\x14", 3);
    read_with(SIM_FLASH_READ, 0, 0, id, 1);
    assert_int_equal(id[0], 0x5A);
    sim_flash_power_on(flash);
    read_id(id);
    assert_memory_not_equal(id, "\x20\x40\x14", 3);
}

static void test_four_byte_mode_shifts_what_has_three(void **state)
{
    (void)state;
    uint8_t bytes[2], data[2] = {0x10, 0x00};
    sim_flash_free(flash);
    flash = make((sim_flash_config_t){.size = FLASH_1MB * 32, .mode = SIM_FLASH_FOUR_BYTE});
    uint8_t *cells = sim_flash_cells(flash);
    memcpy(cells + 0x1234FF, "\x5A", 1);
    memcpy(cells + 0x1234, "\x11\x22", 2);
    read_with(SIM_FLASH_READ, 0x1234, 0, bytes, 2);
    assert_memory_equal(bytes, "\xFF\x5A", 2);
    program(0x1234, data, 2);
    settle();
    assert_int_equal(cells[0x123410], 0);
    command(SIM_FLASH_WREN, 0);
    sim_flash_transact(flash,
                       &(sim_flash_io_t){.opcode = SIM_FLASH_SE, .addr = 0x1000, .addr_bits = 24},
                       now_us);
    settle();
    assert_int_equal(cells[0x1234], 0x11);
    command(0x99, 0); /* not armed */
    read_with(SIM_FLASH_READ, 0x1234, 0, bytes, 2);
    assert_int_equal(bytes[0], 0xFF);
    command(0x66, 0);
    command(0x99, 0);
    read_with(SIM_FLASH_READ, 0x1234, 0, bytes, 2);
    assert_memory_equal(bytes, "\x11\x22", 2);
}

static void test_file_is_the_flash(void **state)
{
    (void)state;
    char path[] = "/tmp/sim_flash_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "\x11\x22", 2), 2);
    close(fd);
    sim_flash_t *mapped = make((sim_flash_config_t){.path = path, .size = FLASH_1MB});
    assert_non_null(mapped);
    assert_int_equal(sim_flash_cells(mapped)[1], 0x22);
    assert_int_equal(sim_flash_cells(mapped)[2], 0xFF);
    sim_flash_cells(mapped)[5] = 0x77;
    sim_flash_free(mapped);
    mapped = make((sim_flash_config_t){.path = path});
    assert_non_null(mapped);
    assert_int_equal(sim_flash_size(mapped), FLASH_1MB);
    assert_int_equal(sim_flash_cells(mapped)[5], 0x77);
    sim_flash_free(mapped);
    assert_null(make((sim_flash_config_t){.path = path, .size = FLASH_1MB / 2}));
    assert_null(make((sim_flash_config_t){.size = 3 * FLASH_1MB}));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_program_only_clears_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_program_wraps_inside_its_page, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_without_write_enable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_erase_sizes_and_counters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_busy_flash_hears_only_status, setup, teardown),
        cmocka_unit_test_setup_teardown(test_block_protection, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fourth_bit_and_complement, setup, teardown),
        cmocka_unit_test_setup_teardown(test_identity_and_sfdp, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mute_flash, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_second_write_lies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_four_byte_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_power_down_obeys_one_command, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_xmc_part_boots_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_qpi_mode_ends_by_ff, setup, teardown),
        cmocka_unit_test_setup_teardown(test_four_byte_mode_shifts_what_has_three, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_flash_has_no_four_byte_opcodes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_is_the_flash, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
