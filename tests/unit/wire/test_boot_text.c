#include "boot_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static eb_talk_t classify(const char *text, char *quote)
{
    return eb_boot_text_classify((const uint8_t *)text, strlen(text), quote);
}

static void tells_boot_modes_apart(void **state)
{
    char quote[EB_BOOT_QUOTE_BYTES];

    (void)state;
    assert_int_equal(classify("", quote), EB_TALK_NOTHING);
    assert_int_equal(classify("ets Jul 29 2019 12:21:46\r\n\r\n"
                              "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
                              "configsip: 0, SPIWP:0xee\r\n",
                              quote),
                     EB_TALK_BOOT);
    assert_string_equal(quote, "boot:0x13 (SPI_FAST_FLASH_BOOT)");
    assert_int_equal(
        classify("rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\n"
                 "waiting for download\r\n",
                 quote),
        EB_TALK_DOWNLOAD);
    assert_int_equal(classify("ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\n"
                              "rst:0x1 (POWERON),boot:0x5 (DOWNLOAD(USB/UART0/1))\r\n"
                              "waiting for download\r\n",
                              quote),
                     EB_TALK_DOWNLOAD);
}

/* The last boot counts: a board may have been in download mode before. */
static void the_last_boot_counts(void **state)
{
    char quote[EB_BOOT_QUOTE_BYTES];

    (void)state;
    assert_int_equal(classify("boot:0x3 (DOWNLOAD_BOOT)\r\nwaiting for download\r\n"
                              "rst:0x10 (RTCWDT_RTC_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n",
                              quote),
                     EB_TALK_BOOT);
}

static void tells_text_from_garbage(void **state)
{
    static const uint8_t noise[] = {0x80, 0xF3, 0x00, 0x1F, 0x9C, 'a', 0xE0, 0xFE, 0x80, 0x06};
    char quote[EB_BOOT_QUOTE_BYTES];

    (void)state;
    assert_int_equal(classify("\x80\xF3I (312) wifi: connected\r\nI (400) app: 21.5 C\r\n", quote),
                     EB_TALK_TEXT);
    assert_string_equal(quote, "I (400) app: 21.5 C");
    assert_int_equal(eb_boot_text_classify(noise, sizeof(noise), quote), EB_TALK_GARBAGE);
    assert_string_equal(quote, "");
    assert_int_equal(classify("\r\n\r\n", quote), EB_TALK_GARBAGE);
}

static void knows_a_restart(void **state)
{
    char quote[EB_BOOT_QUOTE_BYTES];
    const char *brownout = "\r\nBrownout detector was triggered\r\n\r\nets Jul 29 2019\r\n";
    const char *reset = "\x13\x37rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n";

    (void)state;
    assert_true(eb_boot_text_is_reset((const uint8_t *)brownout, strlen(brownout), quote));
    assert_string_equal(quote, "Brownout detector was triggered");
    assert_true(eb_boot_text_is_reset((const uint8_t *)reset, strlen(reset), quote));
    assert_string_equal(quote, "rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)");
    assert_false(eb_boot_text_is_reset((const uint8_t *)"hello", 5, quote));
    assert_false(eb_boot_text_is_reset(NULL, 0, quote));
}

static void data_with_a_banner_is_no_restart(void **state)
{
    static const uint8_t strings[] = "\x01\xF0rst:0x%x boot:0x%x\0error %d\0";
    static const uint8_t cut_off[] = "\x01\xF0\r\nrst:0x1 (POWERON_RESET)\r\nload:0x3fff";
    char quote[EB_BOOT_QUOTE_BYTES];

    (void)state;
    assert_false(eb_boot_text_ends_in_reset(strings, sizeof(strings) - 1, quote));
    assert_string_equal(quote, "");
    assert_true(eb_boot_text_ends_in_reset(cut_off, sizeof(cut_off) - 1, quote));
    assert_string_equal(quote, "rst:0x1 (POWERON_RESET)");
    assert_false(eb_boot_text_ends_in_reset(NULL, 0, quote));
}

static void a_long_line_is_cut(void **state)
{
    char text[400], quote[EB_BOOT_QUOTE_BYTES];

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(eb_boot_text_classify((const uint8_t *)text, sizeof(text), quote),
                     EB_TALK_TEXT);
    assert_int_equal(strlen(quote), EB_BOOT_QUOTE_BYTES - 1);
}

/* Strings of a program hold banners too, and what follows them in the flash is no boot log. */
static void a_quote_ends_with_the_text(void **state)
{
    static const char data[] = "rst:0x1 (POWERON)\0password";
    char quote[EB_BOOT_QUOTE_BYTES];

    (void)state;
    assert_true(eb_boot_text_is_reset((const uint8_t *)data, sizeof(data) - 1, quote));
    assert_string_equal(quote, "rst:0x1 (POWERON)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_boot_modes_apart),           cmocka_unit_test(the_last_boot_counts),
        cmocka_unit_test(tells_text_from_garbage),          cmocka_unit_test(knows_a_restart),
        cmocka_unit_test(data_with_a_banner_is_no_restart), cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(a_quote_ends_with_the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
