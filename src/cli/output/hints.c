/* hints.c: what to do after an error, in words that name options and commands. */
#include "hints.h"

#include "system_words.h"

#include <stdio.h>
#include <string.h>

#define HINT_CABLE "try another USB cable or port, or a lower baud rate (for example --baud 115200)"
#define HINT_BOOT                                                                                  \
    ("hold the BOOT button, press and release RESET, then release BOOT and try again; if the "     \
     "board is in download mode already, add --before no-reset")

#define HINT_FORCE   "add --force to continue anyway"
#define HINT_PLUG_IN "check the cable and plug the board in again"

/* Without a better one: a hint for each code. */
static const char *const by_code[] = {
    [EB_OK] = "",
    [EB_ERR_USAGE] = "see 'espbackup --help'",
    [EB_ERR_INTERNAL] = "this is a bug in espbackup; please report it with the output of --trace",
    [EB_ERR_CANCELLED] = "run the same command again; it resumes where it stopped",
    [EB_ERR_FILE_IO] = "check the disk that holds the file",
    [EB_ERR_FILE_ACCESS] = ("check that the folder exists and that you may write to it, or choose "
                            "another one with --dir or --output"),
    [EB_ERR_FILE_EXISTS] = "choose another name, or add --force to replace the file",
    [EB_ERR_DISK_FULL] = "free space on the disk, or choose another one with --dir or --output",
    [EB_ERR_PORT_NOT_FOUND] =
        "connect the board with a USB cable that carries data; 'espbackup ports' lists the ports",
    [EB_ERR_PORT_BUSY] = "close the serial monitor or other program that uses the port",
    [EB_ERR_PORT_DENIED] = NULL, /* eb_system_port_denied */
    [EB_ERR_PORT_LOST] = HINT_PLUG_IN,
    [EB_ERR_NO_ANSWER] = HINT_BOOT,
    [EB_ERR_WRONG_BOOT_MODE] = HINT_BOOT,
    [EB_ERR_GARBAGE] = ("close other programs on this port; " HINT_CABLE),
    [EB_ERR_TIMEOUT] = HINT_CABLE,
    [EB_ERR_LINE] = HINT_CABLE,
    [EB_ERR_PROTOCOL] = HINT_CABLE,
    [EB_ERR_CHIP_RESET] =
        "the board restarted by itself: give it better power (a powered hub, a shorter cable)",
    [EB_ERR_DEVICE] =
        "run the command again with --trace to see the request that the board refused",
    [EB_ERR_CHIP_UNKNOWN] =
        "this version does not know the chip; add --chip NAME to treat it as another one",
    [EB_ERR_CHIP_MISMATCH] = "connect the board with which the work began",
    [EB_ERR_STUB] = "add --no-stub to use only the ROM bootloader",
    [EB_ERR_FLASH_MUTE] =
        "check the power and the soldering of the flash chip, and what else is on its pins",
    [EB_ERR_FLASH_SIZE] = "add the size of the flash, for example --flash-size 4MB",
    [EB_ERR_UNVERIFIED] = HINT_CABLE,
    [EB_ERR_UNSUPPORTED] = "this chip, port or mode does not support it",
    [EB_ERR_REFUSED] = "see 'espbackup --help'",
    [EB_ERR_IMAGE_INVALID] = "use another backup; 'espbackup list --check' checks all of them",
    [EB_ERR_SIDECAR_INVALID] =
        "use another backup, because the sidecar of this one was changed or damaged",
    [EB_ERR_BACKUP_NOT_FOUND] = "'espbackup list' shows the backups",
    [EB_ERR_DIFFERENT] = "",
    [EB_ERR_UNFINISHED] = "run the same command again to finish the job",
};
_Static_assert(sizeof(by_code) / sizeof(by_code[0]) == EB_CODE_COUNT, "one hint for each code");

