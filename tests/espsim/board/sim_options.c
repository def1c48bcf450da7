/* sim_options.c: see sim_options.h. */
#include "sim_options.h"

#include "sim_model.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_TCP = 256,
    OPT_RFC2217,
    OPT_PTY,
    OPT_USB_ID,
    OPT_USB_PRODUCT,
    OPT_NO_MODEM_LINES,
    OPT_CP2102C,
    OPT_BOOT,
    OPT_RESET_ON_CONNECT,
    OPT_TCP_BAUD,
    OPT_MAX_BAUD,
    OPT_DRIVER_MAX_BAUD,
    OPT_LINES_SWAPPED,
    OPT_ONE_LINE,
    OPT_WIRE,
    OPT_LATENCY,
    OPT_MODEL,
    OPT_EN_RISE,
    OPT_FAULT,
    OPT_FAULT_DIR,
    OPT_FAULT_AFTER,
    OPT_FAULT_MAX,
    OPT_STALL_MS,
    OPT_REPLUG,
    OPT_TAKEN,
    OPT_PULLED,
    OPT_CHIP,
    OPT_CRYSTAL,
    OPT_USB_JTAG,
    OPT_USB_OTG,
    OPT_USB_FULL,
    OPT_USB_VANISHES,
    OPT_BOOT_WATCHDOG,
    OPT_USB_BACK,
    OPT_USB_WATCHDOG,
    OPT_FLASH,
    OPT_FLASH_SIZE,
    OPT_JEDEC,
    OPT_NO_SFDP,
    OPT_MUTE_FLASH,
    OPT_EFUSE,
    OPT_FLASH_PINS,
    OPT_FLASH_START,
    OPT_FLASH_STATUS,
    OPT_MAC,
    OPT_REFUSE_BAUD,
    OPT_NO_STUB,
    OPT_LYING,
    OPT_FLASH_BUSY,
    OPT_SEED,
    OPT_REPORT,
    OPT_READY,
    OPT_LOG,
    OPT_HELP
};

static const struct option long_options[] = {
    {"tcp", optional_argument, NULL, OPT_TCP},
    {"rfc2217", optional_argument, NULL, OPT_RFC2217},
    {"pty", optional_argument, NULL, OPT_PTY},
    {"usb-id", required_argument, NULL, OPT_USB_ID},
    {"usb-jtag", no_argument, NULL, OPT_USB_JTAG},
    {"usb-otg", no_argument, NULL, OPT_USB_OTG},
    {"usb-full-packets", no_argument, NULL, OPT_USB_FULL},
    {"usb-vanishes", no_argument, NULL, OPT_USB_VANISHES},
    {"boot-watchdog-ms", required_argument, NULL, OPT_BOOT_WATCHDOG},
    {"usb-back-ms", required_argument, NULL, OPT_USB_BACK},
    {"usb-watchdog-ms", required_argument, NULL, OPT_USB_WATCHDOG},
    {"cp2102c", no_argument, NULL, OPT_CP2102C},
    {"no-modem-lines", no_argument, NULL, OPT_NO_MODEM_LINES},
    {"usb-product", required_argument, NULL, OPT_USB_PRODUCT},
    {"boot", required_argument, NULL, OPT_BOOT},
    {"reset-on-connect", no_argument, NULL, OPT_RESET_ON_CONNECT},
    {"tcp-baud", required_argument, NULL, OPT_TCP_BAUD},
    {"max-baud", required_argument, NULL, OPT_MAX_BAUD},
    {"driver-max-baud", required_argument, NULL, OPT_DRIVER_MAX_BAUD},
    {"lines-swapped", no_argument, NULL, OPT_LINES_SWAPPED},
    {"one-line-a-request", no_argument, NULL, OPT_ONE_LINE},
    {"wire", required_argument, NULL, OPT_WIRE},
    {"latency-ms", required_argument, NULL, OPT_LATENCY},
    {"model", required_argument, NULL, OPT_MODEL},
    {"en-rise-ms", required_argument, NULL, OPT_EN_RISE},
    {"fault", required_argument, NULL, OPT_FAULT},
    {"fault-dir", required_argument, NULL, OPT_FAULT_DIR},
    {"fault-after", required_argument, NULL, OPT_FAULT_AFTER},
    {"fault-max", required_argument, NULL, OPT_FAULT_MAX},
    {"stall-ms", required_argument, NULL, OPT_STALL_MS},
    {"replug-ms", required_argument, NULL, OPT_REPLUG},
    {"taken", no_argument, NULL, OPT_TAKEN},
    {"pulled-in-open", no_argument, NULL, OPT_PULLED},
    {"chip", required_argument, NULL, OPT_CHIP},
    {"crystal", required_argument, NULL, OPT_CRYSTAL},
    {"flash", required_argument, NULL, OPT_FLASH},
    {"flash-size", required_argument, NULL, OPT_FLASH_SIZE},
    {"jedec", required_argument, NULL, OPT_JEDEC},
    {"no-sfdp", no_argument, NULL, OPT_NO_SFDP},
    {"mute-flash", no_argument, NULL, OPT_MUTE_FLASH},
    {"efuse", required_argument, NULL, OPT_EFUSE},
    {"flash-status", required_argument, NULL, OPT_FLASH_STATUS},
    {"flash-start", required_argument, NULL, OPT_FLASH_START},
    {"flash-pins", required_argument, NULL, OPT_FLASH_PINS},
    {"mac", required_argument, NULL, OPT_MAC},
    {"refuse-baud", no_argument, NULL, OPT_REFUSE_BAUD},
    {"stub-never-starts", no_argument, NULL, OPT_NO_STUB},
    {"lying-write-every", required_argument, NULL, OPT_LYING},
    {"flash-busy-ms", required_argument, NULL, OPT_FLASH_BUSY},
    {"seed", required_argument, NULL, OPT_SEED},
    {"report", required_argument, NULL, OPT_REPORT},
    {"ready-file", required_argument, NULL, OPT_READY},
    {"log", no_argument, NULL, OPT_LOG},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static int usage(const char *option, const char *value, const char *expected)
{
    fprintf(stderr, "espsim: --%s: '%s' is not %s; see espsim --help\n", option, value, expected);
    return 2;
}

/* A number with an optional K, M, KB or MB. */
static bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
    char *end;

    if (*text < '0' || *text > '9') {
        return false;
    }
    errno = 0;
    *value = strtoull(text, &end, 0);
    if (*end == 'K' || *end == 'k') {
        *value *= 1024, end++;
    } else if (*end == 'M' || *end == 'm') {
        *value *= 1024 * 1024, end++;
    }
    end += *end == 'B' || *end == 'b';
    return errno == 0 && *end == '\0' && *value <= max;
}

