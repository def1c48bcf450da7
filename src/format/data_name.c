/* data_name.c: names that a data image may give to files of this computer. */
#include "data_image.h"
#include "utf8.h"

#include <string.h>
#include <strings.h>

/* "nul", "COM1.txt": what Windows keeps for devices, with any ending. */
static bool is_device(const char *name)
{
    static const char *const devices[] = {"con", "prn", "aux", "nul"};
    const size_t len = strcspn(name, ".");

    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (len == strlen(devices[i]) && strncasecmp(name, devices[i], len) == 0) {
            return true;
        }
    }
    return len == 4 && (strncasecmp(name, "com", 3) == 0 || strncasecmp(name, "lpt", 3) == 0) &&
           name[3] >= '0' && name[3] <= '9';
}

const char *eb_data_name_why_unsafe(const char *name)
{
    size_t left = strlen(name);
    uint32_t point;

    if (left == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return "names a folder";
    }
    if (strpbrk(name, "/\\:") != NULL) {
        return "has a separator of folders or drives";
    }
    if (is_device(name)) {
        return "is the name of a device on Windows";
    }
    for (size_t n; left > 0; name += n, left -= n) {
        n = eb_utf8_decode(name, left, &point);
        if (n == 0) {
            return "is not valid UTF-8";
        }
        if (eb_utf8_unsafe(point)) {
            return "has a control character";
        }
    }
    return NULL;
}
