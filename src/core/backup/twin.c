#include "twin.h"

#include "bytes.h"
#include "range.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 4096u
#define ROOM_START  64u

eb_code_t eb_twin_add(eb_twin_reads_t *reads, const eb_twin_read_t *read, eb_err_t *err)
{
    if (reads->count == reads->room) {
        const size_t room = reads->room == 0 ? ROOM_START : 2 * reads->room;
        eb_twin_read_t *list = realloc(reads->list, room * sizeof(*list));
        if (list == NULL) {
            return eb_err_set(err, EB_ERR_INTERNAL, "no memory for a list of %zu reads", room);
        }
        reads->list = list;
        reads->room = room;
    }
    reads->list[reads->count++] = *read;
    return EB_OK;
}

void eb_twin_free(eb_twin_reads_t *reads)
{
    if (reads != NULL) {
        free(reads->list);
        memset(reads, 0, sizeof(*reads));
    }
}

typedef struct look {
    const eb_twin_read_t *read;
    uint32_t from; /* where the bytes may have come from */
    eb_wanted_fn bytes;
    void *user;
} look_t;

/* Whether what the image holds in `known`, which is right, tells that the read came from elsewhere
 * than look->from. */
static eb_code_t refutes(const look_t *look, eb_range_t known, bool *refuted, eb_err_t *err)
{
    const eb_range_t source = {look->from, look->read->range.size};
    const eb_range_t common = eb_range_common(known, source);
    eb_code_t code = EB_OK;

    for (uint32_t done = 0; done < common.size && code == EB_OK && !*refuted;) {
        uint8_t right[CHUNK_BYTES], came[CHUNK_BYTES];
        const uint32_t count = eb_min_u32(CHUNK_BYTES, common.size - done);
        const uint32_t addr = common.addr + done;
        code = look->bytes(look->user, addr, count, right, err);
        if (code == EB_OK) {
            const uint32_t asked = look->read->range.addr + (addr - look->from);
            code = look->bytes(look->user, asked, count, came, err);
        }
        *refuted = code == EB_OK && memcmp(right, came, count) != 0;
        done += count;
    }
    return code;
}

eb_code_t eb_twin_look(const eb_twin_read_t *read, eb_range_t image, uint64_t flash_bytes,
                       eb_wanted_fn bytes, void *user, bool *possible, eb_err_t *err)
{
    const uint64_t end = eb_range_end(read->range);
    /* What the read itself did not bring, and what of it was verified at its address. */
    const eb_range_t known[] = {
        read->spot,
        {image.addr, read->range.addr - image.addr},
        {(uint32_t)end, (uint32_t)(eb_range_end(image) - end)},
    };

    *possible = false;
    for (uint64_t bit = 1; bit < flash_bytes && !*possible; bit <<= 1) {
        const look_t look = {read, read->range.addr ^ (uint32_t)bit, bytes, user};
        bool refuted = look.from >= flash_bytes;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && !refuted; i++) {
            eb_code_t code = refutes(&look, known[i], &refuted, err);
            if (code != EB_OK) {
                return code;
            }
        }
        *possible = !refuted;
    }
    return EB_OK;
}
