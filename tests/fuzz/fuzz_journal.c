/* What a journal lists lies within what it is of, and a line that is added to it is read back. */
#include "fuzz_target.h"
#include "journal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char *make_file(const uint8_t *data, size_t size)
{
    static char path[64];
    int fd;

    if (path[0] == '\0') {
        (void)snprintf(path, sizeof(path), "%s/espbackup-fuzz-%d.journal",
                       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
    return path;
}

static void add_a_line(const char *path, const eb_journal_head_t *head)
{
    const eb_range_t all = head->id.range;
    eb_journal_head_t again;
    eb_verified_map_t listed = {0};
    eb_journal_t journal;
    uint64_t end_bytes, end_after;

    FUZZ_REQUIRE(eb_journal_resume(&journal, path, &again, NULL, NULL) == EB_OK);
    FUZZ_REQUIRE(eb_journal_add(&journal, all, EB_ORIGIN_EARLIER, NULL) == EB_OK);
    end_bytes = journal.end_bytes;
    eb_journal_close(&journal);
    FUZZ_REQUIRE(truncate(path, (off_t)end_bytes) == 0);
    FUZZ_REQUIRE(eb_journal_load(path, &again, &listed, &end_after, NULL) == EB_OK);
    FUZZ_REQUIRE(eb_journal_id_equal(&head->id, &again.id) && end_after == end_bytes);
    FUZZ_REQUIRE(listed.verified_bytes == all.size);
    eb_verified_map_free(&listed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = make_file(data, size);
    eb_journal_head_t head;
    eb_verified_map_t listed = {0};
    uint64_t end_bytes;
    eb_err_t err = {0};

    if (eb_journal_load(path, &head, &listed, &end_bytes, &err) != EB_OK) {
        FUZZ_REQUIRE(err.message[0] != '\0');
        eb_verified_map_free(&listed);
        (void)unlink(path);
        return 0;
    }
    FUZZ_REQUIRE(end_bytes <= size && listed.verified_bytes <= head.id.range.size);
    FUZZ_REQUIRE(memchr(head.id.chip, '\0', sizeof(head.id.chip)) != NULL);
    eb_verified_map_free(&listed);
    if (head.id.range.size < 1u << 26) { /* a map of gigabytes takes its time */
        add_a_line(path, &head);
    }
    (void)unlink(path);
    return 0;
}
