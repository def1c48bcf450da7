/* replay_main.c: run a fuzz target over the files of a folder, for builds without libFuzzer. */
#include "fuzz_target.h"

#include <dirent.h>
#include <string.h>

#define INPUT_MAX_BYTES (1024u * 1024u)

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(INPUT_MAX_BYTES);
    uint8_t *exact = NULL;
    size_t len;

    if (file == NULL || bytes == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    len = fread(bytes, 1, INPUT_MAX_BYTES, file);
    fclose(file);
    /* Exactly as long as the input, so that a sanitizer sees a read past its end. */
    exact = malloc(len == 0 ? 1 : len);
    if (exact == NULL) {
        exit(1);
    }
    memcpy(exact, bytes, len);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    free(bytes);
    return 1;
}

int main(int argc, char **argv)
{
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    int count = 0;

    if (dir == NULL) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[4096];

        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
            count += replay_file(path);
        }
    }
    closedir(dir);
    printf("%d inputs\n", count);
    return count > 0 ? 0 : 1;
}
