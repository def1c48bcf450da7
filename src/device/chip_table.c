/* chip_table.c: the list of chip rows, and finding a row. */
#include "chip_row.h"
#include "espbackup/session.h"

#include <ctype.h>
#include <string.h>

extern const eb_chip_row_t eb_chip_esp8266;
extern const eb_chip_row_t eb_chip_esp32;
extern const eb_chip_row_t eb_chip_esp32s2;
extern const eb_chip_row_t eb_chip_esp32s3;
extern const eb_chip_row_t eb_chip_esp32c2;
extern const eb_chip_row_t eb_chip_esp32c3;
extern const eb_chip_row_t eb_chip_esp32c5;
extern const eb_chip_row_t eb_chip_esp32c6;
extern const eb_chip_row_t eb_chip_esp32c61;
extern const eb_chip_row_t eb_chip_esp32e22;
extern const eb_chip_row_t eb_chip_esp32h2;
extern const eb_chip_row_t eb_chip_esp32h4;
extern const eb_chip_row_t eb_chip_esp32h21;
extern const eb_chip_row_t eb_chip_esp32p4;
extern const eb_chip_row_t eb_chip_esp32s31;

static const eb_chip_row_t *const rows[] = {
    &eb_chip_esp8266, &eb_chip_esp32,   &eb_chip_esp32s2,  &eb_chip_esp32s3,  &eb_chip_esp32c2,
    &eb_chip_esp32c3, &eb_chip_esp32c5, &eb_chip_esp32c6,  &eb_chip_esp32c61, &eb_chip_esp32e22,
    &eb_chip_esp32h2, &eb_chip_esp32h4, &eb_chip_esp32h21, &eb_chip_esp32p4,  &eb_chip_esp32s31,
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

size_t eb_chip_row_count(void)
{
    return ROW_COUNT;
}

const eb_chip_row_t *eb_chip_row_at(size_t index)
{
    return index < ROW_COUNT ? rows[index] : NULL;
}

/* Equal but for case and dashes. */
static bool same_name(const char *a, const char *b)
{
    for (;;) {
        while (*a == '-' || *a == '_') {
            a++;
        }
        while (*b == '-' || *b == '_') {
            b++;
        }
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) {
            return false;
        }
        if (*a == '\0') {
            return true;
        }
        a++;
        b++;
    }
}

const eb_chip_row_t *eb_chip_row_by_name(const char *name)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (same_name(rows[i]->id, name)) {
            return rows[i];
        }
    }
    return NULL;
}

const eb_chip_row_t *eb_chip_row_by_id(uint32_t chip_id)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i]->tells_id && rows[i]->chip_id == chip_id) {
            return rows[i];
        }
    }
    return NULL;
}

const eb_chip_row_t *eb_chip_row_by_magic(uint32_t magic)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (!rows[i]->tells_id && rows[i]->magic == magic) {
            return rows[i];
        }
    }
    return NULL;
}

const eb_chip_row_t *eb_chip_row_without_id(void)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (!rows[i]->tells_id && !rows[i]->efuse_security) {
            return rows[i];
        }
    }
    return NULL;
}

const char *eb_chip_row_stub(const eb_chip_row_t *row, int revision)
{
    if (revision < row->stub.since) {
        return NULL;
    }
    return row->stub.old_name != NULL && revision < row->stub.old_before ? row->stub.old_name
                                                                         : row->id;
}

const char *eb_chip_name(const char *id)
{
    const eb_chip_row_t *row = eb_chip_row_by_name(id);

    return row != NULL ? row->name : "";
}

const char *eb_chip_id_at(size_t index)
{
    return index < ROW_COUNT ? rows[index]->id : NULL;
}

const char *eb_chip_bootloader(uint32_t chip_id, uint32_t *addr)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i]->chip_id == chip_id && chip_id != EB_CHIP_ID_NONE) {
            *addr = rows[i]->bootloader_addr;
            return rows[i]->name;
        }
    }
    return NULL;
}
