/*
 * err.h: the one error value of espbackup.
 *
 * Every call that can fail takes `eb_err_t *err` last and returns an eb_code_t. The caller owns the
 * value, and `err` may be NULL. The place that finds the fault fills it; callers on the way up add
 * words in front of the message (eb_err_wrap) and do not replace it. Only cli prints it, and only
 * main() ends the process. After EB_OK the value is not changed or means nothing.
 *
 * The calls of this header do not block, do not fail, and cut texts at EB_ERR_TEXT_BYTES - 1 bytes.
 */
#ifndef ESPBACKUP_ERR_H
#define ESPBACKUP_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* Let the compiler check a format and what follows it, by the rules of C. */
#ifdef __MINGW32__
#define EB_PRINTF(format_at, first_at) __attribute__((format(gnu_printf, format_at, first_at)))
#else
#define EB_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#endif

typedef enum eb_code {
    EB_OK = 0,
    /* the caller */
    EB_ERR_USAGE,    /* an impossible option, number or range */
    EB_ERR_INTERNAL, /* a bug in espbackup, or no memory */
    EB_ERR_CANCELLED,
    /* files */
    EB_ERR_FILE_IO,
    EB_ERR_FILE_ACCESS, /* no permission, no such folder, read-only */
    EB_ERR_FILE_EXISTS, /* would overwrite */
    EB_ERR_DISK_FULL,
    /* the port */
    EB_ERR_PORT_NOT_FOUND,
    EB_ERR_PORT_BUSY,
    EB_ERR_PORT_DENIED,
    EB_ERR_PORT_LOST, /* unplugged, or the connection ended */
    /* the board does not talk */
    EB_ERR_NO_ANSWER,       /* silence */
    EB_ERR_WRONG_BOOT_MODE, /* it printed text: the program runs, not download mode */
    EB_ERR_GARBAGE,         /* bytes, but no frames */
    EB_ERR_TIMEOUT,         /* the board answered before, and stopped */
    EB_ERR_LINE,            /* bytes were lost or damaged */
    EB_ERR_PROTOCOL,        /* a well-formed reply that makes no sense */
    EB_ERR_CHIP_RESET,      /* a boot banner in the middle of the work */
    /* the board talks and says no */
    EB_ERR_DEVICE, /* status byte of a reply; see device_status */
    EB_ERR_CHIP_UNKNOWN,
    EB_ERR_CHIP_MISMATCH,
    EB_ERR_STUB,       /* the stub could not be loaded or did not start */
    EB_ERR_FLASH_MUTE, /* JEDEC id 000000 or FFFFFF */
    EB_ERR_FLASH_SIZE, /* size not known */
    EB_ERR_UNVERIFIED, /* the MD5 of the chip never matched */
    /* safety */
    EB_ERR_UNSUPPORTED,
    EB_ERR_REFUSED,
    /* backups */
    EB_ERR_IMAGE_INVALID,
    EB_ERR_SIDECAR_INVALID,
    EB_ERR_BACKUP_NOT_FOUND,
    EB_ERR_DIFFERENT,  /* verify or diff found a difference */
    EB_ERR_UNFINISHED, /* the board was changed and the job is not done */
    EB_CODE_COUNT
} eb_code_t;

/* What a user can do, where the answer needs the name of an option or a command. The core sets the
 * reason, and cli has the words, because options belong to cli (src/cli/output/hints.c, a row
 * each). */
