/* Commands and data are told apart the same way however the bytes come in; data comes back whole.
 */
#include "fuzz_target.h"
#include "telnet.h"

#include <string.h>

typedef struct heard {
    uint8_t data[32768], events[65536];
    size_t data_len, event_len;
} heard_t;

static void on_option(void *user, uint8_t verb, uint8_t option)
{
    heard_t *h = user;

    FUZZ_REQUIRE(verb >= EB_TELNET_WILL && verb <= EB_TELNET_DONT);
    h->events[h->event_len++] = verb;
    h->events[h->event_len++] = option;
}

static void on_sub(void *user, const uint8_t *bytes, size_t len)
{
    heard_t *h = user;

    FUZZ_REQUIRE(len <= EB_TELNET_SUB_MAX);
    h->events[h->event_len++] = (uint8_t)len;
    memcpy(h->events + h->event_len, bytes, len);
    h->event_len += len;
}

static void decode(const uint8_t *data, size_t size, size_t chunk, heard_t *h)
{
    const eb_telnet_handler_t handler = {.user = h, .option = on_option, .sub = on_sub};
    eb_telnet_t t = {.state = EB_TELNET_DATA};

    h->data_len = h->event_len = 0;
    for (size_t at = 0; at < size; at += chunk) {
        const size_t part = chunk < size - at ? chunk : size - at;
        const size_t got = eb_telnet_decode(&t, data + at, part, h->data + h->data_len, &handler);

        FUZZ_REQUIRE(got <= part);
        h->data_len += got;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static heard_t whole, pieces;
    static uint8_t escaped[32768];
    size_t len;

    if (size < 2 || size > 16384) {
        return 0;
    }
    decode(data + 1, size - 1, size, &whole);
    decode(data + 1, size - 1, 1 + data[0] % 7, &pieces);
    FUZZ_REQUIRE(whole.data_len == pieces.data_len && whole.event_len == pieces.event_len);
    FUZZ_REQUIRE(memcmp(whole.data, pieces.data, whole.data_len) == 0);
    FUZZ_REQUIRE(memcmp(whole.events, pieces.events, whole.event_len) == 0);
    len = eb_telnet_escape(data, size, escaped);
    FUZZ_REQUIRE(len <= 2 * size);
    decode(escaped, len, len, &whole);
    FUZZ_REQUIRE(whole.data_len == size && whole.event_len == 0);
    FUZZ_REQUIRE(memcmp(whole.data, data, size) == 0);
    return 0;
}
