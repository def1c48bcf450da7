/*
 * facts.h: what is known of a board: its chip, its flash, and the connection to it. Plain data: the
 * device layer fills it, the format layer writes it down.
 *
 * Strings are UTF-8, NUL-terminated, empty when not known. Facts that a chip or mode cannot tell
 * carry a flag of their own; nothing here is ever guessed.
 */
#ifndef ESPBACKUP_FACTS_H
#define ESPBACKUP_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_MAC_BYTES          6
#define EB_MAC_TEXT_BYTES     24 /* "aa:bb:cc:dd:ee:ff" and EUI-64 */
#define EB_CHIP_FEATURES_MAX  16
#define EB_CHIP_FEATURE_BYTES 64
#define EB_CHIP_MACS_MAX      6

#define EB_CHIP_ID_NONE UINT32_MAX /* of chips before there were numbers */

typedef struct eb_mac {
    char kind[12]; /* "base", "softap", "bt", "ethernet", "eui64", "extension" */
    char text[EB_MAC_TEXT_BYTES];
} eb_mac_t;

typedef enum eb_tristate { EB_UNKNOWN = 0, EB_NO, EB_YES } eb_tristate_t;

/* From eFuses (ESP32, ESP8266) or GET_SECURITY_INFO (the others). */
typedef struct eb_security {
    eb_tristate_t flash_encryption;     /* FLASH_CRYPT_CNT / SPI_BOOT_CRYPT_CNT has odd parity */
    eb_tristate_t secure_boot;          /* any version */
    int secure_boot_version;            /* 0 none or not known, 1, 2 */
    eb_tristate_t secure_download_mode; /* most commands are refused */
    eb_tristate_t download_disabled;    /* cannot be YES while we talk, except through the stub */
    eb_tristate_t jtag_disabled;
    bool raw_valid;
    uint32_t raw_flags; /* GET_SECURITY_INFO flags, or eFuse word */
    uint32_t raw_crypt_cnt;
} eb_security_t;

typedef struct eb_chip_info {
    char id[16];          /* "esp32c3": file names, --chip */
    char name[24];        /* "ESP32-C3" */
    char description[64]; /* "ESP32-C3 (QFN32) (revision v0.4)" */
    char package[32];
    bool has_revision; /* false: the chip has none, or it cannot be read */
    int revision_major, revision_minor;
    char features[EB_CHIP_FEATURES_MAX][EB_CHIP_FEATURE_BYTES];
    size_t feature_count;
    int crystal_mhz;                 /* 0 = not known */
    bool crystal_measured;           /* from the UART divider, not fixed by the chip */
    eb_mac_t macs[EB_CHIP_MACS_MAX]; /* [0] is the base MAC */
    size_t mac_count;
    uint32_t chip_id;         /* as in image headers and GET_SECURITY_INFO; or EB_CHIP_ID_NONE */
    uint32_t bootloader_addr; /* bytes */
    eb_security_t security;
} eb_chip_info_t;

/* The base MAC; empty when none is known. */
static inline const char *eb_chip_mac(const eb_chip_info_t *chip)
{
    return chip->mac_count > 0 ? chip->macs[0].text : "";
}

typedef struct eb_flash_info {
    bool known;
    uint32_t jedec_id;     /* 0xMMTTCC: manufacturer, type, capacity */
    char manufacturer[32]; /* by name, empty when not in the table */
    char device[32];       /* by name, empty when not in the table */
    uint64_t size_bytes;   /* 0 = not known */
    char size_source[16];  /* "jedec", "sfdp", "option" */
    char voltage[8];       /* "3.3V", "1.8V" or empty */
    char type[8];          /* "quad", "octal" or empty */
    bool sfdp;
    uint8_t unique_id[8];
    bool has_unique_id;
} eb_flash_info_t;

typedef enum eb_port_kind {
    EB_PORT_UART,     /* USB-serial adapter or a UART of the host */
    EB_PORT_USB_JTAG, /* USB-Serial/JTAG unit of the chip: 303A:1001 */
    EB_PORT_USB_OTG,  /* ROM CDC of S2/S3: 303A:0002 and others of vendor 303A */
    EB_PORT_TCP,
    EB_PORT_RFC2217,
    EB_PORT_KIND_COUNT
} eb_port_kind_t;

#define EB_PORT_NAME_BYTES 256

/* How the session talks, and what it cost so far. */
typedef struct eb_session_stats {
    char port[EB_PORT_NAME_BYTES];
    eb_port_kind_t port_kind;
    uint32_t baud;                          /* current; 0: not known (raw TCP), or none (USB) */
    bool stub;                              /* false: only the ROM bootloader */
    char stub_version[16];                  /* "1.2.2", empty without */
    char stub_note[128];                    /* why there is none, empty otherwise */
    uint32_t stub_upload_us, stub_start_us; /* of the last one that we started; 0: none */
    uint64_t wire_bytes_in, wire_bytes_out;
    uint32_t retries;    /* commands or reads that had to be made again */
    uint32_t reconnects; /* resets of the board to get it back */
    uint32_t slowdowns;  /* baud steps down */
} eb_session_stats_t;

#endif
