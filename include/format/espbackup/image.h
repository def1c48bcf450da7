/*
 * image.h: what lies in a flash image: partition table, applications, OTA data.
 *
 * Parsers read a caller's buffer, never keep a pointer into it, and treat every byte as hostile.
 * Sources: ESP-IDF partition table (gen_esp32part), esp_app_desc_t and esp_image_header_t of
 * bootloader_support, otadata of app_update; see docs/ and the .c files.
 */
#ifndef ESPBACKUP_IMAGE_H
#define ESPBACKUP_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_PARTITION_LABEL_BYTES 17
#define EB_PARTITIONS_MAX        95 /* 0xC00 bytes of 32-byte entries, less the MD5 entry */
#define EB_PARTITION_TABLE_ADDR  0x8000u
#define EB_PARTITION_TABLE_BYTES 0xC00u

typedef struct eb_app_desc {
    bool present; /* an esp_app_desc_t with the right magic */
    char project[33];
    char version[33];
    char idf_version[33];
    char build_date[17]; /* as compiled: "Nov 21 2026" */
    char build_time[17];
    uint32_t secure_version;
    uint8_t elf_sha256[32];
} eb_app_desc_t;

typedef enum eb_image_state {
    EB_IMAGE_NONE,      /* erased */
    EB_IMAGE_VALID,     /* header, checksum and (when appended) SHA-256 hold */
    EB_IMAGE_UNCHECKED, /* header looks right; the body was not at hand */
    EB_IMAGE_DAMAGED,
    EB_IMAGE_OPAQUE, /* neither erased nor an image: encrypted or data */
    EB_IMAGE_ABSENT  /* not within what was looked at, an image of a range for example */
} eb_image_state_t;

/* Whether a program is there, whole or not. */
static inline bool eb_image_is_program(eb_image_state_t state)
{
    return state == EB_IMAGE_VALID || state == EB_IMAGE_UNCHECKED || state == EB_IMAGE_DAMAGED;
}

/* Images for ESP8266 do not say what they are for. */
#define EB_IMAGE_CHIP_NONE 0xFFFFu

typedef struct eb_app_image {
    eb_image_state_t state;
    uint32_t length_bytes; /* header to end of appended hash; 0 when not known */
    uint16_t chip_id;      /* extended header; EB_IMAGE_CHIP_NONE without one */
    uint8_t flash_mode, flash_freq_code, flash_size_code;
    uint32_t entry_addr;
    bool hash_appended;
    eb_app_desc_t desc;
} eb_app_image_t;

/* What is odd about an entry. Its table is used all the same. */
typedef enum eb_entry_fault {
    EB_ENTRY_SOUND,
    EB_ENTRY_EMPTY,      /* size 0; not usable */
    EB_ENTRY_BEYOND,     /* reaches beyond the flash, or beyond 4 GiB; not usable */
    EB_ENTRY_MISALIGNED, /* begins where no generator puts it */
    EB_ENTRY_OVERLAPS    /* shares bytes with another usable entry */
} eb_entry_fault_t;

typedef struct eb_partition {
    char label[EB_PARTITION_LABEL_BYTES];
    uint8_t type, subtype;
    uint32_t addr, size; /* bytes */
    bool encrypted, readonly;
    eb_entry_fault_t fault;
    eb_app_image_t app; /* of type app only; state NONE otherwise */
} eb_partition_t;

typedef struct eb_partition_table {
    bool present;
    bool damaged;   /* not present: what is at addr looks like a table and contradicts itself */
    bool encrypted; /* not present: flash encryption is on, and addr holds ciphertext */
    bool has_md5;   /* the table carries its MD5 and it holds */
    uint32_t addr;  /* where it was found */
    uint32_t other_addr; /* another valid table lies there; 0: none was seen */
    size_t count;        /* of usable entries, in the table's order */
    size_t unusable;     /* of entries behind these; nothing but their names and numbers is used */
    eb_partition_t entries[EB_PARTITIONS_MAX];
} eb_partition_table_t;

/* Why the bootloader tries first what it tries first. */
typedef enum eb_ota_reason {
    EB_OTA_NO_SLOTS,   /* no OTA app partitions: factory */
    EB_OTA_FACTORY,    /* otadata is erased or invalid: factory */
    EB_OTA_FIRST_SLOT, /* otadata is erased or invalid and there is no factory: ota_0 */
    EB_OTA_SEQUENCE,   /* the valid entry with the higher sequence number decides */
    EB_OTA_NOTHING     /* it tries nothing, or the table has no app partition at all */
} eb_ota_reason_t;

/* Why no app is known to start. */
typedef enum eb_boot_stop {
    EB_BOOT_STARTS,        /* an app does */
    EB_BOOT_NOT_KNOWN,     /* the OTA data decide, and were not at hand */
    EB_BOOT_SMALL_OTADATA, /* the OTA data partition is smaller than two sectors */
    EB_BOOT_NO_WHOLE_APP   /* no app partition, or none that holds a whole app */
} eb_boot_stop_t;

/* Which app the bootloader starts next. Indices are into table->entries; -1: none. */
typedef struct eb_boot_choice {
    int index;    /* the app that starts */
    int chosen;   /* the app that is tried first; where it is another one, it is not whole */
    int on_trial; /* the app that OTA data would choose, had it confirmed itself */
    eb_boot_stop_t stop;
    eb_ota_reason_t reason; /* of chosen */
    uint32_t sequence;      /* of the entry that decided */
    uint32_t ota_state;     /* esp_ota_img_states_t: 0 new, 1 pending verify, 2 valid, 3 invalid,
                               4 aborted, 0xFFFFFFFF undefined */
    int valid_entries;      /* 0..2 */
} eb_boot_choice_t;

/* "app/factory", "data/nvs", "data/0x99": into out, NUL-terminated. */
void eb_partition_type_text(uint8_t type, uint8_t subtype, char *out, size_t cap);

#endif
