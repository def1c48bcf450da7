/*
 * test_selftest.c: the self-test against boards whose times are known, because they are simulated
 * and the clock is held: it must find the figures of the model, and change nothing.
 */
#include "selftest_fixture.h"

#define ROM_US      100 /* a command; sim_rom.c */
#define STUB_US     50
#define START_US    10000
#define START_BYTES 38 /* MEM_END, its reply, the greeting */
#define FIFO_BYTES  128

/* What the rows of the chips say of reading 4 KB and their MD5, in microseconds. */
typedef struct model {
    const char *chip;
    int64_t rom_4k; /* 0: this ROM bootloader has no MD5 */
    int64_t stub_4k, stub_spi_4k;
} model_t;

static const model_t models[] = {
    {"esp8266", 0, 7000, 6000},      {"esp32", 5200, 2200, 1900},    {"esp32s3", 10500, 2200, 1900},
    {"esp32c3", 10500, 10500, 8000}, {"esp32c6", 10500, 2200, 1900}, {"esp32p4", 10500, 2200, 1900},
};

/* -- the figures of the model ----------------------------------------------------------------- */

static double byte_us(uint32_t baud)
{
    return 1e7 / baud;
}

/* Bytes on the line for flash data: frames of `frame` bytes with `more` around their data. */
static double wire_bytes(uint32_t size, uint32_t frame, uint32_t more)
{
    double bytes = 0;

    for (uint32_t i = 0; i < size; i++) {
        bytes += flash[i] == 0xC0 || flash[i] == 0xDB ? 2 : 1;
    }
    return bytes + (double)size / frame * more;
}

/* The stub reads the next packet while the last bytes of the one before leave its FIFO. */
static double stub_read_us(const model_t *m, uint32_t size, uint32_t baud)
{
    const double hidden_us = FIFO_BYTES * byte_us(baud);
    const double shown_us = (double)m->stub_4k > hidden_us ? (double)m->stub_4k - hidden_us : 0;

    return wire_bytes(size, 4096, 2) * byte_us(baud) + shown_us * size / 4096;
}

/* The first 16 requests wait for the answer to the one before. */
static double rom_read_us(const model_t *m, uint32_t size)
{
    const double answers_us = wire_bytes(size, 64, 14) * byte_us(EB_ROM_BAUD);

    return answers_us + 16 * (18 * byte_us(EB_ROM_BAUD) + ROM_US + LATENCY_US) +
           (double)m->rom_4k * size / 4096;
}

static void check_rom(const model_t *m, const eb_selftest_result_t *r)
{
    assert_int_equal(r->rom.code, EB_OK);
    assert_int_equal(r->rom.baud, EB_ROM_BAUD);
    near("round trip of the ROM", (double)(r->rom.round_trip_us - r->rom.round_trip_wire_us),
         ROM_US + LATENCY_US);
    if (m->rom_4k == 0) {
        assert_int_equal(r->rom.digest_us_per_mib, 0);
        assert_int_equal(r->rom.read_bytes_per_s, 0);
        assert_int_equal(r->rom_reads_in_flight, 0);
        return;
    }
    near("MD5 of the ROM", (double)r->rom.digest_us_per_mib, (double)m->rom_4k * MIB_4K);
    near("reads of the ROM", 16384e6 / r->rom.read_bytes_per_s, rom_read_us(m, 16384));
    assert_in_range(r->rom_reads_in_flight, FIFO_BYTES / 18, EB_ROM_BURST_MAX - 1);
}

static void check_stub(const model_t *m, const eb_selftest_result_t *r)
{
    assert_int_equal(r->stub.code, EB_OK);
    near("round trip of the stub", (double)(r->stub.round_trip_us - r->stub.round_trip_wire_us),
         STUB_US + LATENCY_US);
    near("MD5 of the stub", (double)r->stub.digest_us_per_mib, (double)m->stub_4k * MIB_4K);
    near("start of the stub", r->stub_start_us,
         START_BYTES * byte_us(EB_ROM_BAUD) + ROM_US + START_US + LATENCY_US);
    assert_int_equal(r->rate_count, 4);
    for (size_t i = 0; i < r->rate_count; i++) {
        const eb_selftest_rate_t *rate = &r->rates[i];
        const uint32_t size = 4 * (rate->baud / 10) / 4096 * 4096;

        assert_int_equal(rate->code, EB_OK);
        assert_true(rate->holds && rate->steps_back);
        near("reads of the stub", size * 1e6 / rate->read_bytes_per_s,
             stub_read_us(m, size, rate->baud));
    }
    assert_int_equal(r->rates[3].baud, 921600);
    assert_int_equal(r->far, EB_FAR_NOT_APPLICABLE);
}

