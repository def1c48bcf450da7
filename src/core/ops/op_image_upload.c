/* op_image_upload.c: a data image onto a device in DFU mode, by dfu-util. */
#include "child.h"
#include "data_file.h"
#include "espbackup/image_ops.h"
#include "fs_atomic.h"
#include "paths.h"
#include "platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DFU_UTIL   "dfu-util"
#define SAID_BYTES 160

#define HINT_DFU_MODE                                                                              \
    "to enter DFU mode, hold MODE, press and release RESET, and release MODE when the light "      \
    "blinks yellow"

typedef struct upload {
    const eb_image_upload_options_t *options;
    const eb_events_t *ev;
    eb_image_upload_result_t *result;
    uint8_t *bytes; /* of the file */
    size_t len;
    /* of the run under way: */
    bool reading;
    bool began;            /* flash was erased, perhaps */
    bool moved;            /* for certain */
    size_t fault;          /* row of faults */
    char said[SAID_BYTES]; /* what it said of the fault, or else last */
} upload_t;

/* -- what dfu-util says ---------------------------------------------------------------------- */

#define HINT_ADDRESS "give an address of flash that the device lets be written"

/* Words of dfu-util 0.11. Its exit status tells little: nearly all faults have the same. Of several
 * the first in this list counts. */
static const struct {
    const char *words;
    eb_code_t code;
    const char *what, *hint; /* no hint: EB_REASON_USB_ACCESS */
} faults[] = {
    {"LIBUSB_ERROR_ACCESS", EB_ERR_PORT_DENIED, "no permission for the device", NULL},
    /* Windows, without a driver that libusb knows. */
    {"LIBUSB_ERROR_NOT_SUPPORTED", EB_ERR_PORT_DENIED, "no driver for the device", NULL},
    {"More than one DFU capable", EB_ERR_REFUSED, "several devices are in DFU mode",
     "unplug all of them but one"},
    {"No DFU capable USB device", EB_ERR_PORT_NOT_FOUND, "no device in DFU mode", HINT_DFU_MODE},
    {"Cannot claim interface", EB_ERR_PORT_BUSY, "another program uses the device",
     "close the other program"},
    {"is not writeable", EB_ERR_REFUSED, "the device protects that flash", HINT_ADDRESS},
    {"can not be erased", EB_ERR_REFUSED, "the device protects that flash", HINT_ADDRESS},
    {"LIBUSB_ERROR_NO_DEVICE", EB_ERR_PORT_LOST, "the device is gone",
     "check the cable; " HINT_DFU_MODE},
    {"", EB_ERR_DEVICE, "the transfer failed", "try another USB cable or port; " HINT_DFU_MODE},
};
#define OTHER_FAULT (sizeof(faults) / sizeof(faults[0]) - 1)

/* "Download\t[=====     ]  42%       55296 bytes" */
static bool take_progress(upload_t *u, const char *text)
{
    static const struct {
        const char *word;
        eb_phase_t phase;
    } kinds[] = {{"Erase", EB_PHASE_ERASE},
                 {"Download", EB_PHASE_WRITE},
                 {"Upload", EB_PHASE_VERIFY}};
    const char *bar = strchr(text, ']');

    for (size_t i = 0; bar != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strncmp(text, kinds[i].word, strlen(kinds[i].word)) == 0) {
            const unsigned long percent = strtoul(bar + 1, NULL, 10);

            u->began = u->began || !u->reading;
            u->moved = u->moved || percent > 0;
            eb_event_progress(u->ev, kinds[i].phase,
                              percent < 100 ? percent * (uint64_t)u->len / 100 : u->len, u->len);
            return true;
        }
    }
    return false;
}

static void take_line(void *user, const char *text)
{
    static const char name[] = DFU_UTIL ": ";
    upload_t *u = user;
    size_t fault = 0;

    const char *message = strstr(text, name); /* it may follow a bar that stopped */
    if (take_progress(u, text) && message == NULL) {
        return;
    }
    text = message != NULL ? message + sizeof(name) - 1 : text;
    eb_event_note(u->ev, EB_LEVEL_DETAIL, "%s", text);
    while (strstr(text, faults[fault].words) == NULL) {
        fault++;
    }
    if (fault < u->fault || u->fault == OTHER_FAULT) {
        (void)snprintf(u->said, sizeof(u->said), "%.*s", SAID_BYTES - 1, text);
        u->fault = fault;
    }
}

/* -- running it ------------------------------------------------------------------------------ */

static eb_code_t explain(const upload_t *u, int status, eb_err_t *err)
{
    const bool killed = status > 128;

    eb_err_set(err, faults[u->fault].code, "%s: %s (" DFU_UTIL " ended with %s %d: %s)",
               u->options->usb_id, faults[u->fault].what, killed ? "signal" : "status",
               killed ? status - 128 : status, u->said);
    if (faults[u->fault].hint != NULL) {
        eb_err_hint(err, "%s", faults[u->fault].hint);
    } else {
        eb_err_reason(err, EB_REASON_USB_ACCESS);
    }
    return faults[u->fault].code;
}