typedef enum eb_reason {
    EB_REASON_NONE = 0,
    EB_REASON_PLUG_IN,      /* the port went away while the board was changed */
    EB_REASON_FINISH_NAMED, /* finish the restore of the image in `hint`, by its name */
    EB_REASON_PUT_BACK,     /* the bytes that the board had are in the image in `hint` */
    /* refused; force continues, and then: */
    EB_REASON_FORCE,            /* nothing more to say */
    EB_REASON_FORCE_NO_START,   /* the board will not start */
    EB_REASON_FORCE_COPY,       /* the board becomes a copy of the other one */
    EB_REASON_FORCE_AT_ZERO,    /* to 0x0; or give its address, of a bootloader that in `hint` */
    EB_REASON_FORCE_TABLE,      /* the image's table is not the board's; or restore all of it */
    EB_REASON_FORCE_BOOTLOADER, /* one that is not trusted does not start; or restore by name */
    EB_REASON_FORCE_PROTECTED,  /* the flash ignores writes; or lift the protection */
    EB_REASON_FORCE_LATEST,     /* or name the backup */
    EB_REASON_FORCE_SAVED,      /* the file of a saved sector is ignored; or remove it */
    EB_REASON_NOT_CONFIRMED,    /* the question was not answered with yes */
    /* files and ranges */
    EB_REASON_NAME_IMAGE,      /* the name is of something that is no file */
    EB_REASON_NAME_FOLDER,     /* a folder where a file is expected */
    EB_REASON_STARTS_AT,       /* the file starts at the address in `hint`, not at 0x0 */
    EB_REASON_ADDRESS_OF_EACH, /* neither of two images has a sidecar: both need an address */
    EB_REASON_WITHOUT_SIDECAR, /* image and sidecar do not agree */
    EB_REASON_RESTORE_PART,    /* the image is larger than the flash */
    EB_REASON_RESTORE_BEHIND,  /* a sector behind the range was changed */
    /* partitions */
    EB_REASON_NO_PARTITION,      /* no such name, or no table to look it up in */
    EB_REASON_NO_TABLE_IN_FILE,  /* nor does anything tell where the file starts */
    EB_REASON_CIPHERTEXT,        /* the same, because flash encryption is on */
    EB_REASON_NAMED_TWICE,       /* two partitions have the name */
    EB_REASON_ODD_ENTRY,         /* the partition of that name overlaps another one, or the like */
    EB_REASON_PARTITION_SIZE,    /* the file is larger than its partition */
    EB_REASON_GIVE_ADDRESS,      /* it is no partition that a plain file can be the content of */
    EB_REASON_SELECT_PARTITIONS, /* of a backup of partitions none is named */
    EB_REASON_OTHER_DISK,        /* the disk does not keep what is written */
    EB_REASON_OTHER_OUTPUT,      /* the output may not replace that file: give another name */
    /* the session */
    EB_REASON_CHIP_ASKED,     /* the board has another chip than the one asked for */
    EB_REASON_RESET_SEQUENCE, /* a reset sequence needs the default way of resetting */
    EB_REASON_LEAVE_SEQUENCE, /* the same, for the way of leaving */
    EB_REASON_ROM_SOFT_RESET, /* the ROM bootloader starts the program by a command, no stub does */
    EB_REASON_DEFAULT_AFTER,  /* the board cannot be left as asked; the lines reset it */
    EB_REASON_STUB_FILE,      /* a stub file is in the JSON form of esptool; or use ours */
    EB_REASON_ALLOW_STUB,     /* the ROM bootloader cannot do it, a stub can */
    EB_REASON_OTHER_STUB,     /* the same, and the stub did not start */
    EB_REASON_OWN_STUB,       /* this stub cannot do it, the embedded one can */
    EB_REASON_WITHIN_REACH,   /* nothing on this chip can address more than the size in `hint` */
    EB_REASON_BY_HAND,        /* no line brings the ROM bootloader back: reset, and use no stub */
    EB_REASON_DETECT_SIZE,    /* the flash tells its size, and the size asked for is larger */
    /* data images */
    EB_REASON_MAX_SIZE,    /* the place of the image is larger */
    EB_REASON_TIME,        /* a file has a time that does not fit */
    EB_REASON_DATA_IMAGE,  /* no data image, or a damaged one */
    EB_REASON_OTHER_FILES, /* one of the files may not be extracted: the others may */
    EB_REASON_DFU_UTIL,    /* dfu-util is not installed */
    EB_REASON_USB_ACCESS,  /* the system does not let this user have the USB device */
    EB_REASON_COUNT
} eb_reason_t;