static void check_resets(const eb_selftest_result_t *r)
{
    assert_int_equal(r->reset_code, EB_OK);
    assert_int_equal(r->reset_count, 2);
    for (size_t i = 0; i < r->reset_count; i++) {
        const eb_selftest_reset_t *reset = &r->resets[i];
        assert_int_equal(reset->tries, 3);
        assert_int_equal(reset->entered, 3);
        assert_int_equal(reset->left, 3);
        /* An ESP8266 speaks at 74880 baud then. */
        assert_int_equal(reset->named_flash, strcmp(r->chip.id, "esp8266") == 0 ? 0 : 3);
    }
}

static void test_figures(void **state)
{
    const eb_selftest_options_t options = {.has_scratch = false};

    (void)state;
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        board_t *b = timed_board(models[i].chip);
        eb_selftest_result_t *r = run(b, &options);
        sim_chip_counters_t counters;

        print_message("%s\n", models[i].chip);
        check_resets(r);
        check_rom(&models[i], r);
        check_stub(&models[i], r);
        assert_in_range(r->seconds, 10, 120);
        sim_chip_get_counters(b->chip, &counters);
        assert_int_equal(counters.sector_erases + counters.block_erases + counters.page_programs,
                         0);
        free(r);
        close_and_check(b);
    }
}

/* -- the scratch range ------------------------------------------------------------------------ */

static void check_scratch(const model_t *m, const eb_selftest_scratch_t *s)
{
    const double sectors = SCRATCH_SIZE / 4096.0;
    const double blocks = SCRATCH_SIZE / 16384.0;

    assert_int_equal(s->code, EB_OK);
    assert_true(s->restored);
    assert_int_equal(s->saved_path[0], '\0');
    assert_int_equal(s->baud, 921600);
    near("erase of a sector", (double)s->sector_erase_us, 45000);
    near("erase of a block", (double)s->block_erase_us, 200000);
    /* A sector is looked at and then programmed, page by page. */
    near("programming", SCRATCH_SIZE * 1e6 / s->program_bytes_per_s,
         sectors * ((double)m->stub_spi_4k + 16 * 700));
    /* While a block is programmed the next one comes. */
    near("writing", SCRATCH_SIZE * 1e6 / s->write_bytes_per_s,
         SCRATCH_SIZE * (1 + 2.0 / 256) * byte_us(921600) +
             blocks * (STUB_US + LATENCY_US + 40 * byte_us(921600)));
}

static void test_scratch(void **state)
{
    const eb_selftest_options_t options = with_scratch();

    (void)state;
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        board_t *b = timed_board(models[i].chip);
        eb_selftest_result_t *r = run(b, &options);

        print_message("%s\n", models[i].chip);
        check_scratch(&models[i], &r->scratch);
        free(r);
        close_and_check(b);
    }
    drop_folder(); /* nothing is left in it */
    make_folder();
}

static bool say_no(void *user, const eb_change_plan_t *plan)
{
    assert_true(plan->put_back);
    assert_int_equal(plan->addr, SCRATCH_ADDR);
    assert_int_equal(plan->size_bytes, SCRATCH_SIZE);
    *(int *)user += 1;
    return false;
}

static void test_not_confirmed(void **state)
{
    board_t *b = timed_board("esp32c3");
    int asked = 0;
    eb_selftest_options_t options = with_scratch();
    eb_selftest_result_t *r = calloc(1, sizeof(*r));

    (void)state;
    assert_non_null(r);
    options.confirm = say_no;
    options.confirm_user = &asked;
    must_connect(b);
    assert_int_equal(eb_op_selftest(b->session, &options, &b->ev, r, &b->err), EB_ERR_REFUSED);
    assert_int_equal(asked, 1);
    assert_int_equal(r->reset_count, 0);
    free(r);
    close_and_check(b);
}

