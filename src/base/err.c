#include "espbackup/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One row a code, in the order of the enum. Exit statuses are those of docs/exit-codes.md. */
static const eb_code_row_t code_rows[] = {
    {EB_OK, "ok", 0},
    {EB_ERR_USAGE, "usage", 2},
    {EB_ERR_INTERNAL, "internal", 1},
    {EB_ERR_CANCELLED, "cancelled", 130},
    {EB_ERR_FILE_IO, "file_io", 1},
    {EB_ERR_FILE_ACCESS, "file_access", 1},
    {EB_ERR_FILE_EXISTS, "file_exists", 5},
    {EB_ERR_DISK_FULL, "disk_full", 1},
    {EB_ERR_PORT_NOT_FOUND, "port_not_found", 4},
    {EB_ERR_PORT_BUSY, "port_busy", 4},
    {EB_ERR_PORT_DENIED, "port_denied", 4},
    {EB_ERR_PORT_LOST, "port_lost", 4},
    {EB_ERR_NO_ANSWER, "no_answer", 4},
    {EB_ERR_WRONG_BOOT_MODE, "wrong_boot_mode", 4},
    {EB_ERR_GARBAGE, "garbage", 4},
    {EB_ERR_TIMEOUT, "timeout", 4},
    {EB_ERR_LINE, "line", 4},
    {EB_ERR_PROTOCOL, "protocol", 4},
    {EB_ERR_CHIP_RESET, "chip_reset", 4},
    {EB_ERR_DEVICE, "device", 1},
    {EB_ERR_CHIP_UNKNOWN, "chip_unknown", 5},
    {EB_ERR_CHIP_MISMATCH, "chip_mismatch", 5},
    {EB_ERR_STUB, "stub", 1},
    {EB_ERR_FLASH_MUTE, "flash_mute", 1},
    {EB_ERR_FLASH_SIZE, "flash_size", 1},
    {EB_ERR_UNVERIFIED, "unverified", 4},
    {EB_ERR_UNSUPPORTED, "unsupported", 5},
    {EB_ERR_REFUSED, "refused", 5},
    {EB_ERR_IMAGE_INVALID, "image_invalid", 6},
    {EB_ERR_SIDECAR_INVALID, "sidecar_invalid", 6},
    {EB_ERR_BACKUP_NOT_FOUND, "backup_not_found", 1},
    {EB_ERR_DIFFERENT, "different", 3},
    {EB_ERR_UNFINISHED, "unfinished", 7},
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

void eb_err_reason(eb_err_t *err, eb_reason_t reason)
{
    if (err != NULL) {
        err->reason = reason;
    }
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