/* [HOST:]PORT, with an IPv6 address in brackets. */
static int parse_address(sim_options_t *o, const char *name, const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t size = colon != NULL ? (size_t)(colon - text) : 0;
    uint64_t port;

    if (!parse_number(colon != NULL ? colon + 1 : text, 65535, &port) || size >= sizeof(o->host)) {
        return usage(name, text, "[HOST:]PORT");
    }
    if (colon != NULL) {
        bool bracket = size >= 2 && text[0] == '[' && text[size - 1] == ']';
        snprintf(o->host, sizeof(o->host), "%.*s", (int)(bracket ? size - 2 : size),
                 text + (bracket ? 1 : 0));
        o->board.host = o->host;
    }
    o->board.port = (uint16_t)port;
    return -1;
}

static int parse_usb_id(sim_options_t *o, const char *text)
{
    char *end = NULL, *start = NULL;
    unsigned long vid = strtoul(text, &end, 16), pid = 0;

    if (end != text && *end == ':') {
        start = end + 1;
        pid = strtoul(start, &end, 16);
    }
    if (start == NULL || end == start || *end != '\0' || vid > 0xFFFF || pid > 0xFFFF) {
        return usage("usb-id", text, "VID:PID in hexadecimal");
    }
    o->board.usb_vid = (uint16_t)vid;
    o->board.usb_pid = (uint16_t)pid;
    return -1;
}

static int choice(const char *name, const char *text, const char *no, const char *yes, bool *value)
{
    char expected[64];

    if (strcmp(text, no) != 0 && strcmp(text, yes) != 0) {
        snprintf(expected, sizeof(expected), "%s or %s", no, yes);
        return usage(name, text, expected);
    }
    *value = strcmp(text, yes) == 0;
    return -1;
}

static int parse_fault_dir(sim_options_t *o, const char *text)
{
    bool both = strcmp(text, "both") == 0;
    bool *dir = o->board.faults.dir;

    dir[SIM_TO_HOST] = both || strcmp(text, "to-host") == 0;
    dir[SIM_TO_CHIP] = both || strcmp(text, "to-chip") == 0;
    return dir[SIM_TO_HOST] || dir[SIM_TO_CHIP]
               ? -1
               : usage("fault-dir", text, "both, to-host or to-chip");
}

static int parse_fault(sim_options_t *o, const char *text)
{
    char why[256];

    if (!sim_fault_parse(&o->board.faults, text, why, sizeof(why))) {
        fprintf(stderr, "espsim: %s; see espsim --help\n", why);
        return 2;
    }
    return -1;
}