/* A %s is replaced by the error's own hint. */
static const char *const by_reason[] = {
    [EB_REASON_NONE] = "",
    [EB_REASON_PLUG_IN] = HINT_PLUG_IN,
    [EB_REASON_FINISH_NAMED] =
        "run 'espbackup restore %s' to finish the job, without --backup-first",
    [EB_REASON_PUT_BACK] = "run 'espbackup restore %s' to put the saved bytes back",
    [EB_REASON_FORCE] = HINT_FORCE,
    [EB_REASON_FORCE_NO_START] = HINT_FORCE "; the board will not start",
    [EB_REASON_FORCE_COPY] = HINT_FORCE "; this board becomes a copy of the other one",
    [EB_REASON_FORCE_AT_ZERO] = "add --address to say where it belongs (0x10000 for many apps, %s "
                                "for a bootloader), or " HINT_FORCE " at 0x0",
    [EB_REASON_FORCE_TABLE] =
        "restore the whole image, which contains its partition table, or " HINT_FORCE,
    [EB_REASON_FORCE_BOOTLOADER] =
        "restore partitions by name to keep the bootloader, or " HINT_FORCE
        "; the board does not start a bootloader that it does not trust",
    [EB_REASON_FORCE_PROTECTED] =
        "clear the protection with the firmware or tool that set it, or add --no-stub, because the "
        "ROM bootloader clears it, or " HINT_FORCE
        "; the verification then finds what the flash ignored",
    [EB_REASON_FORCE_LATEST] = "give the name of a backup from 'espbackup list', or " HINT_FORCE,
    [EB_REASON_FORCE_SAVED] = "remove that file if the board is right, or " HINT_FORCE,
    [EB_REASON_NOT_CONFIRMED] = "add --yes to continue without a question",
    [EB_REASON_NAME_IMAGE] = "give the name of an image file; 'espbackup list' shows the backups",
    [EB_REASON_NAME_FOLDER] = "use --dir to choose the folder; espbackup then makes the file name",
    [EB_REASON_STARTS_AT] = "say with --address %s where the file starts",
    [EB_REASON_ADDRESS_OF_EACH] =
        "give --address twice, first of A, then of B; 0x0 is the start of the flash",
    [EB_REASON_WITHOUT_SIDECAR] =
        "use another backup ('espbackup list --check' checks all of them), or move the sidecar "
        "away to write this file as it is",
    [EB_REASON_RESTORE_PART] =
        "restore the part that fits with --partition NAME, or with --offset and --size; if the "
        "flash is larger, add its size with --flash-size",
    [EB_REASON_RESTORE_BEHIND] =
        "restore the rest from a backup of the whole flash with 'espbackup restore NAME'; check "
        "the cable, or try a lower --baud",
    [EB_REASON_NO_PARTITION] =
        "'espbackup flash-info' shows the table, and --partition-table ADDR says where it is; an "
        "address and a size need no table",
    [EB_REASON_NO_TABLE_IN_FILE] =
        "add --address ADDR if the file does not start at 0x0 of the flash, or --partition-table "
        "ADDR if its table is elsewhere",
    [EB_REASON_CIPHERTEXT] =
        "'espbackup backup' saves the whole flash as it is; an address and a size need no table",
    [EB_REASON_NAMED_TWICE] = "give the address and the size of the right one instead",
    [EB_REASON_ODD_ENTRY] = "give an address and a size instead: they need no table",
    [EB_REASON_PARTITION_SIZE] =
        "choose a partition that is large enough; 'espbackup flash-info' shows the sizes",
    [EB_REASON_GIVE_ADDRESS] = "add --address ADDR to say where the file belongs, without "
                               "--partition",
    [EB_REASON_SELECT_PARTITIONS] =
        "give the names of partitions, or add --active-app, --critical or --all",
    [EB_REASON_OTHER_DISK] = "check the disk and its cable, and whether another program writes the "
                             "file; or choose another disk with --dir or --output",
    [EB_REASON_OTHER_OUTPUT] = "give another name with --output",
    [EB_REASON_CHIP_ASKED] = "leave --chip out, or connect the right board",
    [EB_REASON_RESET_SEQUENCE] = "leave --reset-sequence out, or use --before default-reset",
    [EB_REASON_LEAVE_SEQUENCE] = "leave --leave-sequence out, or use --after hard-reset",
    [EB_REASON_ROM_SOFT_RESET] =
        "add --no-stub, because the ROM bootloader can do it; or leave --after out",
    [EB_REASON_DEFAULT_AFTER] = "leave --after out: the lines of the port then reset the board",
    [EB_REASON_STUB_FILE] =
        "--stub takes the JSON file of a stub, as esptool does; without it espbackup uses its own",
    [EB_REASON_ALLOW_STUB] = "leave --no-stub out, because the stub can do it",
    [EB_REASON_OTHER_STUB] =
        "reset the board and try again, or give another stub with --stub: only a stub can do it, "
        "and this one did not start",
    [EB_REASON_OWN_STUB] = "leave --stub out, or reset the board if a stub ran on it already: "
                           "espbackup's own stub can do "
                           "it",
    [EB_REASON_WITHIN_REACH] =
        "choose a range or partitions within it; 'espbackup backup --size %s' backs all of it up",
    [EB_REASON_BY_HAND] = "bring the board into download mode by hand, and add --no-stub",
    [EB_REASON_DETECT_SIZE] =
        "leave --flash-size out: it is for a flash that does not tell its size",
    [EB_REASON_MAX_SIZE] = "leave files out, or add --max-size SIZE if its place is larger",
    [EB_REASON_TIME] = "set its time with touch, or add --time for all files",
    [EB_REASON_DATA_IMAGE] =
        "make the image again with 'espbackup image pack', or read it from the device again",
    [EB_REASON_OTHER_FILES] = "give the names of the files to extract, without this one",
    [EB_REASON_DFU_UTIL] = NULL,   /* eb_system_dfu_util */
    [EB_REASON_USB_ACCESS] = NULL, /* eb_system_usb_access */
};
_Static_assert(sizeof(by_reason) / sizeof(by_reason[0]) == EB_REASON_COUNT, "one for each reason");

