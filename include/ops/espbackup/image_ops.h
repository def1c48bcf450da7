/*
 * image_ops.h: data images: files for the program of a Particle Electron. Rules and errors that all
 * operations have in common: ops.h.
 */
#ifndef ESPBACKUP_IMAGE_OPS_H
#define ESPBACKUP_IMAGE_OPS_H

#include "data_image.h"
#include "espbackup/err.h"
#include "espbackup/event.h"

#define EB_DATA_SECTOR_BYTES 0x20000u /* of the device, for the image */

typedef struct eb_image_pack_options {
    const char *const *inputs; /* files, and folders of files */
    size_t input_count;
    const char *output;
    bool force;        /* output may exist */
    uint32_t max_size; /* 0: EB_DATA_SECTOR_BYTES */
    bool has_time;     /* of the image and of each file; else now, and the files' own */
    uint32_t time_unix;
} eb_image_pack_options_t;

/*
 * An image of files, sorted by name. EB_OK: it is complete and durable.
 *
 * EB_ERR_REFUSED: a folder in a folder, a link, a special file, a name that does not fit or that
 * may not be extracted, two files of one name, a time that does not fit, more than max_size.
 * EB_ERR_FILE_EXISTS. Free the result with eb_data_image_free.
 */
eb_code_t eb_op_image_pack(const eb_image_pack_options_t *options, const eb_events_t *ev,
                           eb_data_image_t *out, eb_err_t *err);

/* What is in an image. EB_ERR_IMAGE_INVALID names the field that is damaged, except for the CRC:
 * see crc_matches. Free the result with eb_data_image_free. No cancel. */
eb_code_t eb_op_image_list(const char *path, eb_data_image_t *out, eb_err_t *err);

typedef struct eb_image_extract_options {
    const char *image;
    const char *const *names; /* of the files; none: all of them */
    size_t name_count;
    const char *dir; /* is made if missing */
    bool force;      /* files may exist */
} eb_image_extract_options_t;

/*
 * Files of an image into a folder, with their times. Everything is checked before the first file is
 * made. EB_OK: all are complete and durable; the result holds them alone.
 *
 * EB_ERR_IMAGE_INVALID: the field, the CRC too. EB_ERR_USAGE: there is no file of that name.
 * EB_ERR_REFUSED: a name that leaves the folder, or is none on some systems. EB_ERR_FILE_EXISTS.
 * Free the result with eb_data_image_free.
 */
eb_code_t eb_op_image_extract(const eb_image_extract_options_t *options, const eb_events_t *ev,
                              eb_data_image_t *out, eb_err_t *err);

/* -- upload ---------------------------------------------------------------------------------- */

#define EB_ELECTRON_USB_ID  "2b04:d00a" /* of the Electron and E series in DFU mode */
#define EB_ELECTRON_ADDRESS 0x080A0000u /* of the sector */
#define EB_DFU_ARGS_MAX     12

typedef struct eb_image_upload_options {
    const char *image;
    const char *usb_id; /* "VID:PID" in hex */
    uint32_t address;
    uint32_t max_size; /* of the file; 0: any */
    bool skip_verify;
    bool dry_run;         /* check the image, and make the command */
    const char *temp_dir; /* for what is read back */
} eb_image_upload_options_t;

typedef struct eb_image_upload_result {
    const char *argv[EB_DFU_ARGS_MAX]; /* the command; borrows from options and from address */
    char address[16];
    uint32_t size;
    bool verified;
} eb_image_upload_result_t;

/*
 * Write an image to a device in DFU mode, by dfu-util, and read it back. EB_OK: it is written, and
 * verified unless skip_verify. EB_PHASE_ERASE, _WRITE and _VERIFY.
 *
 * EB_ERR_IMAGE_INVALID, _REFUSED (larger than max_size): nothing was run. EB_ERR_FILE_ACCESS:
 * there is no dfu-util. EB_ERR_PORT_NOT_FOUND, _PORT_DENIED, _PORT_BUSY: no device, or not this
 * user's. EB_ERR_REFUSED: the device does not let that flash be written. EB_ERR_DEVICE: other
 * failures before a change. EB_ERR_UNFINISHED: any failure after it, a cancel too, and other bytes
 * read back.
 */
eb_code_t eb_op_image_upload(const eb_image_upload_options_t *options, const eb_events_t *ev,
                             eb_image_upload_result_t *out, eb_err_t *err);

#endif