static eb_code_t run(upload_t *u, const char *const *argv, eb_err_t *err)
{
    const eb_child_t child = {.argv = argv, .line = take_line, .user = u};
    int status;

    u->fault = OTHER_FAULT;
    u->said[0] = '\0';
    eb_code_t code = eb_child_run(&child, u->ev, &status, err);
    if (code == EB_ERR_FILE_ACCESS) {
        eb_err_reason(err, EB_REASON_DFU_UTIL);
    }
    if (code == EB_OK && status != 0) {
        code = explain(u, status, err);
    }
    return code;
}

/* -- reading back ---------------------------------------------------------------------------- */

static eb_code_t compare(const upload_t *u, const char *path, eb_err_t *err)
{
    uint8_t *back;
    size_t len, at = 0;

    eb_code_t code = eb_fs_read_file(path, u->len, &back, &len, err);
    if (code != EB_OK) {
        return code;
    }
    while (at < len && back[at] == u->bytes[at]) {
        at++;
    }
    free(back);
    if (at < u->len) {
        code = eb_err_set(err, EB_ERR_UNVERIFIED,
                          "the device gives other bytes at 0x%08lx than were written",
                          (unsigned long)u->options->address + (unsigned long)at);
    }
    return code;
}

static eb_code_t read_back(upload_t *u, eb_err_t *err)
{
    char folder[EB_PATH_BYTES], path[EB_PATH_BYTES], range[32];
    const char *const argv[] = {DFU_UTIL, "-d", u->options->usb_id, "-a", "0", "-s", range, "-U",
                                path,     NULL};

    eb_code_t code = eb_path_join(folder, u->options->temp_dir, "espbackup-XXXXXX", err);
    if (code != EB_OK) {
        return code;
    }
    const int failure = eb_platform_make_temp_dir(folder);
    if (failure != 0) {
        return eb_fs_error(err, failure, "create folder", folder);
    }
    (void)snprintf(range, sizeof(range), "%s:%zu", u->result->address, u->len);
    code = eb_path_join(path, folder, "back.bin", err);
    if (code == EB_OK) {
        u->reading = true;
        code = run(u, argv, err);
    }
    if (code == EB_OK) {
        code = compare(u, path, err);
    }
    (void)eb_fs_remove(path);
    (void)eb_platform_remove_dir(folder);
    u->result->verified = code == EB_OK;
    return code;
}

/* -- the whole ------------------------------------------------------------------------------- */

static void make_command(const eb_image_upload_options_t *options, eb_image_upload_result_t *out)
{
    const char *const argv[] = {DFU_UTIL,     "-d", options->usb_id, "-a", "0", "-s",
                                out->address, "-D", options->image,  NULL};

    (void)snprintf(out->address, sizeof(out->address), "0x%08lx", (unsigned long)options->address);
    memcpy(out->argv, argv, sizeof(argv));
}

static eb_code_t open_image(upload_t *u, eb_err_t *err)
{
    const eb_image_upload_options_t *options = u->options;
    eb_data_image_t image;

    eb_code_t code = eb_data_file_open(options->image, &u->bytes, &u->len, &image, err);
    if (code == EB_OK) {
        code = eb_data_file_check_crc(options->image, &image, err);
    }
    if (code == EB_OK && options->max_size > 0 && u->len > options->max_size) {
        code = eb_err_set(err, EB_ERR_REFUSED,
                          "%s has %zu bytes, and the sector of the device has %lu", options->image,
                          u->len, (unsigned long)options->max_size);
        eb_err_hint(err, "make an image of fewer files");
    }
    u->result->size = (uint32_t)u->len;
    eb_data_image_free(&image);
    return code;
}

eb_code_t eb_op_image_upload(const eb_image_upload_options_t *options, const eb_events_t *ev,
                             eb_image_upload_result_t *out, eb_err_t *err)
{
    upload_t u = {.options = options, .ev = ev, .result = out};
    eb_err_t why = {0};

    *out = (eb_image_upload_result_t){0};
    make_command(options, out);
    eb_code_t code = open_image(&u, &why);
    if (code == EB_OK && !options->dry_run) {
        code = run(&u, out->argv, &why);
        if (code == EB_OK && !options->skip_verify) {
            code = read_back(&u, &why);
        }
    }
    /* The first sector that may not be erased is told before it is. */
    if (code == EB_ERR_REFUSED && !u.moved) {
        u.began = false;
    }
    if (code != EB_OK && u.began) {
        const char *hint = why.hint[0] != '\0' ? why.hint : HINT_DFU_MODE;

        code = eb_err_set(err, EB_ERR_UNFINISHED, "the image on the device is not %s: %s",
                          u.reading ? "verified" : "complete", why.message);
        eb_err_hint(err, "%s", hint);
    } else if (code != EB_OK) {
        (void)eb_err_copy(err, &why);
    }
    free(u.bytes);
    return code;
}
