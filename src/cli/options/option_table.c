/* option_table.c: the rows. The order of `choices` is the order of the enums they stand for. */
#include "option_table.h"

#include <string.h>

static const char *const before_choices[] = {"default-reset", "usb-reset", "no-reset",
                                             "no-reset-no-sync", NULL};
static const char *const after_choices[] = {"hard-reset", "soft-reset",    "watchdog-reset",
                                            "no-reset",   "no-reset-stub", NULL};
static const char *const color_choices[] = {"auto", "always", "never", NULL};
/* Of all chips; which of them the chip at hand knows is the operation's to say. */
static const char *const mode_choices[] = {"keep", "qio", "qout", "dio", "dout", NULL};
static const char *const freq_choices[] = {"keep", "80m", "60m", "48m", "40m", "30m", "26m",
                                           "24m",  "20m", "16m", "15m", "12m", NULL};

#define BOARD   .group = EB_OPT_GROUP_BOARD
#define STORE   .group = EB_OPT_GROUP_STORE
#define GENERAL .group = EB_OPT_GROUP_GENERAL
#define COMMAND .group = EB_OPT_GROUP_COMMAND
#define FLAG    .type = EB_OPT_TYPE_FLAG
#define TEXT(k) .type = EB_OPT_TYPE_TEXT, .kind = EB_VALUE_##k
#define NUMBER  .type = EB_OPT_TYPE_NUMBER
#define SIZE    .type = EB_OPT_TYPE_SIZE
#define CHOICE  .type = EB_OPT_TYPE_CHOICE