static int parse_model(sim_options_t *o, const char *path)
{
    char why[512];

    if (!sim_model_load(path, &o->chip.timing, &o->board, why, sizeof(why))) {
        fprintf(stderr, "espsim: --model: %s\n", why);
        return 2;
    }
    return -1;
}

static int parse_jedec(sim_options_t *o, const char *text)
{
    char *end;
    unsigned long id = strtoul(text, &end, 16);

    if (end == text || *end != '\0' || id == 0 || id > 0xFFFFFF) {
        return usage("jedec", text, "three bytes in hexadecimal");
    }
    o->chip.jedec_id = (uint32_t)id;
    return -1;
}

/* Options whose value is a number. */
static int parse_numeric(sim_options_t *o, int option, const char *name, const char *text)
{
    uint64_t max = option == OPT_SEED || option == OPT_FAULT_AFTER || option == OPT_FAULT_MAX ||
                           option == OPT_FLASH_SIZE
                       ? UINT64_MAX
                       : 100000000;
    uint64_t value;

    if (option == OPT_TCP_BAUD && strcmp(text, "follow") == 0) {
        o->board.tcp_baud = 0;
        return -1;
    }
    if (!parse_number(text, max, &value) || (option == OPT_TCP_BAUD && value == 0)) {
        return usage(name, text, option == OPT_TCP_BAUD ? "'follow' or a baud rate" : "a number");
    }
    switch (option) {
    case OPT_TCP_BAUD:
        o->board.tcp_baud = (uint32_t)value;
        break;
    case OPT_MAX_BAUD:
        o->board.max_baud = (uint32_t)value;
        break;
    case OPT_DRIVER_MAX_BAUD:
        o->board.driver_max_baud = (uint32_t)value;
        break;
    case OPT_LATENCY:
        o->board.latency_us = (uint32_t)value * 1000;
        break;
    case OPT_EN_RISE:
        o->board.en_rise_ms = (int64_t)value;
        break;
    case OPT_FAULT_AFTER:
        o->board.faults.after = value;
        break;
    case OPT_FAULT_MAX:
        o->board.faults.max = value;
        break;
    case OPT_STALL_MS:
        o->board.faults.stall_ms = value;
        break;
    case OPT_REPLUG:
        o->board.replug_ms = (int64_t)value;
        break;
    case OPT_BOOT_WATCHDOG:
        o->chip.boot_watchdog_ms = (uint32_t)value;
        break;
    case OPT_USB_BACK:
        o->board.usb_back_ms = (int64_t)value;
        break;
    case OPT_USB_WATCHDOG:
        o->chip.watchdog_ms = (uint32_t)value;
        break;
    case OPT_CRYSTAL:
        o->chip.crystal_mhz = (uint32_t)value;
        break;
    case OPT_FLASH_SIZE:
        o->chip.flash_size = value;
        break;
    case OPT_FLASH_STATUS:
        o->chip.flash_status = (uint16_t)value;
        break;
    case OPT_FLASH_BUSY:
        o->chip.flash_busy_ms = (uint32_t)value;
        break;
    case OPT_LYING:
        o->chip.lying_write_every = (uint32_t)value;
        break;
    case OPT_SEED:
        o->chip.seed = o->board.seed = value;
        break;
    default:
        return usage(name, text, "known");
    }
    return -1;
}

static int parse_link(sim_options_t *o, int option, const char *name, const char *text)
{
    if (option == OPT_PTY) {
        o->board.link = SIM_LINK_PTY;
        o->board.pty_path = text; /* NULL: in a folder of our own */
        return -1;
    }
    o->board.link = option == OPT_TCP ? SIM_LINK_TCP : SIM_LINK_RFC2217;
    return text != NULL ? parse_address(o, name, text) : -1;
}

/* Options that are a text to keep. */
static const char **text_target(sim_options_t *o, int option)
{
    switch (option) {
    case OPT_USB_PRODUCT:
        return &o->board.usb_product;
    case OPT_CHIP:
        return &o->chip.chip;
    case OPT_FLASH:
        return &o->chip.flash_path;
    case OPT_EFUSE:
        return &o->chip.efuse_set;
    case OPT_FLASH_START:
        return &o->chip.flash_start;
    case OPT_FLASH_PINS:
        return &o->chip.flash_pins;
    case OPT_MAC:
        return &o->chip.mac;
    case OPT_REPORT:
        return &o->report_path;
    case OPT_READY:
        return &o->ready_path;
    default:
        return NULL;
    }
}

