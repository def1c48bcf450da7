/*
 * flash_layout.h: what lies where in the flash of a board, or in an image of it: partition table,
 * applications, the slot that boots.
 */
#ifndef EB_LAYOUT_FLASH_LAYOUT_H
#define EB_LAYOUT_FLASH_LAYOUT_H

#include "app_image.h"
#include "ota_data.h"
#include "range.h"
#include "retry.h"

/* Where bytes are read from, by flash address. EB_OK or an error that ends the work. */
typedef eb_code_t (*eb_layout_read_fn)(void *user, uint32_t addr, uint32_t size, uint8_t *out,
                                       eb_err_t *err);

typedef struct eb_layout_source {
    eb_layout_read_fn read;
    void *user;
    eb_range_t range;          /* of what can be read */
    uint64_t flash_size_bytes; /* the table's entries must lie within */
    uint32_t table_addr;       /* 0: 0x8000 */
    uint32_t bootloader_addr;
    const eb_chip_info_t *chip; /* NULL: not known; borrowed */
    eb_range_t check_range;     /* images wholly within are hashed (VALID or DAMAGED); of the others
                                   only headers are looked at (UNCHECKED) */
} eb_layout_source_t;

typedef struct eb_layout {
    eb_partition_table_t table;
    eb_boot_choice_t boot;
    eb_app_image_t bootloader;
    bool has_ota_copies;
    uint8_t ota_copies[2 * EB_OTA_COPY_BYTES];
} eb_layout_t;

/*
 * Look for the table and at what it lists: at source->table_addr if that is not 0, and nowhere
 * else; otherwise at the first place that has one: 0x8000, the sectors behind it up to 0x20000,
 * those before it, and the place before the end of flash where Sming has it. Zeroed first. What
 * lies outside source->range is left as not known. Found: source->table_addr is set, and a note
 * tells a place that is not the usual one. What looks like a table but is damaged is a warning and
 * no error: without another table out->table.damaged is true. Each odd entry is a warning too. With
 * `ev`, and where nobody said where the table is, another valid table in the sectors up to 0x20000
 * is looked for, and is a warning. Where flash encryption is on and the first place holds
 * ciphertext, out->table.encrypted is true, and no other place is looked at. Errors are those of
 * source->read.
 */
eb_code_t eb_layout_search(eb_layout_source_t *source, const eb_events_t *ev, eb_layout_t *out,
                           eb_err_t *err);

/* The same for what a board merely tells: where the first place has none and no bootloader is there
 * either, which would look for one, the search, 37 reads, is spared. */
eb_code_t eb_layout_search_used(eb_layout_source_t *source, const eb_events_t *ev, eb_layout_t *out,
                                eb_err_t *err);

/* Look at the apps of out->table again that lie wholly within source->check_range: what was
 * measured only is checked then, and out->boot is decided anew. */
eb_code_t eb_layout_check_apps(const eb_layout_source_t *source, eb_layout_t *out, eb_err_t *err);

/* The flash of a board: a source that reads through eb_retry, which must outlive it. */
eb_layout_source_t eb_layout_of_board(eb_retry_t *retry, uint32_t table_addr);

#endif
