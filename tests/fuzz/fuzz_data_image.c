/* Any bytes as a data image. What is read lies within it, and its files make an image again, which
 * is no larger. */
#include "data_image.h"
#include "fuzz_target.h"

#include <string.h>

static void check_files(const uint8_t *data, const eb_data_image_t *image)
{
    unsigned sum = 0;

    for (size_t i = 0; i < image->count; i++) {
        const eb_data_file_t *file = &image->files[i];

        FUZZ_REQUIRE(memchr(file->name, 0, sizeof(file->name)) != NULL && file->name[0] != '\0');
        FUZZ_REQUIRE(memchr(file->type, 0, sizeof(file->type)) != NULL);
        FUZZ_REQUIRE((uint64_t)file->offset + file->size <= image->size);
        for (uint32_t at = 0; at < file->size; at++) {
            sum += data[file->offset + at];
        }
        if (eb_data_name_why_unsafe(file->name) == NULL) {
            FUZZ_REQUIRE(strpbrk(file->name, "/\\\n") == NULL && strcmp(file->name, "..") != 0);
        }
    }
    FUZZ_REQUIRE(sum < UINT32_MAX);
}

static void write_again(const uint8_t *data, eb_data_image_t *image)
{
    const uint8_t **contents = calloc(image->count + 1, sizeof(const uint8_t *));
    eb_data_image_t back;
    uint8_t *bytes;

    FUZZ_REQUIRE(contents != NULL);
    for (size_t i = 0; i < image->count; i++) {
        contents[i] = data + image->files[i].offset;
    }
    FUZZ_REQUIRE(eb_data_image_size(image->files, image->count) <= image->size);
    FUZZ_REQUIRE(eb_data_image_write(image, contents, &bytes, NULL) == EB_OK);
    FUZZ_REQUIRE(eb_data_image_read(bytes, image->size, &back, NULL) == EB_OK);
    FUZZ_REQUIRE(back.crc_matches && back.count == image->count);
    eb_data_image_free(&back);
    free(bytes);
    free(contents);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eb_data_image_t image;

    if (eb_data_image_read(data, size, &image, NULL) == EB_OK) {
        FUZZ_REQUIRE(image.size <= size);
        check_files(data, &image);
        write_again(data, &image);
        eb_data_image_free(&image);
    }
    return 0;
}
