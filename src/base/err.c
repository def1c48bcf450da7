#include "espbackup/err.h"

#include "platform.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * One row a code, in the order of the enum. Exit statuses are those of docs/exit-codes.md.
 *
 * DEVICE is worth another try, because a damaged command is refused with a status too. Ranks: a
 * port that cannot be opened says less than a board that answers wrongly, and a board that was
 * heard but not understood says more than a silent board. A cancel is told in any case.
 */
static const eb_code_row_t code_rows[] = {
    {.code = EB_OK, .name = "ok", .exit_status = 0},
    {.code = EB_ERR_USAGE, .name = "usage", .exit_status = 2},
    {.code = EB_ERR_INTERNAL, .name = "internal", .exit_status = 1, .ends_recovery = true},
    {.code = EB_ERR_CANCELLED,
     .name = "cancelled",
     .exit_status = 130,
     .ends_recovery = true,
     .attempt_rank = 3},
    {.code = EB_ERR_FILE_IO, .name = "file_io", .exit_status = 1},
    {.code = EB_ERR_FILE_ACCESS, .name = "file_access", .exit_status = 1},
    {.code = EB_ERR_FILE_EXISTS, .name = "file_exists", .exit_status = 5},
    {.code = EB_ERR_DISK_FULL, .name = "disk_full", .exit_status = 1},
    {.code = EB_ERR_PORT_NOT_FOUND, .name = "port_not_found", .exit_status = 4, .port_rank = -3},
    {.code = EB_ERR_PORT_BUSY,
     .name = "port_busy",
     .exit_status = 4,
     .ends_recovery = true,
     .port_rank = -1},
    {.code = EB_ERR_PORT_DENIED,
     .name = "port_denied",
     .exit_status = 4,
     .ends_recovery = true,
     .port_rank = -1},
    {.code = EB_ERR_PORT_LOST, .name = "port_lost", .exit_status = 4, .remedy = EB_REMEDY_RECOVER},
    {.code = EB_ERR_NO_ANSWER,
     .name = "no_answer",
     .exit_status = 4,
     .remedy = EB_REMEDY_RECOVER,
     .transient = true,
     .port_rank = -2},
    {.code = EB_ERR_WRONG_BOOT_MODE,
     .name = "wrong_boot_mode",
     .exit_status = 4,
     .remedy = EB_REMEDY_RECOVER,
     .transient = true,
     .attempt_rank = 2},
    {.code = EB_ERR_GARBAGE,
     .name = "garbage",
     .exit_status = 4,
     .remedy = EB_REMEDY_RECOVER,
     .transient = true,
     .attempt_rank = 1},
    {.code = EB_ERR_TIMEOUT,
     .name = "timeout",
     .exit_status = 4,
     .remedy = EB_REMEDY_RECOVER,
     .transient = true,
     .reply_lost = true},
    {.code = EB_ERR_LINE,
     .name = "line",
     .exit_status = 4,
     .remedy = EB_REMEDY_AGAIN,
     .transient = true,
     .reply_lost = true},
    {.code = EB_ERR_PROTOCOL,
     .name = "protocol",
     .exit_status = 4,
     .remedy = EB_REMEDY_AGAIN,
     .transient = true,
     .reply_lost = true},
    {.code = EB_ERR_CHIP_RESET,
     .name = "chip_reset",
     .exit_status = 4,
     .remedy = EB_REMEDY_RECOVER,
     .transient = true},
    {.code = EB_ERR_DEVICE, .name = "device", .exit_status = 1, .remedy = EB_REMEDY_AGAIN},
    {.code = EB_ERR_CHIP_UNKNOWN, .name = "chip_unknown", .exit_status = 5},
    {.code = EB_ERR_CHIP_MISMATCH,
     .name = "chip_mismatch",
     .exit_status = 5,
     .ends_recovery = true},
    {.code = EB_ERR_STUB, .name = "stub", .exit_status = 1, .remedy = EB_REMEDY_RECOVER},
    {.code = EB_ERR_FLASH_MUTE, .name = "flash_mute", .exit_status = 1},
    {.code = EB_ERR_FLASH_SIZE, .name = "flash_size", .exit_status = 1},
    {.code = EB_ERR_UNVERIFIED, .name = "unverified", .exit_status = 4},
    {.code = EB_ERR_UNSUPPORTED, .name = "unsupported", .exit_status = 5},
    {.code = EB_ERR_REFUSED, .name = "refused", .exit_status = 5, .ends_recovery = true},
    {.code = EB_ERR_IMAGE_INVALID, .name = "image_invalid", .exit_status = 6},
    {.code = EB_ERR_SIDECAR_INVALID, .name = "sidecar_invalid", .exit_status = 6},
    {.code = EB_ERR_BACKUP_NOT_FOUND, .name = "backup_not_found", .exit_status = 1},
    {.code = EB_ERR_DIFFERENT, .name = "different", .exit_status = 3},
    {.code = EB_ERR_UNFINISHED, .name = "unfinished", .exit_status = 7},
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
                     va_list args) EB_PRINTF(4, 0);

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
    (void)snprintf(err->message + used, sizeof(err->message) - used, ": %s",
                   eb_platform_error_text(os_errno));
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

eb_code_t eb_err_copy(eb_err_t *to, const eb_err_t *from)
{
    if (to != NULL) {
        *to = *from;
    }
    return from->code;
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
