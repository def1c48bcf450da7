/* spi_connection.c: on which pins the flash is, where these are not the usual ones. */
#include "session_impl.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HD_MAX 46 /* the ROM takes no higher pin for HD */

enum { PIN_CLK, PIN_Q, PIN_D, PIN_HD, PIN_CS };

eb_code_t eb_spi_connection_parse(const char *text, eb_spi_connection_t *out, eb_err_t *err)
{
    unsigned pin[5] = {0};
    char rest;

    memset(out, 0, sizeof(*out));
    if (strcasecmp(text, "SPI") == 0 || strcasecmp(text, "HSPI") == 0) {
        out->kind = strlen(text) == 3 ? EB_SPI_FIRST : EB_SPI_SECOND;
        return EB_OK;
    }
    if (strspn(text, "0123456789,") != strlen(text) ||
        sscanf(text, "%2u,%2u,%2u,%2u,%2u%c", &pin[0], &pin[1], &pin[2], &pin[3], &pin[4], &rest) !=
            5) {
        return eb_err_set(err, EB_ERR_USAGE,
                          "connection of the flash '%s': expected SPI, HSPI or five pins "
                          "CLK,Q,D,HD,CS",
                          text);
    }
    out->kind = EB_SPI_PINS;
    for (size_t i = 0; i < 5; i++) {
        out->pins[i] = (uint8_t)pin[i];
    }
    return EB_OK;
}

static eb_code_t take_pins(eb_session_t *s, eb_err_t *err)
{
    const uint8_t *pin = s->spi_connection.pins;

    if (s->row->flash_gpios == 0) {
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "the %s has its flash on fixed pins",
                          s->row->name);
    }
    for (size_t i = 0; i < 5; i++) {
        if (pin[i] > 63 || (s->row->flash_gpios >> pin[i] & 1u) == 0 ||
            (i == PIN_HD && pin[i] > HD_MAX)) {
            return eb_err_set(err, EB_ERR_UNSUPPORTED, "the %s takes no flash on GPIO%u",
                              s->row->name, pin[i]);
        }
    }
    s->flash_pins = eb_flash_pins(pin[PIN_CLK], pin[PIN_Q], pin[PIN_D], pin[PIN_HD], pin[PIN_CS]);
    return EB_OK;
}

eb_code_t eb_spi_connection_take(eb_session_t *s, eb_err_t *err)
{
    switch (s->spi_connection.kind) {
    case EB_SPI_USUAL:
        return EB_OK;
    case EB_SPI_FIRST:
        s->flash_pins = 0;
        return EB_OK;
    case EB_SPI_SECOND:
        if (!s->row->has_hspi) {
            return eb_err_set(err, EB_ERR_UNSUPPORTED, "the %s has no flash on HSPI", s->row->name);
        }
        s->flash_pins = 1;
        return EB_OK;
    case EB_SPI_PINS:
        return take_pins(s, err);
    }
    return EB_OK;
}
