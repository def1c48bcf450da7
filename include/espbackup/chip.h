/*
 * chip.h: what is known of a chip and its flash once a session is open.
 *
 * Strings are UTF-8, NUL-terminated, empty when not known. Facts that a chip or mode cannot tell
 * carry a flag of their own; nothing here is ever guessed.
 */
#ifndef ESPBACKUP_CHIP_H
#define ESPBACKUP_CHIP_H

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

/* Ids of the chips that this program knows, "esp32c3"; NULL past the last. Static storage. */
const char *eb_chip_id_at(size_t index);

#endif
