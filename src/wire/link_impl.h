/* link_impl.h: what the files of the link share; nobody else includes it. */
#ifndef EB_WIRE_LINK_IMPL_H
#define EB_WIRE_LINK_IMPL_H

#include "link.h"

/* One read of the transport; large, so that a fast line costs few calls. */
#define EB_LINK_RAW_BYTES   (64u * 1024u)
/* Room for a late flash packet, which must not count as damage: we decode it and ignore it. */
#define EB_LINK_FRAME_BYTES (4096u + 256u)

#define EB_LINK_WRITE_MS 3000
#define EB_LINK_QUIET_MS 80
/* A flash packet takes 0.4 s at 115200 baud. Neither ROM bootloader nor stub sends for longer. */
#define EB_LINK_DRAIN_MS 700

/* Frames that answer something else, or nothing, before the line is given up. */
#define EB_LINK_SKIPPED_MAX 1000

struct eb_link {
    eb_transport_t *transport;
    const eb_events_t *ev;
    eb_dialect_t dialect;
    eb_slip_t slip;
    bool dirty;
    bool contents;    /* flash contents were on their way since the last SYNC */
    size_t text_mark; /* outside_total at the start of the present command */
    /* How late bytes come; see eb_link_late_ms. */
    int64_t asked_ms;  /* when the first SYNC left since the line was quiet; 0: none */
    int64_t trip_ms;   /* the least time that an answer to SYNC took; 0: not known */
    int64_t expect_ms; /* what eb_link_expect_late said */
    size_t raw_at, raw_len;
    uint8_t raw[EB_LINK_RAW_BYTES];
    uint8_t frame[EB_LINK_FRAME_BYTES];
    uint8_t plain[EB_PACKET_HEADER_BYTES + EB_LINK_DATA_MAX];
    uint8_t wire[EB_SLIP_MAX(EB_PACKET_HEADER_BYTES + EB_LINK_DATA_MAX)];
};

/* As eb_link_send_frame; the bytes behind the first `open` are flash contents. */
eb_code_t eb_link_send(eb_link_t *l, const uint8_t *frame, size_t len, size_t open, eb_err_t *err);

/* link_trace.c: a note for a frame; of flash contents it says length and MD5 only, unless they are
 * wanted (EB_LEVEL_TRACE_DATA). */
void eb_link_trace(const eb_link_t *l, const char *arrow, const uint8_t *frame, size_t len,
                   size_t open);

#endif
