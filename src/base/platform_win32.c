/*
 * platform_win32.c: platform.h for Windows. Files are opened without the right to remove or rename
 * them meanwhile, so such a call gives ETXTBSY. Paths may be longer than 260 characters.
 */
#include "espbackup/version.h"
#include "platform.h"
#include "platform_access_win32.h"
#include "platform_headers_win32.h"
#include "platform_path_win32.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_1601_TO_1970 INT64_C(11644473600)
#define TEMP_NAMES_MAX       100
#define TICKS_PER_SECOND     10000000u /* of 100 ns */
/* ERROR_DISK_QUOTA_EXCEEDED, which the headers of mingw-w64 lack. */
#define DISK_QUOTA_EXCEEDED  1295
/* Beyond any file, because locked bytes cannot be read. */
#define LOCK_OFFSET_HIGH     0x40000000u

static int failure_of(DWORD code)
{
    static const struct {
        DWORD code;
        int failure;
    } rows[] = {
        {ERROR_FILE_NOT_FOUND, ENOENT},
        {ERROR_PATH_NOT_FOUND, ENOENT},
        {ERROR_BAD_NETPATH, ENOENT},
        {ERROR_BAD_NET_NAME, ENOENT},
        {ERROR_INVALID_DRIVE, ENOENT},
        {ERROR_ACCESS_DENIED, EACCES},
        {ERROR_WRITE_PROTECT, EROFS},
        {ERROR_SHARING_VIOLATION, ETXTBSY},
        {ERROR_LOCK_VIOLATION, EWOULDBLOCK},
        {ERROR_FILE_EXISTS, EEXIST},
        {ERROR_ALREADY_EXISTS, EEXIST},
        {ERROR_DISK_FULL, ENOSPC},
        {ERROR_HANDLE_DISK_FULL, ENOSPC},
        {DISK_QUOTA_EXCEEDED, ENOSPC},
        {ERROR_FILE_TOO_LARGE, EFBIG},
        {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
        {ERROR_OUTOFMEMORY, ENOMEM},
        {ERROR_INVALID_NAME, ENOENT},
        {ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG},
        {ERROR_DIRECTORY, ENOTDIR},
        {ERROR_DIR_NOT_EMPTY, ENOTEMPTY},
        {ERROR_INVALID_PARAMETER, EINVAL},
        {ERROR_TOO_MANY_OPEN_FILES, EMFILE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].code == code) {
            return rows[i].failure;
        }
    }
    return EIO;
}

static int last_failure(void)
{
    return failure_of(GetLastError());
}

static HANDLE handle_of(int fd)
{
    return (HANDLE)_get_osfhandle(fd);
}

/* The library of Windows knows only its own errno values, which are the older ones. */
const char *eb_platform_error_text(int os_errno)
{
    static const struct {
        int os_errno;
        const char *text;
    } rows[] = {
        {ECONNABORTED, "Connection aborted"},
        {ECONNREFUSED, "Connection refused"},
        {ECONNRESET, "Connection reset by peer"},
        {EHOSTUNREACH, "No route to host"},
        {EILSEQ, "Windows has no such names"},
        {ELOOP, "It is a link"},
        {ENETDOWN, "Network is down"},
        {ENETRESET, "Connection dropped by the network"},
        {ENETUNREACH, "Network is unreachable"},
        {ENOTCONN, "Not connected"},
        {ETIMEDOUT, "Connection timed out"},
        {ETXTBSY, "Another program has it open"},
        {EADDRNOTAVAIL, "No such address here"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].os_errno == os_errno) {
            return rows[i].text;
        }
    }
    return strerror(os_errno);
}

/* -- names ------------------------------------------------------------------------------------- */

