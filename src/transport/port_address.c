#include "port_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct scheme {
    const char *prefix;
    eb_port_kind_t kind;
} scheme_t;

static const scheme_t schemes[] = {
    {"socket://", EB_PORT_TCP},
    {"rfc2217://", EB_PORT_RFC2217},
};

static eb_code_t malformed(const char *text, const char *what, eb_err_t *err)
{
    eb_err_set(err, EB_ERR_USAGE, "port \"%.200s\": %s", text, what);
    eb_err_hint(err, "write socket://HOST:PORT, rfc2217://HOST:PORT, or the name of a serial port");
    return EB_ERR_USAGE;
}

static bool good_port_number(const char *text)
{
    const size_t len = strlen(text);
    unsigned long value;

    if (len == 0 || len > 5 || strspn(text, "0123456789") != len) {
        return false;
    }
    value = strtoul(text, NULL, 10);
    return value >= 1 && value <= 65535;
}

/* HOST:PORT or [IPV6]:PORT. A path or query behind it, as other tools write, is ignored. */
static eb_code_t parse_endpoint(const char *text, const char *rest, eb_port_address_t *out,
                                eb_err_t *err)
{
    const size_t len = strcspn(rest, "/?#");
    char *colon, *host = out->host;

    if (len >= sizeof(out->host)) {
        return malformed(text, "is too long", err);
    }
    memcpy(out->host, rest, len);
    out->host[len] = '\0';
    colon = strrchr(out->host, ':');
    if (colon == NULL || !good_port_number(colon + 1)) {
        return malformed(text, "needs a port number from 1 to 65535", err);
    }
    (void)snprintf(out->port, sizeof(out->port), "%s", colon + 1);
    *colon = '\0';
    if (host[0] == '[') {
        if (colon[-1] != ']' || colon - host < 3) {
            return malformed(text, "has no address between [ and ]", err);
        }
        colon[-1] = '\0';
        memmove(host, host + 1, strlen(host));
    } else if (strpbrk(host, ":[]") != NULL) {
        return malformed(text, "needs brackets round an IPv6 address", err);
    }
    if (host[0] == '\0') {
        return malformed(text, "has no host", err);
    }
    return EB_OK;
}

eb_code_t eb_port_address_parse(const char *text, eb_port_address_t *out, eb_err_t *err)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        const size_t len = strlen(schemes[i].prefix);

        if (strncasecmp(text, schemes[i].prefix, len) == 0) {
            out->kind = schemes[i].kind;
            return parse_endpoint(text, text + len, out, err);
        }
    }
    if (strstr(text, "://") != NULL) {
        return malformed(text, "has an unknown scheme", err);
    }
    if (text[0] == '\0') {
        return malformed(text, "is empty", err);
    }
    if (strlen(text) >= sizeof(out->host)) {
        return malformed(text, "is too long", err);
    }
    out->kind = EB_PORT_UART;
    memcpy(out->host, text, strlen(text) + 1);
    return EB_OK;
}