static void test_scratch_refused(void **state)
{
    static const struct {
        uint32_t addr, size;
    } wrong[] = {{0x80100, 4096}, {0x80000, 100}, {0x80000, 0}, {0x80000, 512 * 1024}};
    eb_err_t err;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(eb_selftest_check_scratch(wrong[i].addr, wrong[i].size, &err),
                         EB_ERR_USAGE);
    }
    board_t *b = timed_board("esp32c3");
    eb_selftest_options_t options = with_scratch();
    eb_selftest_result_t *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    options.addr = FLASH_BYTES - 4096;
    must_connect(b);
    assert_int_equal(eb_op_selftest(b->session, &options, &b->ev, r, &b->err), EB_ERR_USAGE);
    free(r);
    close_and_check(b);
    b = timed_board("esp32c3");
    b->chip_options.efuse_set = "encrypted";
    options.addr = SCRATCH_ADDR;
    r = calloc(1, sizeof(*r));
    assert_non_null(r);
    must_connect(b);
    assert_int_equal(eb_op_selftest(b->session, &options, &b->ev, r, &b->err), EB_ERR_REFUSED);
    free(r);
    close_and_check(b);
}

/* -- stopped ---------------------------------------------------------------------------------- */

static const char *stop_at; /* a note after which the user stops the test */

static bool stopped(void *user)
{
    const board_t *b = user;

    return stop_at != NULL && strstr(b->notes, stop_at) != NULL;
}

static void test_stopped(void **state)
{
    board_t *b = timed_board("esp32");
    const eb_selftest_options_t options = {.has_scratch = false};
    eb_selftest_result_t *r = calloc(1, sizeof(*r));

    (void)state;
    assert_non_null(r);
    b->ev.cancelled = stopped;
    must_connect(b);
    stop_at = "measuring the stub";
    assert_int_equal(eb_op_selftest(b->session, &options, &b->ev, r, &b->err), EB_ERR_CANCELLED);
    assert_int_equal(r->rom.code, EB_OK); /* what is known by then */
    assert_int_equal(r->stub.code, EB_ERR_CANCELLED);
    free(r);
    close_and_check(b);
    stop_at = NULL;
}

/* The saved bytes stay, and a restore of them makes the board what it was. */
static void test_stopped_while_changed(void **state)
{
    board_t *b = timed_board("esp32");
    const eb_selftest_options_t options = with_scratch();
    eb_restore_options_t restore = {.dir = folder};
    eb_restore_result_t restored;
    eb_selftest_result_t *r = calloc(1, sizeof(*r));

    (void)state;
    assert_non_null(r);
    b->ev.cancelled = stopped;
    must_connect(b);
    stop_at = "restoring the scratch range";
    assert_int_equal(eb_op_selftest(b->session, &options, &b->ev, r, &b->err), EB_ERR_UNFINISHED);
    assert_int_equal(b->err.reason, EB_REASON_PUT_BACK);
    assert_string_equal(b->err.hint, r->scratch.saved_path);
    assert_false(r->scratch.restored);
    assert_int_equal(eb_session_close(b->session, NULL), EB_OK);
    stop_at = NULL;
    must_connect(b);
    restore.backup = r->scratch.saved_path;
    if (eb_op_restore(b->session, &restore, &b->ev, &restored, &b->err) != EB_OK) {
        fail_msg("restore: %s", b->err.message);
    }
    assert_true(restored.changed && restored.verified);
    eb_spans_free(&restored.spans);
    drop_backup(r->scratch.saved_path);
    free(r);
    close_and_check(b);
}

/* -- what boards cannot do -------------------------------------------------------------------- */

static void test_rate_that_fails(void **state)
{
    const eb_selftest_options_t options = {.has_scratch = false};
    board_t *b = timed_board("esp32");

    (void)state;
    b->options.max_baud = 460800;
    eb_selftest_result_t *r = run(b, &options);
    assert_int_equal(r->rate_count, 4);
    for (size_t i = 0; i < 3; i++) {
        assert_true(r->rates[i].holds && r->rates[i].steps_back);
    }
    assert_false(r->rates[3].holds);
    assert_int_not_equal(r->rates[3].code, EB_OK);
    assert_int_equal(r->far, EB_FAR_NOT_APPLICABLE); /* the rest goes on */
    free(r);
    close_and_check(b);
}