static void take_time(FILETIME time, eb_file_facts_t *facts)
{
    const uint64_t ticks = ((uint64_t)time.dwHighDateTime << 32) | time.dwLowDateTime;

    facts->mtime_unix = (int64_t)(ticks / TICKS_PER_SECOND) - SECONDS_1601_TO_1970;
    facts->mtime_ns = (uint32_t)(ticks % TICKS_PER_SECOND) * 100;
}

static int facts_of(HANDLE file, eb_file_facts_t *facts)
{
    BY_HANDLE_FILE_INFORMATION info;

    memset(facts, 0, sizeof(*facts));
    if (!GetFileInformationByHandle(file, &info)) {
        /* A device has none. */
        return GetFileType(file) != FILE_TYPE_DISK ? 0 : last_failure();
    }
    facts->is_folder = (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    facts->is_link = (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
    facts->is_file = !facts->is_folder && !facts->is_link;
    facts->size_bytes = ((uint64_t)info.nFileSizeHigh << 32) | info.nFileSizeLow;
    take_time(info.ftLastWriteTime, facts);
    return 0;
}

/* A handle that reads attributes, and keeps nobody from anything. 0 or an errno value. */
static int open_attributes(const char *path, bool follow, HANDLE *out)
{
    wchar_t *wide;
    const int failure = eb_win32_path(path, &wide);

    *out = INVALID_HANDLE_VALUE;
    if (failure != 0) {
        return failure;
    }
    *out =
        CreateFileW(wide, FILE_READ_ATTRIBUTES,
                    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                    FILE_FLAG_BACKUP_SEMANTICS | (follow ? 0 : FILE_FLAG_OPEN_REPARSE_POINT), NULL);
    free(wide);
    return *out != INVALID_HANDLE_VALUE ? 0 : last_failure();
}

bool eb_platform_is_separator(char c)
{
    return c == '/' || c == '\\';
}

static int look(const char *path, bool follow, eb_file_facts_t *facts)
{
    HANDLE file;
    int failure = open_attributes(path, follow, &file);

    memset(facts, 0, sizeof(*facts));
    if (failure == 0) {
        failure = facts_of(file, facts);
        (void)CloseHandle(file);
    }
    return failure;
}

int eb_platform_look(const char *path, eb_file_facts_t *facts)
{
    return look(path, true, facts);
}

int eb_platform_look_name(const char *path, eb_file_facts_t *facts)
{
    return look(path, false, facts);
}

int eb_platform_make_dir(const char *path)
{
    SECURITY_ATTRIBUTES access = {.lpSecurityDescriptor = NULL};
    wchar_t *wide;
    int failure = eb_win32_path(path, &wide);

    if (failure != 0) {
        return failure;
    }
    if (!eb_win32_private(true, &access) || !CreateDirectoryW(wide, &access)) {
        failure = last_failure();
    }
    (void)LocalFree(access.lpSecurityDescriptor);
    free(wide);
    return failure;
}

int eb_platform_make_temp_dir(char *path)
{
    char *end = path + strlen(path) - strlen("XXXXXX");
    int failure = EEXIST;

    for (unsigned i = 0; i < TEMP_NAMES_MAX && failure == EEXIST; i++) {
        const unsigned number = (unsigned)GetCurrentProcessId() * TEMP_NAMES_MAX + i;
        (void)snprintf(end, strlen("XXXXXX") + 1, "%06x", number & 0xFFFFFFu);
        failure = eb_platform_make_dir(path);
    }
    return failure;
}

int eb_platform_remove_dir(const char *path)
{
    wchar_t *wide;
    int failure = eb_win32_path(path, &wide);

    if (failure == 0) {
        failure = RemoveDirectoryW(wide) ? 0 : last_failure();
        free(wide);
    }
    return failure;
}

int eb_platform_remove(const char *path)
{
    wchar_t *wide;
    int failure = eb_win32_path(path, &wide);

    if (failure == 0) {
        failure = DeleteFileW(wide) ? 0 : last_failure();
        free(wide);
    }
    return failure;
}

static int move(const char *from, const char *to, DWORD flags)
{
    wchar_t *wide_from, *wide_to;
    int failure = eb_win32_path(from, &wide_from);

    if (failure != 0) {
        return failure;
    }
    failure = eb_win32_path(to, &wide_to);
    if (failure == 0) {
        failure =
            MoveFileExW(wide_from, wide_to, flags | MOVEFILE_WRITE_THROUGH) ? 0 : last_failure();
        free(wide_to);
    }
    free(wide_from);
    return failure;
}

int eb_platform_rename(const char *from, const char *to)
{
    return move(from, to, MOVEFILE_REPLACE_EXISTING);
}

int eb_platform_rename_new(const char *from, const char *to)
{
    return move(from, to, 0);
}

int eb_platform_list(const char *dir, eb_visit_name_fn visit, void *user, bool *opened)
{
    WIN32_FIND_DATAW entry;
    wchar_t *wide;
    int failure = eb_win32_path_below(dir[0] == '\0' ? "." : dir, L"\\*", &wide);

    *opened = false;
    if (failure != 0) {
        return failure;
    }
    HANDLE folder = FindFirstFileW(wide, &entry);
    free(wide);
    if (folder == INVALID_HANDLE_VALUE) {
        return last_failure();
    }
    *opened = true;
    do {
        char *name = eb_win32_utf8(entry.cFileName);
        failure = name != NULL ? visit(user, name) : ENOMEM;
        free(name);
    } while (failure == 0 && FindNextFileW(folder, &entry));
    if (failure == 0 && GetLastError() != ERROR_NO_MORE_FILES) {
        failure = last_failure();
    }
    (void)FindClose(folder);
    return failure;
}

size_t eb_platform_name_max(const char *dir)
{
    (void)dir;
    return EB_WIN32_NAME_MAX;
}

/* -- open files -------------------------------------------------------------------------------- */

int eb_platform_open(const char *path, eb_open_t how, int *fd)
{
    const DWORD access =
        how == EB_OPEN_READ ? GENERIC_READ : GENERIC_READ | GENERIC_WRITE | READ_CONTROL;
    /* A link is opened as itself, and then refused. */
    const DWORD flags = FILE_ATTRIBUTE_NORMAL |
                        (how == EB_OPEN_READ ? 0 : FILE_FLAG_OPEN_REPARSE_POINT) |
                        FILE_FLAG_BACKUP_SEMANTICS;
    SECURITY_ATTRIBUTES owner_only = {.lpSecurityDescriptor = NULL};
    FILE_ATTRIBUTE_TAG_INFO tag = {0};
    wchar_t *wide;
    int failure = eb_win32_path(path, &wide);

    *fd = -1;
    if (failure != 0) {
        return failure;
    }
    HANDLE file = INVALID_HANDLE_VALUE;
    if (eb_win32_private(false, &owner_only)) {
        file = CreateFileW(wide, access, FILE_SHARE_READ | FILE_SHARE_WRITE, &owner_only,
                           how == EB_OPEN_NEW ? CREATE_NEW : OPEN_EXISTING, flags, NULL);
    }
    failure = file != INVALID_HANDLE_VALUE ? 0 : last_failure();
    (void)LocalFree(owner_only.lpSecurityDescriptor);
    free(wide);
    if (failure == 0 && how == EB_OPEN_PART &&
        GetFileInformationByHandleEx(file, FileAttributeTagInfo, &tag, sizeof(tag)) &&
        (tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
        failure = ELOOP;
    }
    if (failure == 0) {
        *fd = _open_osfhandle((intptr_t)file, _O_BINARY | _O_NOINHERIT);
        failure = *fd >= 0 ? 0 : EMFILE;
    }
    if (failure != 0 && file != INVALID_HANDLE_VALUE) {
        (void)CloseHandle(file);
    }
    return failure;
}

void eb_platform_close(int fd)
{
    (void)_close(fd);
}

int eb_platform_examine(int fd, eb_file_facts_t *facts)
{
    return facts_of(handle_of(fd), facts);
}

bool eb_platform_is_named(int fd, const char *path)
{
    BY_HANDLE_FILE_INFORMATION by_fd, by_path;
    HANDLE file;

    if (open_attributes(path, false, &file) != 0) {
        return false;
    }
    const bool same = GetFileInformationByHandle(handle_of(fd), &by_fd) &&
                      GetFileInformationByHandle(file, &by_path) &&
                      by_fd.dwVolumeSerialNumber == by_path.dwVolumeSerialNumber &&
                      by_fd.nFileIndexHigh == by_path.nFileIndexHigh &&
                      by_fd.nFileIndexLow == by_path.nFileIndexLow;
    (void)CloseHandle(file);
    return same;
}

static OVERLAPPED at_offset(uint64_t offset)
{
    OVERLAPPED at = {.Internal = 0};

    at.Offset = (DWORD)offset;
    at.OffsetHigh = (DWORD)(offset >> 32);
    return at;
}

static DWORD at_most(size_t len)
{
    return len < 0x40000000 ? (DWORD)len : 0x40000000;
}

int eb_platform_read_at(int fd, void *bytes, size_t len, uint64_t offset, size_t *done)
{
    OVERLAPPED at = at_offset(offset);
    DWORD n = 0;
    const bool ok = ReadFile(handle_of(fd), bytes, at_most(len), &n, &at);

    *done = n;
    return ok || GetLastError() == ERROR_HANDLE_EOF ? 0 : last_failure();
}

int eb_platform_write_at(int fd, const void *bytes, size_t len, uint64_t offset, size_t *done)
{
    OVERLAPPED at = at_offset(offset);
    DWORD n = 0;
    const bool ok = WriteFile(handle_of(fd), bytes, at_most(len), &n, &at);

    *done = n;
    return ok ? 0 : last_failure();
}

int eb_platform_set_length(int fd, uint64_t size)
{
    FILE_END_OF_FILE_INFO end = {.EndOfFile.QuadPart = (LONGLONG)size};

    return SetFileInformationByHandle(handle_of(fd), FileEndOfFileInfo, &end, sizeof(end))
               ? 0
               : last_failure();
}

int eb_platform_set_mtime(int fd, int64_t unix_s)
{
    const uint64_t ticks = (uint64_t)(unix_s + SECONDS_1601_TO_1970) * TICKS_PER_SECOND;
    const FILETIME time = {.dwLowDateTime = (DWORD)ticks, .dwHighDateTime = (DWORD)(ticks >> 32)};

    return SetFileTime(handle_of(fd), NULL, NULL, &time) ? 0 : last_failure();
}

int eb_platform_sync_file(int fd)
{
    return FlushFileBuffers(handle_of(fd)) ? 0 : last_failure();
}

/* Windows forgets what memory holds of a file when all handles are closed; this one stays open. */
void eb_platform_drop_cache(int fd)
{
    (void)fd;
}

/* NTFS writes names in a log of its own, and MOVEFILE_WRITE_THROUGH waits for it. */
int eb_platform_sync_parent(const char *path)
{
    (void)path;
    return 0;
}

/* A length that is set reserves the space. */
int eb_platform_allocate(int fd, uint64_t size)
{
    eb_file_facts_t facts;
    const int failure = eb_platform_examine(fd, &facts);

    return failure != 0 || facts.size_bytes >= size ? failure : eb_platform_set_length(fd, size);
}

int eb_platform_lock(int fd)
{
    OVERLAPPED at = at_offset((uint64_t)LOCK_OFFSET_HIGH << 32);

    if (LockFileEx(handle_of(fd), LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
                   &at)) {
        return 0;
    }
    return last_failure() == EWOULDBLOCK ? EWOULDBLOCK : 0;
}
