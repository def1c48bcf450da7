#include "chip_row.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

extern const eb_chip_row_t eb_chip_esp32;
extern const eb_chip_row_t eb_chip_esp32c3;

static const eb_chip_row_t *const rows[] = {
    &eb_chip_esp32,
    &eb_chip_esp32c3,
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
        while (*a == '-' || *a == '_')
            a++;
        while (*b == '-' || *b == '_')
            b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (*a == '\0')
            return true;
        a++;
        b++;
    }
}

const eb_chip_row_t *eb_chip_row_by_name(const char *name)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (same_name(rows[i]->id, name))
            return rows[i];
    }
    return NULL;
}

const eb_chip_row_t *eb_chip_row_by_id(uint32_t chip_id)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i]->tells_id && rows[i]->chip_id == chip_id)
            return rows[i];
    }
    return NULL;
}

const eb_chip_row_t *eb_chip_row_by_magic(uint32_t magic)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (!rows[i]->tells_id && rows[i]->magic == magic)
            return rows[i];
    }
    return NULL;
}

size_t eb_chip_names(const eb_chip_name_t **out)
{
    static eb_chip_name_t names[ROW_COUNT];

    for (size_t i = 0; i < ROW_COUNT; i++)
        names[i] = (eb_chip_name_t){.id = rows[i]->id, .name = rows[i]->name};
    *out = names;
    return ROW_COUNT;
}

void eb_facts_add_feature(eb_chip_facts_t *facts, const char *format, ...)
{
    eb_chip_info_t *chip = &facts->chip;
    va_list args;

    if (chip->feature_count == EB_CHIP_FEATURES_MAX)
        return;
    va_start(args, format);
    (void)vsnprintf(chip->features[chip->feature_count], sizeof(chip->features[0]), format, args);
    va_end(args);
    chip->feature_count++;
}

void eb_facts_set_macs(eb_chip_facts_t *facts, const uint8_t base[EB_MAC_BYTES],
                       const char *const *kinds)
{
    eb_chip_info_t *chip = &facts->chip;

    chip->mac_count = 0;
    for (size_t i = 0; i < EB_CHIP_MACS_MAX && kinds[i] != NULL; i++) {
        eb_mac_t *mac = &chip->macs[chip->mac_count++];

        (void)snprintf(mac->kind, sizeof(mac->kind), "%s", kinds[i]);
        (void)snprintf(mac->text, sizeof(mac->text), "%02x:%02x:%02x:%02x:%02x:%02x", base[0],
                       base[1], base[2], base[3], base[4], (uint8_t)(base[5] + i));
    }
}

void eb_facts_describe(eb_chip_facts_t *facts, const char *package)
{
    eb_chip_info_t *chip = &facts->chip;

    (void)snprintf(chip->package, sizeof(chip->package), "%s", package);
    (void)snprintf(chip->description, sizeof(chip->description), "%s (revision v%d.%d)", package,
                   chip->revision_major, chip->revision_minor);
}