static void test_no_stub(void **state)
{
    const eb_selftest_options_t options = {.has_scratch = false};
    board_t *b = timed_board("esp32c3");

    (void)state;
    b->chip_options.stub_never_starts = true;
    eb_selftest_result_t *r = run(b, &options);
    assert_int_equal(r->stub.code, EB_ERR_STUB);
    assert_int_equal(r->stub.round_trip_us, 0);
    check_rom(&models[3], r);
    assert_int_equal(r->rate_count, 0);
    free(r);
    close_and_check(b);
}

/* Raw TCP: no lines to reset the board, no rate. What runs is measured. */
static void test_no_lines(void **state)
{
    const eb_selftest_options_t options = {.has_scratch = false};
    board_t *b = new_board("esp32", SIM_LINK_TCP);

    (void)state;
    b->options.wire_real = true;
    b->options.latency_us = LATENCY_US;
    eb_selftest_result_t *r = run(b, &options);
    assert_int_equal(r->reset_code, EB_ERR_UNSUPPORTED);
    assert_int_equal(r->rom.code, EB_ERR_UNSUPPORTED);
    assert_int_equal(r->stub.code, EB_OK);
    near("MD5 of the stub", (double)r->stub.digest_us_per_mib, 2200.0 * MIB_4K);
    assert_int_equal(r->rate_count, 0);
    free(r);
    check_unchanged(b);
    free_board(b);
}

static void large_flash(board_t *b)
{
    assert_int_equal(truncate(b->flash_path, 32 * 1024 * 1024), 0);
}

static void test_above_16_mb(void **state)
{
    static const struct {
        const char *chip;
        eb_selftest_far_t far;
    } rows[] = {{"esp32s3", EB_FAR_WORKS}, {"esp32c3", EB_FAR_FAILS}};
    const eb_selftest_options_t options = {.has_scratch = false};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        board_t *b = timed_board(rows[i].chip);

        large_flash(b);
        eb_selftest_result_t *r = run(b, &options);
        assert_int_equal(r->far, rows[i].far);
        free(r);
        close_and_check(b);
    }
}

/* The end comes in time, and what came back says so. */
static void test_bad_line(void **state)
{
    const eb_selftest_options_t options = {.has_scratch = false};
    board_t *b = timed_board("esp32c3");
    eb_selftest_result_t *r = calloc(1, sizeof(*r));

    (void)state;
    assert_non_null(r);
    b->session_options.connect_attempts = 7;
    faults(b, "flip=0.0001", 7);
    must_connect(b);
    (void)eb_op_selftest(b->session, &options, &b->ev, r, &b->err);
    assert_in_range(r->seconds, 10, 6 * 60);
    for (size_t i = 0; i < r->rate_count; i++) {
        assert_false(r->rates[i].holds && r->rates[i].retries > 0);
    }
    free(r);
    check_unchanged(b);
    free_board(b);
}

static void test_unplugged(void **state)
{
    const eb_selftest_options_t options = {.has_scratch = false};
    board_t *b = timed_board("esp32");
    eb_selftest_result_t *r = calloc(1, sizeof(*r));

    (void)state;
    assert_non_null(r);
    faults(b, "unplug@40000", 1); /* in the reads of the ROM bootloader */
    must_connect(b);
    assert_int_equal(eb_op_selftest(b->session, &options, &b->ev, r, &b->err), EB_ERR_PORT_LOST);
    assert_int_equal(r->reset_count, 2);
    assert_int_equal(r->rom.code, EB_ERR_PORT_LOST);
    assert_int_equal(r->stub.code, EB_ERR_PORT_LOST); /* not begun */
    free(r);
    check_unchanged(b);
    free_board(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),         cmocka_unit_test(test_scratch),
        cmocka_unit_test(test_not_confirmed),   cmocka_unit_test(test_scratch_refused),
        cmocka_unit_test(test_stopped),         cmocka_unit_test(test_stopped_while_changed),
        cmocka_unit_test(test_rate_that_fails), cmocka_unit_test(test_no_stub),
        cmocka_unit_test(test_no_lines),        cmocka_unit_test(test_above_16_mb),
        cmocka_unit_test(test_bad_line),        cmocka_unit_test(test_unplugged),
    };

    make_folder();
    const int failed = RUN_WITH_FLASH(tests);
    drop_folder();
    return failed;
}
