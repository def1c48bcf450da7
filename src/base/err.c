#include "espbackup/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HINT_CABLE                                                                                 \
    "try another USB cable or port, and a lower baud rate (for example --baud 115200)"
#define HINT_BOOT                                                                                  \
    "hold the BOOT button, press and release RESET, then release BOOT and try again; a board that" \
    " is in its loader already wants --before no-reset"

/* One row a code, in the order of the enum. Exit statuses are those of docs/exit-codes.md. */
static const eb_code_row_t code_rows[] = {
    {EB_OK, "ok", 0, ""},
    {EB_ERR_USAGE, "usage", 2, "see espbackup --help"},
    {EB_ERR_INTERNAL, "internal", 1,
     "this is a fault of espbackup; please report it with the output of --trace"},
    {EB_ERR_CANCELLED, "cancelled", 130,
     "run the same command again: it goes on where it was stopped"},
    {EB_ERR_FILE_IO, "file_io", 1, "check the disk that holds the file"},
    {EB_ERR_FILE_ACCESS, "file_access", 1,
     "check that the folder exists and that you may write there, or choose another with --dir or "
     "--output"},
    {EB_ERR_FILE_EXISTS, "file_exists", 5, "choose another name, or add --force to replace it"},
    {EB_ERR_DISK_FULL, "disk_full", 1,
     "make room on the disk, or choose another with --dir or --output"},
    {EB_ERR_PORT_NOT_FOUND, "port_not_found", 4,
     "plug the board in with a cable that carries data; espbackup ports lists what there is"},
    {EB_ERR_PORT_BUSY, "port_busy", 4,
     "close the serial monitor or other program that holds the port"},
    {EB_ERR_PORT_DENIED, "port_denied", 4,
     "join the group that owns the port: sudo usermod -a -G dialout $USER, then log in again"},
    {EB_ERR_PORT_LOST, "port_lost", 4, "check the cable and plug the board in again"},
    {EB_ERR_NO_ANSWER, "no_answer", 4, HINT_BOOT},
    {EB_ERR_WRONG_BOOT_MODE, "wrong_boot_mode", 4, HINT_BOOT},
    {EB_ERR_GARBAGE, "garbage", 4, "close other programs on this port; " HINT_CABLE},
    {EB_ERR_TIMEOUT, "timeout", 4, HINT_CABLE},
    {EB_ERR_LINE, "line", 4, HINT_CABLE},
    {EB_ERR_PROTOCOL, "protocol", 4, HINT_CABLE},
    {EB_ERR_CHIP_RESET, "chip_reset", 4,
     "the board restarted by itself: give it a better supply (a powered hub, a shorter cable)"},
    {EB_ERR_DEVICE, "device", 1, "run it again with --trace to see what the board refused"},
    {EB_ERR_CHIP_UNKNOWN, "chip_unknown", 5,
     "this chip is not known to this version; --chip NAME says which one it is"},
    {EB_ERR_CHIP_MISMATCH, "chip_mismatch", 5, "leave --chip out, or connect the right board"},
    {EB_ERR_STUB, "stub", 1, "use --no-stub to work with the ROM loader alone"},
    {EB_ERR_FLASH_MUTE, "flash_mute", 1,
     "the flash chip does not answer: check its supply and soldering, and what else drives its "
     "pins"},
    {EB_ERR_FLASH_SIZE, "flash_size", 1,
     "say the size yourself with --flash-size, for example 4MB"},
    {EB_ERR_UNPROVED, "unproved", 4, HINT_CABLE},
    {EB_ERR_UNSUPPORTED, "unsupported", 5, "this chip, port or mode cannot do it"},
    {EB_ERR_REFUSED, "refused", 5, "see espbackup --help for the way past, if you are sure"},
    {EB_ERR_IMAGE_BAD, "image_bad", 6, "use another backup; espbackup list --check examines all"},
    {EB_ERR_SIDECAR_BAD, "sidecar_bad", 6,
     "the file beside the image was changed or damaged; use another backup"},
    {EB_ERR_BACKUP_NOT_FOUND, "backup_not_found", 1, "espbackup list shows what there is"},
    {EB_ERR_DIFFERENT, "different", 3, ""},
    {EB_ERR_UNFINISHED, "unfinished", 7, "run the same command again to finish the job"},
};

_Static_assert(sizeof(code_rows) / sizeof(code_rows[0]) == EB_CODE_COUNT, "one row for each code");

const eb_code_row_t *eb_code_row(eb_code_t code)
{
    /* Through unsigned: a negative value out of a damaged struct is out of range too. */
    if ((unsigned)code >= EB_CODE_COUNT) {
        code = EB_ERR_INTERNAL;
    }
    return &code_rows[code];
}

static void set_text(eb_err_t *err, const char *where, eb_code_t code, const char *format,
                     va_list args) __attribute__((format(printf, 4, 0)));

static void set_text(eb_err_t *err, const char *where, eb_code_t code, const char *format,
                     va_list args)
{
    char text[EB_ERR_TEXT_BYTES];

    /* Formatted aside: an argument may point into the old message. */
    (void)vsnprintf(text, sizeof(text), format, args);
    *err = (eb_err_t){.code = code, .where = where};
    memcpy(err->message, text, sizeof(text));
}

eb_code_t eb_err_set_at(eb_err_t *err, const char *where, eb_code_t code, const char *format, ...)
{
    va_list args;

    if (err == NULL) {
        return code;
    }
    va_start(args, format);
    set_text(err, where, code, format, args);
    va_end(args);
    return code;
}

eb_code_t eb_err_set_errno_at(eb_err_t *err, const char *where, eb_code_t code, int os_errno,
                              const char *format, ...)
{
    va_list args;
    size_t used;

    if (err == NULL) {
        return code;
    }
    va_start(args, format);
    set_text(err, where, code, format, args);
    va_end(args);
    err->os_errno = os_errno;
    used = strlen(err->message);
    (void)snprintf(err->message + used, sizeof(err->message) - used, ": %s", strerror(os_errno));
    return code;
}

void eb_err_hint(eb_err_t *err, const char *format, ...)
{
    char text[EB_ERR_TEXT_BYTES];
    va_list args;

    if (err == NULL) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    memcpy(err->hint, text, sizeof(text));
}

eb_code_t eb_err_wrap(eb_err_t *err, const char *format, ...)
{
    char text[2 * EB_ERR_TEXT_BYTES + 2]; /* so that only the copy at the end can cut */
    size_t used;
    va_list args;

    if (err == NULL) {
        return EB_ERR_INTERNAL;
    }
    va_start(args, format);
    (void)vsnprintf(text, EB_ERR_TEXT_BYTES, format, args);
    va_end(args);
    used = strlen(text);
    (void)snprintf(text + used, sizeof(text) - used, ": %s", err->message);
    text[EB_ERR_TEXT_BYTES - 1] = '\0';
    memcpy(err->message, text, EB_ERR_TEXT_BYTES);
    return err->code;
}

const char *eb_err_hint_text(const eb_err_t *err)
{
    if (err == NULL) {
        return "";
    }
    return err->hint[0] != '\0' ? err->hint : eb_code_row(err->code)->default_hint;
}