#define EB_ERR_TEXT_BYTES 512

typedef struct eb_err {
    eb_code_t code;
    int os_errno;                    /* errno of the system call; 0: none failed */
    int device_status;               /* error byte of the chip's reply; 0: none */
    char message[EB_ERR_TEXT_BYTES]; /* names things, never options */
    eb_reason_t reason;
    char hint[EB_ERR_TEXT_BYTES]; /* what a user can do, in words without options; with a reason:
                                     the text for the %s of its words */
    const char *where;            /* function that found the fault; static storage */
} eb_err_t;

/* What helps after a flash call that failed. */
typedef enum eb_remedy {
    EB_REMEDY_NONE,   /* nothing: the failure is final */
    EB_REMEDY_AGAIN,  /* the same call again, because the session is in step */
    EB_REMEDY_RECOVER /* eb_session_recover first, because the board or the port is gone */
} eb_remedy_t;

/* What the program does with a code: one row each, checked by a test. */
typedef struct eb_code_row {
    eb_code_t code;
    const char *name; /* in JSON, e.g. "port_busy" */
    int exit_status;
    eb_remedy_t remedy;
    bool reply_lost;    /* a request or its reply was lost: the board may have acted or not */
    bool transient;     /* while a board is connected: the same may work after a SYNC or a reset */
    bool ends_recovery; /* further attempts to bring the board back cannot change it */
    int attempt_rank;   /* of several attempts on a port the highest is told, of equals the last */
    int port_rank;      /* of several ports the highest is told, of equals the first */
} eb_code_row_t;

/* Never NULL; an unknown code gives the row of EB_ERR_INTERNAL. Static storage. */
const eb_code_row_t *eb_code_row(eb_code_t code);

/* Fill `*err` (unless NULL) and return `code`. Clears os_errno, device_status, reason and hint. The
 * arguments may point into the old value. */
eb_code_t eb_err_set_at(eb_err_t *err, const char *where, eb_code_t code, const char *format, ...)
    EB_PRINTF(4, 5);
#define eb_err_set(err, code, ...) eb_err_set_at((err), __func__, (code), __VA_ARGS__)

/* The same with an errno value: ": strerror" is added to the message and os_errno is kept. */
eb_code_t eb_err_set_errno_at(eb_err_t *err, const char *where, eb_code_t code, int os_errno,
                              const char *format, ...) EB_PRINTF(5, 6);
#define eb_err_set_errno(err, code, os_errno, ...)                                                 \
    eb_err_set_errno_at((err), __func__, (code), (os_errno), __VA_ARGS__)

#ifdef __clang_analyzer__
/* The analyzer does not know that these return the code, and would doubt every test for EB_OK. */
#undef eb_err_set
#undef eb_err_set_errno
#define eb_err_set(err, code, ...)                                                                 \
    ((void)eb_err_set_at((err), __func__, (code), __VA_ARGS__), (code))
#define eb_err_set_errno(err, code, os_errno, ...)                                                 \
    ((void)eb_err_set_errno_at((err), __func__, (code), (os_errno), __VA_ARGS__), (code))
#endif

/* Set the hint of an error that is set. NULL err is allowed. */
void eb_err_hint(eb_err_t *err, const char *format, ...) EB_PRINTF(2, 3);

/* Set the reason of an error that is set. NULL err is allowed. */
void eb_err_reason(eb_err_t *err, eb_reason_t reason);
/* eb_err_set and eb_err_reason in one call. */
#define eb_err_set_reason(err, code, reason, ...)                                                  \
    ((void)eb_err_set((err), (code), __VA_ARGS__), eb_err_reason((err), (reason)), (code))

/* Copy `from` into `*to` (unless NULL) and return its code. */
eb_code_t eb_err_copy(eb_err_t *to, const eb_err_t *from);

/* Put "words: " in front of the message; code, reason, hint and the rest stay. Returns err's code.
 */
eb_code_t eb_err_wrap(eb_err_t *err, const char *format, ...) EB_PRINTF(2, 3);

#endif
