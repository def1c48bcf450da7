/* app_image_slot.h: an image in memory, some of which may not be at hand, and what is made of it.
 */
#ifndef APP_IMAGE_SLOT_H
#define APP_IMAGE_SLOT_H

#include "app_image.h"
#include "bytes.h"
#include "digest.h"
#include "format_vectors.h"
#include "range.h"

typedef struct slot {
    uint8_t *bytes;
    size_t len;
    uint32_t hole; /* bytes from here on cannot be read */
} slot_t;

static bool read_slot(void *user, uint32_t offset, void *bytes, uint32_t count)
{
    const slot_t *slot = user;

    if (!eb_range_within(offset, count, slot->hole) || !eb_range_within(offset, count, slot->len)) {
        return false;
    }
    memcpy(bytes, slot->bytes + offset, count);
    return true;
}

static slot_t slot;
static eb_app_image_t image;

static eb_image_state_t check(uint32_t limit)
{
    memset(&image, 0xA5, sizeof(image));
    eb_app_image_check(read_slot, &slot, limit, &image);
    return image.state;
}

static eb_image_state_t measure(uint32_t limit)
{
    memset(&image, 0xA5, sizeof(image));
    eb_app_image_measure(read_slot, &slot, limit, &image);
    return image.state;
}

#endif
