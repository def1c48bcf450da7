/* render_text.c: chip, flash and connection for people. */
#include "render_text.h"

#include "bytes.h"
#include "human.h"

#include <stdio.h>
#include <string.h>

void eb_text_app(const char *name, const char *version, char *out, size_t cap)
{
    snprintf(out, cap, "%s%s%s", name[0] != '\0' ? name : "unnamed", version[0] != '\0' ? " " : "",
             version);
}

static const char *yes_no(eb_tristate_t value, const char *yes, const char *no)
{
    switch (value) {
    case EB_UNKNOWN:
        return "unknown";
    case EB_NO:
        return no;
    case EB_YES:
        return yes;
    }
    return "unknown";
}

static void secure_boot_text(const eb_security_t *security, char *out, size_t cap)
{
    if (security->secure_boot == EB_YES && security->secure_boot_version > 0) {
        snprintf(out, cap, "on (version %d)", security->secure_boot_version);
    } else {
        snprintf(out, cap, "%s", yes_no(security->secure_boot, "on", "off"));
    }
}

static void text_security(const eb_term_t *term, const eb_security_t *security)
{
    char secure_boot[32];

    secure_boot_text(security, secure_boot, sizeof(secure_boot));
    eb_text_heading(term, "Security");
    eb_text_field(term, "Encryption", "%s", yes_no(security->flash_encryption, "on", "off"));
    eb_text_field(term, "Secure boot", "%s", secure_boot);
    eb_text_field(term, "Download", "%s",
                  security->secure_download_mode == EB_YES
                      ? "secure mode: the chip refuses most commands"
                  : security->download_disabled == EB_YES   ? "mode disabled"
                  : security->secure_download_mode == EB_NO ? "mode enabled"
                                                            : "unknown");
    eb_text_field(term, "JTAG", "%s", yes_no(security->jtag_disabled, "disabled", "enabled"));
}

static void features_text(const eb_chip_info_t *chip, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; i < chip->feature_count; i++) {
        size_t used = strlen(out);
        snprintf(out + used, cap - used, "%s%s", i > 0 ? ", " : "", chip->features[i]);
    }
}

void eb_text_chip(const eb_term_t *term, const eb_chip_info_t *chip)
{
    char features[EB_CHIP_FEATURES_MAX * (EB_CHIP_FEATURE_BYTES + 2)];

    features_text(chip, features, sizeof(features));
    eb_text_title(term, "Chip");
    eb_text_field(term, "Name", "%s",
                  chip->description[0] != '\0' ? chip->description : chip->name);
    if (chip->has_revision) {
        eb_text_field(term, "Revision", "v%d.%d", chip->revision_major, chip->revision_minor);
    }
    eb_text_field(term, "Features", "%s", features);
    if (chip->crystal_mhz > 0) {
        eb_text_field(term, "Crystal", "%d MHz%s", chip->crystal_mhz,
                      chip->crystal_measured ? " (measured)" : "");
    }
    for (size_t i = 0; i < chip->mac_count; i++) {
        bool base = strcmp(chip->macs[i].kind, "base") == 0;
        eb_text_field(term, i == 0 ? "MAC" : "", "%s%s%s%s", chip->macs[i].text, base ? "" : " (",
                      base ? "" : chip->macs[i].kind, base ? "" : ")");
    }
    text_security(term, &chip->security);
}

const char *eb_text_port_kind(eb_port_kind_t kind)
{
    switch (kind) {
    case EB_PORT_UART:
        return "serial";
    case EB_PORT_USB_JTAG:
        return "USB-Serial/JTAG of the chip";
    case EB_PORT_USB_OTG:
        return "USB of the chip";
    case EB_PORT_TCP:
        return "TCP";
    case EB_PORT_RFC2217:
        return "RFC 2217";
    case EB_PORT_KIND_COUNT:
        break;
    }
    return "";
}

void eb_text_connection(const eb_term_t *term, const eb_session_stats_t *stats)
{
    eb_text_heading(term, "Connection");
    eb_text_field(term, "Port", "%s (%s)", stats->port, eb_text_port_kind(stats->port_kind));
    if (stats->baud > 0) {
        eb_text_field(term, "Speed", "%u baud", (unsigned)stats->baud);
    }
    if (stats->stub) {
        eb_text_field(term, "Stub", "%s",
                      stats->stub_version[0] != '\0' ? stats->stub_version : "already running");
    } else {
        eb_text_field(term, "Stub", "none, the ROM bootloader answers%s%s",
                      stats->stub_note[0] != '\0' ? "; " : "", stats->stub_note);
    }
}

void eb_text_flash(const eb_term_t *term, const eb_flash_info_t *flash)
{
    char size[EB_HUMAN_BYTES];
    char unique[2 * sizeof(flash->unique_id) + 1];

    eb_text_title(term, "Flash");
    eb_text_field(term, "Manufacturer", "0x%02x%s%s", (unsigned)(flash->jedec_id >> 16 & 0xFF),
                  flash->manufacturer[0] != '\0' ? "  " : "", flash->manufacturer);
    eb_text_field(term, "Device", "0x%04x%s%s", (unsigned)(flash->jedec_id & 0xFFFF),
                  flash->device[0] != '\0' ? "  " : "", flash->device);
    if (flash->size_bytes > 0) {
        eb_human_size(flash->size_bytes, size);
        eb_text_field(term, "Size", "%s%s", size,
                      strcmp(flash->size_source, "option") == 0 ? " (from --flash-size)" : "");
    }
    eb_text_field(term, "Voltage", "%s", flash->voltage);
    eb_text_field(term, "Interface", "%s", flash->type);
    if (flash->has_unique_id) {
        eb_hex_encode(flash->unique_id, sizeof(flash->unique_id), unique);
        eb_text_field(term, "Unique id", "%s", unique);
    }
}
