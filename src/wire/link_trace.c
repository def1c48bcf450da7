/* link_trace.c: what a trace says of a frame. */
#include "bytes.h"
#include "digest.h"
#include "link_impl.h"

#include <stdio.h>

#define TRACE_BYTES 64u

/* Commands and replies have their number at the same place. Data frames have none. */
static const char *name_of(const uint8_t *frame, size_t len, size_t open, char *name, size_t cap)
{
    return open >= EB_PACKET_HEADER_BYTES && len >= EB_PACKET_HEADER_BYTES && frame[0] <= 1
               ? eb_cmd_name(frame[1], name, cap)
               : "data";
}

void eb_link_trace(const eb_link_t *l, const char *arrow, const uint8_t *frame, size_t len,
                   size_t open)
{
    char hex[2 * TRACE_BYTES + 1], digest[2 * EB_MD5_BYTES + 1], contents[80] = "", name[16];
    const char *what = name_of(frame, len, open, name, sizeof(name));
    uint8_t md5[EB_MD5_BYTES];

    if (!eb_event_wants(l->ev, EB_LEVEL_TRACE)) {
        return;
    }
    if (eb_event_wants(l->ev, EB_LEVEL_TRACE_DATA)) {
        open = len;
    }
    if (open < len) {
        eb_md5(frame + open, len - open, md5);
        eb_hex_encode(md5, sizeof(md5), digest);
        (void)snprintf(contents, sizeof(contents), "%s[%zu bytes, MD5 %s]", open > 0 ? " " : "",
                       len - open, digest);
    }
    eb_hex_encode(frame, eb_min_u32((uint32_t)open, TRACE_BYTES), hex);
    eb_event_note(l->ev, EB_LEVEL_TRACE, "%s %s %zu: %s%s%s", arrow, what, len, hex,
                  open > TRACE_BYTES ? "..." : "", contents);
}
