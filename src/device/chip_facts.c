/* chip_facts.c: calls by which the chip rows build their facts. */
#include "chip_row.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *eb_fact_name(const char *const *names, size_t count, uint32_t value,
                         const char *otherwise)
{
    return value < count && names[value] != NULL ? names[value] : otherwise;
}

void eb_facts_add_feature(eb_chip_facts_t *facts, const char *format, ...)
{
    eb_chip_info_t *chip = &facts->chip;
    va_list args;

    if (chip->feature_count == EB_CHIP_FEATURES_MAX) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(chip->features[chip->feature_count], sizeof(chip->features[0]), format, args);
    va_end(args);
    chip->feature_count++;
}

void eb_facts_add_memory(eb_chip_facts_t *facts, const eb_memory_names_t *names, uint32_t value,
                         const char *vendor)
{
    const char *size = eb_fact_name(names->sizes, EB_MEMORY_SIZES, value, NULL);
    /* Chips whose eFuse tells "none" apart name a vendor only beside a size that is known. */
    const bool with_vendor = vendor != NULL && (size != NULL || !names->tells_none);
    char maker[32] = "";

    if (value == 0 && size == NULL) {
        if (names->tells_none) {
            eb_facts_add_feature(facts, "No Embedded %s", names->what);
        }
        return;
    }
    if (with_vendor) {
        (void)snprintf(maker, sizeof(maker), " (%s)", vendor);
    }
    if (size != NULL) {
        eb_facts_add_feature(facts, "Embedded %s %s%s", names->what, size, maker);
    } else {
        eb_facts_add_feature(facts, "Unknown Embedded %s%s", names->what, maker);
    }
}

static void base_mac(uint32_t low, uint32_t high, uint8_t out[EB_MAC_BYTES])
{
    out[0] = (uint8_t)(high >> 8);
    out[1] = (uint8_t)high;
    out[2] = (uint8_t)(low >> 24);
    out[3] = (uint8_t)(low >> 16);
    out[4] = (uint8_t)(low >> 8);
    out[5] = (uint8_t)low;
}

static void add_address(eb_chip_info_t *chip, const char *kind, const uint8_t *bytes, size_t count)
{
    eb_mac_t *mac;
    size_t used = 0;

    if (chip->mac_count == EB_CHIP_MACS_MAX) {
        return;
    }
    mac = &chip->macs[chip->mac_count++];
    (void)snprintf(mac->kind, sizeof(mac->kind), "%s", kind);
    for (size_t i = 0; i < count && used + 4 <= sizeof(mac->text); i++) {
        (void)snprintf(mac->text + used, sizeof(mac->text) - used, "%s%02x", i > 0 ? ":" : "",
                       bytes[i]);
        used += i > 0 ? 3 : 2;
    }
}

void eb_facts_set_macs(eb_chip_facts_t *facts, uint32_t low, uint32_t high,
                       const char *const *kinds)
{
    uint8_t mac[EB_MAC_BYTES];

    facts->chip.mac_count = 0;
    base_mac(low, high, mac);
    for (size_t i = 0; kinds[i] != NULL; i++) {
        add_address(&facts->chip, kinds[i], mac, sizeof(mac));
        mac[5]++;
    }
}

void eb_facts_add_eui64(eb_chip_facts_t *facts, uint32_t low, uint32_t high)
{
    const uint8_t extension[2] = {(uint8_t)(high >> 24), (uint8_t)(high >> 16)};
    uint8_t mac[EB_MAC_BYTES], eui64[8];

    base_mac(low, high, mac);
    memcpy(eui64, mac, 3);
    memcpy(eui64 + 3, extension, 2);
    memcpy(eui64 + 5, mac + 3, 3);
    add_address(&facts->chip, "eui64", eui64, sizeof(eui64));
    add_address(&facts->chip, "extension", extension, sizeof(extension));
}

void eb_facts_describe(eb_chip_facts_t *facts, const char *package, uint32_t major, uint32_t minor)
{
    eb_chip_info_t *chip = &facts->chip;

    chip->has_revision = true;
    chip->revision_major = (int)major;
    chip->revision_minor = (int)minor;
    (void)snprintf(chip->package, sizeof(chip->package), "%s", package);
    (void)snprintf(chip->description, sizeof(chip->description), "%s (revision v%d.%d)", package,
                   chip->revision_major, chip->revision_minor);
}

void eb_facts_describe_parts(eb_chip_facts_t *facts, const char *name, const char *const *parts,
                             size_t count, uint32_t major, uint32_t minor)
{
    char package[sizeof(facts->chip.package)];
    bool unknown = false;
    size_t used;

    for (size_t i = 0; i < count; i++) {
        unknown = unknown || strchr(parts[i], '?') != NULL;
    }
    (void)snprintf(package, sizeof(package), "%s%s", unknown ? "Unknown " : "", name);
    for (size_t i = 0; i < count; i++) {
        used = strlen(package);
        (void)snprintf(package + used, sizeof(package) - used, "%s", parts[i]);
    }
    eb_facts_describe(facts, package, major, minor);
}

#define VDD_SPI_XPD   4
#define VDD_SPI_TIEH  5
#define VDD_SPI_FORCE 6

void eb_facts_set_vdd_spi(eb_chip_facts_t *facts, uint32_t efuse, bool pin)
{
    const char *voltage;

    if (!eb_bit(efuse, VDD_SPI_FORCE)) {
        voltage = pin ? "1.8V" : "3.3V";
    } else if (!eb_bit(efuse, VDD_SPI_XPD)) {
        voltage = "OFF";
    } else {
        voltage = eb_bit(efuse, VDD_SPI_TIEH) ? "3.3V" : "1.8V";
    }
    (void)snprintf(facts->flash_voltage, sizeof(facts->flash_voltage), "%s", voltage);
}
