/* Frames are the same however the bytes come in, and a frame that is sent comes back as it was. */
#include "fuzz_target.h"
#include "packet.h"
#include "slip.h"

#include <string.h>

#define CAP 300u

/* All that a decoder told, as bytes. */
typedef struct heard {
    uint8_t bytes[1u << 17];
    size_t len;
} heard_t;

static void hear(heard_t *h, const void *bytes, size_t len)
{
    FUZZ_REQUIRE(h->len + len <= sizeof(h->bytes));
    memcpy(h->bytes + h->len, bytes, len);
    h->len += len;
}

static void look_at_reply(const uint8_t *frame, size_t len)
{
    for (int dialect = EB_DIALECT_ROM; dialect <= EB_DIALECT_STUB; dialect++) {
        eb_reply_t reply;

        if (eb_packet_reply(frame, len, (eb_dialect_t)dialect, &reply) && reply.data_len > 0) {
            FUZZ_REQUIRE(reply.data >= frame && reply.data + reply.data_len <= frame + len);
        }
        (void)eb_status_text(reply.status, reply.error);
    }
}

static void decode(const uint8_t *data, size_t size, size_t chunk, heard_t *h)
{
    static uint8_t buf[CAP];
    eb_slip_t d;
    uint8_t outside[EB_SLIP_OUTSIDE_BYTES];

    h->len = 0;
    eb_slip_init(&d, buf, sizeof(buf));
    for (size_t at = 0; at < size;) {
        const size_t part = chunk < size - at ? chunk : size - at;
        size_t used = 0;
        const eb_slip_event_t event = eb_slip_push(&d, data + at, part, &used);

        FUZZ_REQUIRE(used <= part && (used > 0 || event != EB_SLIP_MORE));
        FUZZ_REQUIRE(d.len <= CAP);
        at += used;
        if (event != EB_SLIP_MORE) {
            hear(h, &(uint8_t){(uint8_t)event}, 1);
        }
        if (event == EB_SLIP_FRAME) {
            FUZZ_REQUIRE(d.len > 0);
            hear(h, buf, d.len);
            look_at_reply(buf, d.len);
        }
    }
    hear(h, outside, eb_slip_outside(&d, outside, sizeof(outside)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static heard_t whole, pieces;
    static uint8_t wire[EB_SLIP_MAX(16384) + 1], back[16384 + 1];
    eb_slip_t d;
    size_t used = 0, len;

    if (size < 2 || size > 16384) {
        return 0;
    }
    decode(data + 1, size - 1, size, &whole);
    decode(data + 1, size - 1, 1 + data[0] % 7, &pieces);
    FUZZ_REQUIRE(whole.len == pieces.len && memcmp(whole.bytes, pieces.bytes, whole.len) == 0);
    len = eb_slip_encode(data, size, wire);
    FUZZ_REQUIRE(len <= EB_SLIP_MAX(size));
    eb_slip_init(&d, back, sizeof(back));
    FUZZ_REQUIRE(eb_slip_push(&d, wire, len, &used) == EB_SLIP_FRAME && used == len);
    FUZZ_REQUIRE(d.len == size && memcmp(back, data, size) == 0);
    return 0;
}