static const char *words_of_code(eb_code_t code)
{
    return code == EB_ERR_PORT_DENIED ? eb_system_port_denied : by_code[code];
}

static const char *words_of_reason(eb_reason_t reason)
{
    return reason == EB_REASON_DFU_UTIL     ? eb_system_dfu_util
           : reason == EB_REASON_USB_ACCESS ? eb_system_usb_access
                                            : by_reason[reason];
}

/* The words before, `text`, and the words behind the %s of `words`. */
static void put_reason(const char *words, const char *text, char *out)
{
    const char *gap = strstr(words, "%s");

    if (gap == NULL) {
        (void)snprintf(out, EB_HINT_BYTES, "%s", words);
    } else {
        (void)snprintf(out, EB_HINT_BYTES, "%.*s%s%s", (int)(gap - words), words, text, gap + 2);
    }
}

void eb_hint(const eb_err_t *err, char out[EB_HINT_BYTES])
{
    const char *last = words_of_code(eb_code_row(err->code)->code);

    if (err->reason != EB_REASON_NONE && (unsigned)err->reason < EB_REASON_COUNT) {
        put_reason(words_of_reason(err->reason), err->hint, out);
    } else {
        (void)snprintf(out, EB_HINT_BYTES, "%s", err->hint);
    }
    if (out[0] == '\0') {
        (void)snprintf(out, EB_HINT_BYTES, "%s", last);
    } else if (err->code == EB_ERR_UNFINISHED && err->reason != EB_REASON_FINISH_NAMED &&
               err->reason != EB_REASON_PUT_BACK) {
        const size_t used = strlen(out);
        (void)snprintf(out + used, EB_HINT_BYTES - used, "; then %s", last);
    }
}