/* Options that only are there or not. */
static bool *flag_target(sim_options_t *o, int option)
{
    switch (option) {
    case OPT_RESET_ON_CONNECT:
        return &o->board.reset_on_connect;
    case OPT_USB_JTAG:
        return &o->board.usb_jtag;
    case OPT_USB_OTG:
        return &o->board.usb_otg;
    case OPT_USB_FULL:
        return &o->chip.usb_full_packets;
    case OPT_TAKEN:
        return &o->board.taken;
    case OPT_PULLED:
        return &o->board.pulled_in_open;
    case OPT_ONE_LINE:
        return &o->board.one_line_a_request;
    case OPT_LINES_SWAPPED:
        return &o->board.lines_swapped;
    case OPT_CP2102C:
        return &o->board.cp2102c;
    case OPT_NO_MODEM_LINES:
        return &o->board.no_modem_lines;
    case OPT_USB_VANISHES:
        return &o->board.usb_vanishes;
    case OPT_NO_SFDP:
        return &o->chip.no_sfdp;
    case OPT_MUTE_FLASH:
        return &o->chip.mute_flash;
    case OPT_NO_STUB:
        return &o->chip.stub_never_starts;
    case OPT_REFUSE_BAUD:
        return &o->chip.refuses_baud;
    case OPT_LOG:
        return &o->board.log;
    default:
        return NULL;
    }
}

static int parse_boot(const char *text, int *boot)
{
    bool download = false;
    int status = choice("boot", text, "run", "download", &download);

    *boot = download;
    return status;
}

static int parse_option(sim_options_t *o, int option, const char *name, char *text, int *boot)
{
    const char **keep = text_target(o, option);
    bool *flag = flag_target(o, option);

    if (keep != NULL) {
        *keep = text;
        return -1;
    }
    if (flag != NULL) {
        *flag = true;
        return -1;
    }
    switch (option) {
    case OPT_TCP:
    case OPT_RFC2217:
    case OPT_PTY:
        return parse_link(o, option, name, text);
    case OPT_USB_ID:
        return parse_usb_id(o, text);
    case OPT_BOOT:
        return parse_boot(text, boot);
    case OPT_WIRE:
        return choice(name, text, "instant", "real", &o->board.wire_real);
    case OPT_MODEL:
        return parse_model(o, text);
    case OPT_FAULT:
        return parse_fault(o, text);
    case OPT_FAULT_DIR:
        return parse_fault_dir(o, text);
    case OPT_JEDEC:
        return parse_jedec(o, text);
    case OPT_HELP:
        sim_options_help();
        return 0;
    case '?':
        fprintf(stderr, "see espsim --help\n");
        return 2;
    default:
        return parse_numeric(o, option, name, text);
    }
}

/*
 * The address may be missing, and getopt then takes it only after '='. Take it as a word of its own
 * too, when the word after the option is not the next option.
 */
static char *optional_word(int option, int argc, char **argv)
{
    bool may_have_word = option == OPT_TCP || option == OPT_RFC2217 || option == OPT_PTY;

    if (optarg == NULL && may_have_word && optind < argc && argv[optind][0] != '-') {
        return argv[optind++];
    }
    return optarg;
}

int sim_options_parse(sim_options_t *o, int argc, char **argv)
{
    int option, index = 0, status, boot = -1;

    memset(o, 0, sizeof(*o));
    sim_board_options_init(&o->board);
    o->chip.chip = "esp32";
    o->chip.seed = o->board.seed = 1;
    /* "+": what follows the first word that is no option belongs to COMMAND. */
    while ((option = getopt_long(argc, argv, "+h", long_options, &index)) != -1) {
        const char *name = option >= OPT_TCP ? long_options[index].name : "";
        status = parse_option(o, option == 'h' ? OPT_HELP : option, name,
                              optional_word(option, argc, argv), &boot);
        if (status >= 0) {
            return status;
        }
    }
    o->chip.usb_jtag = o->board.usb_jtag;
    o->chip.usb_otg = o->board.usb_otg;
    if (o->board.usb_jtag && o->board.usb_otg) {
        return usage("usb-otg", "with --usb-jtag", "possible: one port at a time");
    }
    if (o->board.usb_otg && o->board.link != SIM_LINK_PTY) {
        return usage("usb-otg", "without --pty", "possible: it is a USB port");
    }
    if (o->board.usb_jtag && o->board.link != SIM_LINK_PTY) {
        return usage("usb-jtag", "without --pty", "possible: it is a USB port");
    }
    o->board.boot_download = boot < 0 ? o->board.link == SIM_LINK_TCP : boot != 0;
    o->command = optind < argc ? argv + optind : NULL;
    return -1;
}
