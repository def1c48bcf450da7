/*
 * sim_efuse_security.c: eFuse sets of chips on which security is switched on: a typical part, and
 * what the IDF's release modes burn into it. Field positions are those of Espressif's public eFuse
 * tables, as words of block 0 (0 is the write protection); the ESP32, which says all that with
 * other fuses, has its sets in sim_efuse_rows.c.
 */
#include "sim_chip_internal.h"

#include <string.h>

enum {
    BLOCK0_OFFSET = 0x2C, /* of word 0, from the eFuse unit's base */
    CRYPT_COUNT_ON = 7,   /* all three bits: for good */
    PURPOSE_XTS_AES_128 = 4,
    PURPOSE_BOOT_DIGEST = 9,
    FLAG_SECURE_DOWNLOAD = 1 << 2
};

typedef struct field {
    uint8_t word, bit;
} field_t;

typedef struct security_fuses {
    const char *chip;
    field_t manual_encryption_off, crypt_count, secure_boot, secure_download; /* word 0: unknown */
    field_t purpose[2]; /* of the first two keys; word 0: its keys have none */
} security_fuses_t;

/* Most have all of it in one place. */
#define LIKE_C3                                                                                    \
    .manual_encryption_off = {1, 20}, .crypt_count = {2, 18}, .secure_boot = {3, 20},              \
    .secure_download = {4, 5}, .purpose = {{2, 24}, {2, 28}}

static const security_fuses_t chips[] = {
    {.chip = "esp32c3", LIKE_C3},
    {"esp32s2", {1, 19}, {2, 18}, {3, 20}, {4, 5}, {{2, 24}, {2, 28}}},
    {.chip = "esp32s3", LIKE_C3},
    {"esp32c2", {1, 6}, {1, 7}, {1, 21}, {1, 16}, {{0, 0}, {0, 0}}},
    {"esp32c5", {1, 20}, {2, 16}, {3, 25}, {4, 5}, {{2, 22}, {2, 27}}},
    {.chip = "esp32c6", LIKE_C3},
    {"esp32c61", {1, 14}, {1, 23}, {2, 26}, {3, 4}, {{2, 0}, {2, 4}}},
    /* Only these two places are public. */
    {.chip = "esp32e22", .secure_boot = {3, 20}, .purpose = {{2, 24}, {2, 28}}},
    {.chip = "esp32h2", LIKE_C3},
    {.chip = "esp32h21", LIKE_C3},
    {"esp32h4", {1, 14}, {1, 23}, {3, 5}, {4, 3}, {{2, 0}, {2, 5}}},
    {.chip = "esp32p4", LIKE_C3},
    {"esp32s31", {1, 20}, {2, 21}, {4, 2}, {4, 21}, {{3, 0}, {3, 5}}},
};

static const struct {
    const char *name;
    bool encrypted, secure_boot, secure_download;
} states[] = {
    {"encrypted", true, false, false},
    {"secure-boot", false, true, false},
    {"secure-download", true, true, true},
};

typedef struct maker {
    sim_efuse_row_t *set;
    sim_word_t *words;
    uint32_t block0;
    unsigned keys; /* that have a purpose so far */
} maker_t;

static void burn(maker_t *m, field_t field, uint32_t value)
{
    uint32_t addr = m->block0 + 4u * field.word;
    size_t i = 0;
    if (field.word == 0) {
        return;
    }
    while (i < m->set->word_count && m->words[i].addr != addr) {
        i++;
    }
    if (i == m->set->word_count) {
        m->words[m->set->word_count++] = (sim_word_t){addr, 0};
    }
    m->words[i].value |= value << field.bit;
}

static void burn_key(maker_t *m, const security_fuses_t *fuses, uint8_t purpose)
{
    unsigned key = m->keys++;
    if (fuses->purpose[key].word != 0) {
        burn(m, fuses->purpose[key], purpose);
        m->set->security.key_purposes[key] = purpose;
    }
}

static void burn_state(maker_t *m, const security_fuses_t *fuses, size_t state)
{
    if (states[state].encrypted) {
        burn(m, fuses->manual_encryption_off, 1);
        burn(m, fuses->crypt_count, CRYPT_COUNT_ON);
        m->set->security.crypt_count = CRYPT_COUNT_ON;
        burn_key(m, fuses, PURPOSE_XTS_AES_128);
    }
    if (states[state].secure_boot) {
        burn(m, fuses->secure_boot, 1);
        m->set->security.flags |= SIM_SECURITY_SECURE_BOOT;
        burn_key(m, fuses, PURPOSE_BOOT_DIGEST);
    }
    if (states[state].secure_download) {
        burn(m, fuses->secure_download, 1);
        m->set->security.flags |= FLAG_SECURE_DOWNLOAD;
        m->set->secure_download = true;
    }
}

bool sim_efuse_secure(const sim_chip_row_t *row, const sim_efuse_row_t *typical, const char *name,
                      sim_secured_t *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t state = 0; state < sizeof(states) / sizeof(states[0]); state++) {
        for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
            if (strcmp(states[state].name, name) != 0 || strcmp(chips[i].chip, row->name) != 0) {
                continue;
            }
            maker_t m = {&out->set, out->words, row->efuse_base + BLOCK0_OFFSET, 0};
            out->set = *typical;
            out->set.name = states[state].name;
            for (size_t word = 0; word < typical->word_count; word++) {
                out->words[word] = typical->words[word];
            }
            out->set.words = out->words;
            burn_state(&m, &chips[i], state);
            return true;
        }
    }
    return false;
}