/* clang-format off */
static const eb_opt_row_t rows[] = {
    [EB_OPT_PORT] = {
        "port", 'p', TEXT(PORT), BOARD, .value_name = "PORT", .repeats = true,
        .help = "serial port, socket://HOST:PORT or rfc2217://HOST:PORT (default: "
                "try every serial port, likeliest first); backup accepts several "
                "ports, or all",
        .env = {"ESPBACKUP_PORT", "ESPTOOL_PORT"}},
    [EB_OPT_BAUD] = {
        "baud", 'b', NUMBER, BOARD, .value_name = "N", .zero_words = {"auto"},
        .min = 1200, .max = 8000000,
        .help = "transfer speed (default: auto, which starts at 921600 and slows "
                "down on a bad line)",
        .env = {"ESPBACKUP_BAUD", "ESPTOOL_BAUD"}},
    [EB_OPT_CHIP] = {
        "chip", 'c', TEXT(CHIP), BOARD, .value_name = "NAME",
        .help = "expected chip, such as esp32c3 (default: auto)",
        .env = {"ESPTOOL_CHIP"}},
    [EB_OPT_BEFORE] = {
        "before", 0, CHOICE, BOARD, .value_name = "MODE", .choices = before_choices,
        .help = "how to enter download mode",
        .env = {"ESPTOOL_BEFORE"}},
    [EB_OPT_AFTER] = {
        "after", 0, CHOICE, BOARD, .value_name = "MODE", .choices = after_choices,
        .help = "how to leave download mode",
        .env = {"ESPTOOL_AFTER"}},
    [EB_OPT_RESET_SEQUENCE] = {
        "reset-sequence", 0, TEXT(FREE), BOARD, .value_name = "SEQ",
        .help = "how an unusual board enters download mode: DTR (D), RTS (R) and "
                "waits in seconds (W), such as 'D0|R1|W0.1|D1|R0|W0.05|D0'"},
    [EB_OPT_LEAVE_SEQUENCE] = {
        "leave-sequence", 0, TEXT(FREE), BOARD, .value_name = "SEQ",
        .help = "how an unusual board is reset at the end, in the same words, such as "
                "'R1|W0.1|R0'"},
    [EB_OPT_NO_STUB] = {
        "no-stub", 0, FLAG, BOARD,
        .help = "use only the ROM bootloader, which is slower"},
    [EB_OPT_STUB] = {
        "stub", 0, TEXT(FILE), BOARD, .value_name = "FILE",
        .help = "use the stub in FILE, which has esptool's JSON format"},
    [EB_OPT_SPI_CONNECTION] = {
        "spi-connection", 0, TEXT(FREE), BOARD, .value_name = "PINS", .text_words = {"SPI", "HSPI"},
        .help = "pins of a flash that is not on the usual ones: SPI, HSPI or CLK,Q,D,HD,CS"},
    [EB_OPT_CONNECT_ATTEMPTS] = {
        "connect-attempts", 0, NUMBER, BOARD, .value_name = "N", .max = 100000,
        .help = "number of attempts to connect (default: 7); 0 tries until Ctrl-C",
        .env = {"ESPTOOL_CONNECT_ATTEMPTS"}},
    [EB_OPT_DIR] = {
        "dir", 'd', TEXT(FOLDER), STORE, .value_name = "DIR",
        .help = "folder of the backups (default: backups)",
        .env = {"ESPBACKUP_DIR"}},
    [EB_OPT_JSON] = {
        "json", 0, FLAG, GENERAL, .help = "print the result as one JSON object on standard output"},
    [EB_OPT_QUIET] = {
        "quiet", 'q', FLAG, GENERAL,
        .help = "hide progress, notes and warnings; errors are still shown"},
    [EB_OPT_VERBOSE] = {
        "verbose", 'v', FLAG, GENERAL, .help = "show more details"},
    [EB_OPT_TRACE] = {
        "trace", 0, FLAG, GENERAL,
        .help = "show every frame on the wire, without flash contents"},
    [EB_OPT_TRACE_DATA] = {
        "trace-data", 0, FLAG, GENERAL,
        .help = "show flash contents too, which may be secret"},
    [EB_OPT_COLOR] = {
        "color", 0, CHOICE, GENERAL, .value_name = "WHEN", .choices = color_choices,
        .help = "when to use colour (auto honours NO_COLOR)"},
    [EB_OPT_YES] = {
        "yes", 'y', FLAG, GENERAL, .help = "answer yes to every question"},
    [EB_OPT_HELP] = {
        "help", 'h', FLAG, GENERAL, .help = "show this help, or the help of a command"},
    [EB_OPT_VERSION] = {
        "version", 0, FLAG, GENERAL, .help = "show the version"},
    [EB_OPT_FAKE_TTY] = {
        "fake-tty", 0, FLAG, GENERAL, .hidden = true,
        .help = "draw progress as on a terminal of 80 columns"},
    [EB_OPT_OFFSET] = {
        "offset", 0, SIZE, COMMAND, .value_name = "ADDR", .max = UINT32_MAX,
        .help = "start of the range (default: 0)"},
    [EB_OPT_SIZE] = {
        "size", 0, SIZE, COMMAND, .value_name = "SIZE", .zero_words = {"all"},
        .min = 1, .max = UINT32_MAX,
        .help = "size of the range (default: all, to the end of the flash)"},
    [EB_OPT_OUTPUT] = {
        "output", 'o', TEXT(FILE), COMMAND, .value_name = "FILE",
        .help = "file name of the image (default: chip and time, in the backup "
                "folder)"},
    [EB_OPT_FORCE] = {
        "force", 0, FLAG, COMMAND, .help = "allow --output to replace an existing file"},
    [EB_OPT_NOTE] = {
        "note", 0, TEXT(FREE), COMMAND, .value_name = "TEXT", .help = "text to keep in the sidecar"},
    [EB_OPT_SINCE] = {
        "since", 0, TEXT(BACKUP), COMMAND, .value_name = "BACKUP",
        .help = "earlier backup of this board; data that is still equal is "
                "verified, not read"},
    [EB_OPT_FULL] = {
        "full", 0, FLAG, COMMAND,
        .help = "read every byte over the wire, even erased and unchanged data"},
    [EB_OPT_PARTITION_TABLE] = {
        "partition-table", 0, SIZE, COMMAND, .value_name = "ADDR", .max = UINT32_MAX,
        .min = 0x1000,
        .help = "address of the partition table (default: 0x8000, then a search)"},
    [EB_OPT_FLASH_SIZE] = {
        "flash-size", 0, SIZE, COMMAND, .value_name = "SIZE", .zero_words = {"detect", "keep"},
        .min = 0x10000, .max = UINT32_MAX,
        .help = "size of the flash, if the chip cannot tell it (default: detect, "
                "which asks the chip)"},
    [EB_OPT_CHECK] = {
        "check", 0, FLAG, COMMAND,
        .help = "read every image again and compare its SHA-256 with the sidecar"},
    [EB_OPT_MAC] = {
        "mac", 0, TEXT(FREE), COMMAND, .value_name = "MAC", .help = "show only backups of this board"},
    [EB_OPT_PROBE] = {
        "probe", 0, FLAG, COMMAND,
        .help = "open each port and ask which chip answers; this resets the "
                "boards"},
    [EB_OPT_PARTITION] = {
        "partition", 0, TEXT(PARTITION), COMMAND, .value_name = "NAME", .repeats = true,
        .help = "restore only this partition of the image; may be given several times. A file without a "
        "partition table goes into this partition of the board, and the rest of it is erased"},
    [EB_OPT_ADDRESS] = {
        "address", 0, SIZE, COMMAND, .value_name = "ADDR", .max = UINT32_MAX, .repeats = true,
        .help = "flash address of the first byte of a plain .bin without a sidecar (default: 0)"},
    [EB_OPT_DRY_RUN] = {
        "dry-run", 0, FLAG, COMMAND, .help = "show what would change, and change nothing"},
    [EB_OPT_BACKUP_FIRST] = {
        "backup-first", 0, FLAG, COMMAND,
        .help = "back up the whole flash before anything is written"},
    [EB_OPT_ERASE_ALL] = {
        "erase-all", 0, FLAG, COMMAND, .help = "erase the flash outside the image too"},
    [EB_OPT_FLASH_MODE] = {
        "flash-mode", 0, CHOICE, COMMAND, .value_name = "MODE", .choices = mode_choices,
        .help = "flash mode for the bootloader's header"},
    [EB_OPT_FLASH_FREQ] = {
        "flash-freq", 0, CHOICE, COMMAND, .value_name = "FREQ", .choices = freq_choices,
        .help = "flash frequency for the bootloader's header"},
    [EB_OPT_FILE_ONLY] = {
        "file-only", 0, FLAG, COMMAND,
        .help = "check only the file against its sidecar; no board is needed"},
    [EB_OPT_ACTIVE_APP] = {
        "active-app", 0, FLAG, COMMAND, .help = "save the app that boots next"},
    [EB_OPT_CRITICAL] = {
        "critical", 0, FLAG, COMMAND,
        .help = "save the essential parts: bootloader, partition table, nvs, "
                "otadata, phy, and the app that boots next"},
    [EB_OPT_ALL] = {
        "all", 0, FLAG, COMMAND, .help = "save every partition of the table"},
    [EB_OPT_FROM] = {
        "from", 0, TEXT(BACKUP), COMMAND, .value_name = "IMAGE",
        .help = "take the partitions from a backup; no board is needed"},
    [EB_OPT_SCRATCH] = {
        "scratch", 0, TEXT(FREE), COMMAND, .value_name = "ADDR+SIZE",
        .help = "erase, write and restore this range too, at most 256 KB"},
    [EB_OPT_TIME] = {
        "time", 0, NUMBER, COMMAND, .value_name = "SECONDS", .max = UINT32_MAX,
        .help = "time of the image and of each file in it, in seconds since 1970, so that the "
                "same files give the same image (default: now, and the time of each file)",
        .env = {"SOURCE_DATE_EPOCH"}},
    [EB_OPT_MAX_SIZE] = {
        "max-size", 0, SIZE, COMMAND, .value_name = "SIZE", .min = 48, .max = UINT32_MAX,
        .help = "largest size of the image (default: 128K, the sector of the device)"},
    [EB_OPT_DIRECTORY] = {
        "directory", 'C', TEXT(FOLDER), COMMAND, .value_name = "DIR",
        .help = "folder for the files; it is created if missing (default: the current folder)"},
    [EB_OPT_REVEAL] = {
        "reveal", 0, FLAG, COMMAND, .help = "show values that may be secret too"},
    [EB_OPT_CSV] = {
        "csv", 0, FLAG, COMMAND,
        .help = "print an NVS partition in the form that nvs_partition_gen reads"},
    [EB_OPT_DEVICE] = {
        "device", 0, TEXT(FREE), COMMAND, .value_name = "DEVICE", .text_words = {"electron"},
        .help = "device in DFU mode: electron (default), or its USB ids as VID:PID"},
    [EB_OPT_NO_VERIFY] = {
        "no-verify", 0, FLAG, COMMAND, .help = "do not read the image back"},
    [EB_OPT_SVG] = {
        "svg", 0, TEXT(FILE), COMMAND, .value_name = "FILE",
        .help = "write a map of the flash into FILE, a picture for a report or a web page"},
};
/* clang-format on */

_Static_assert(sizeof(rows) / sizeof(rows[0]) == EB_OPT_COUNT, "a row for every option");

const eb_opt_row_t *eb_opt_row(eb_opt_t opt)
{
    return &rows[opt];
}

bool eb_name_equal(const char *a, size_t len, const char *b)
{
    size_t i = 0;

    for (; i < len && b[i] != '\0'; i++) {
        char x = a[i] == '_' ? '-' : a[i];
        char y = b[i] == '_' ? '-' : b[i];
        if (x != y) {
            return false;
        }
    }
    return i == len && b[i] == '\0';
}

eb_opt_t eb_opt_find(const char *name, size_t len)
{
    for (int i = 0; i < EB_OPT_COUNT; i++) {
        if (eb_name_equal(name, len, rows[i].name)) {
            return (eb_opt_t)i;
        }
    }
    return EB_OPT_COUNT;
}

eb_opt_t eb_opt_find_letter(char letter)
{
    for (int i = 0; i < EB_OPT_COUNT; i++) {
        if (rows[i].letter == letter && letter != '\0') {
            return (eb_opt_t)i;
        }
    }
    return EB_OPT_COUNT;
}
