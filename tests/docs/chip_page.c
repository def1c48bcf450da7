/*
 * chip_page.c: print docs/chips.md from the rows of the chips.
 *
 *     chip_page src/stubs/stub_hashes.txt > docs/chips.md
 *
 * The list of hashes tells which stubs a build carries.
 */
#include "chip_row.h"

#include <stdio.h>
#include <string.h>

#define STUBS_TEXT_BYTES 16384u

static char stubs[STUBS_TEXT_BYTES];

static bool load_stub_list(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t len;

    if (file == NULL) {
        return false;
    }
    len = fread(stubs, 1, sizeof(stubs) - 1, file);
    stubs[len] = '\0';
    return fclose(file) == 0 && len > 0 && len < sizeof(stubs) - 1;
}

static bool has_stub(const char *name)
{
    char entry[64];

    (void)snprintf(entry, sizeof(entry), " %s.json\n", name);
    return strstr(stubs, entry) != NULL;
}

static void print_links(const eb_chip_row_t *row)
{
    printf("UART%s%s", (row->links & EB_CHIP_USB_JTAG) != 0 ? ", USB-Serial/JTAG" : "",
           (row->links & EB_CHIP_USB_OTG) != 0 ? ", USB-OTG" : "");
}

static void print_recognised(const eb_chip_row_t *row)
{
    if (row->tells_id) {
        printf("id %u", (unsigned)row->chip_id);
    } else {
        printf("word 0x%08x", (unsigned)row->magic);
    }
}

static void print_crystal(const eb_chip_row_t *row)
{
    if (row->crystals_mhz[1] != 0) {
        printf("%d or %d MHz, measured", row->crystals_mhz[0], row->crystals_mhz[1]);
    } else if (row->crystals_mhz[0] == 0) {
        printf("not known");
    } else {
        printf("%d MHz", row->crystals_mhz[0]);
    }
}

/* What brings the chip back to its program over its own USB. */
static const char *way_back(const eb_chip_row_t *row)
{
    if ((row->links & ~(unsigned)EB_CHIP_UART) == 0) {
        return row->watchdog.can_reset ? "RTS or watchdog" : "RTS";
    }
    if (!row->watchdog.can_reset) {
        return (row->links & EB_CHIP_USB_OTG) != 0 ? "RTS; not over USB-OTG" : "RTS";
    }
    return (row->links & EB_CHIP_USB_OTG) != 0 ? "RTS; watchdog over USB-OTG" : "RTS or watchdog";
}

static void print_connection(void)
{
    printf("| chip | `--chip` | recognised by | connected by | program restarted by | crystal | "
           "bootloader "
           "at |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < eb_chip_row_count(); i++) {
        const eb_chip_row_t *row = eb_chip_row_at(i);

        printf("| %s | `%s` | ", row->name, row->id);
        print_recognised(row);
        printf(" | ");
        print_links(row);
        printf(" | %s | ", way_back(row));
        print_crystal(row);
        printf(" | 0x%x |\n", (unsigned)row->bootloader_addr);
    }
}

static void print_stub(const eb_chip_row_t *row)
{
    if (!has_stub(row->id)) {
        printf("none");
    } else if (row->stub.old_name != NULL) {
        printf("yes; another before v%d.%d", row->stub.old_before / 100,
               row->stub.old_before % 100);
    } else if (row->stub.since > 0) {
        printf("yes, but not on v0.0");
    } else if (row->stub.not_securely) {
        printf("yes, but not with secure boot");
    } else {
        printf("yes");
    }
}

static void print_limit(uint64_t limit)
{
    if (limit == EB_FLASH_LIMIT_32BIT) {
        printf("all, beyond 16 MB too");
    } else {
        printf("the first %u MB", (unsigned)(limit >> 20));
    }
}

static void print_abilities(void)
{
    printf("| chip | stub | reach with stub | ROM bootloader only | faster line without stub "
           "|\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < eb_chip_row_count(); i++) {
        const eb_chip_row_t *row = eb_chip_row_at(i);

        printf("| %s | ", row->name);
        print_stub(row);
        printf(" | ");
        if (has_stub(row->id)) {
            print_limit(row->stub_flash_limit);
            if (row->stub.far_only_ours) {
                printf("; with `--stub` the first 16 MB");
            }
        } else {
            printf("-");
        }
        printf(" | %s | %s |\n",
               row->old_rom ? "`chip-info` only, because it cannot read"
                            : "reads, writes and verifies the first 16 MB",
               row->old_rom ? "no" : "yes");
    }
}

static const char head[] =
    "# Chips\n"
    "\n"
    "<!-- Made from the rows in src/device/chips by the build target chip-table. -->\n"
    "\n"
    "Each chip is one row in `src/device/chips/`, and this page is printed from the rows.\n"
    "`espbackup chip-info` shows the facts of a board.\n"
    "\n"
    "## How a chip is recognised and connected\n"
    "\n"
    "Newer chips tell their id. A word in the ROM tells the ESP8266, ESP32 and ESP32-S2.\n"
    "The modem lines DTR and RTS of a USB adapter reset every chip. A chip with USB-Serial/JTAG "
    "or\n"
    "USB-OTG connects without an adapter. Over USB-OTG only the running program can reset the "
    "chip.\n"
    "If it has no console there, hold BOOT while you plug the board in. A watchdog of the chip "
    "then\n"
    "starts the program again, if one is known. `--after watchdog-reset` uses the watchdog on "
    "other\n"
    "ports too.\n"
    "\n";

static const char middle[] =
    "\n"
    "## What works\n"
    "\n"
    "With a stub everything works: backup, restore, verify, erase. With `--no-stub`, and on chips\n"
    "without a stub, the ROM bootloader does the work, which is slower. A chip in secure download\n"
    "mode lets nobody read its flash.\n"
    "\n";

static const char tail[] =
    "\n"
    "## A chip that is not in the list\n"
    "\n"
    "espbackup stops and names the id of the chip. `--chip NAME` treats it as the chip NAME, "
    "which\n"
    "helps with variants of a chip; choose a chip of the same generation. `--no-stub` loads "
    "nothing\n"
    "into the chip. Reads are verified by the chip's own MD5 all the same.\n";

int main(int argc, char **argv)
{
    if (argc != 2 || !load_stub_list(argv[1])) {
        (void)fprintf(stderr, "usage: chip_page src/stubs/stub_hashes.txt\n");
        return 2;
    }
    printf("%s", head);
    print_connection();
    printf("%s", middle);
    print_abilities();
    printf("%s", tail);
    return 0;
}
