/* platform_path_win32.c: see platform_path_win32.h. */
#include "platform_path_win32.h"

#include "espbackup/version.h"
#include "platform.h"
#include "platform_headers_win32.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS   "\\/"
#define LONG_PREFIX  L"\\\\?\\"
#define SHARE_PREFIX L"\\\\?\\UNC"

wchar_t *eb_win32_wide(const char *text)
{
    const int count = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *wide = calloc((size_t)count + 1, sizeof(*wide));

    if (wide != NULL) {
        (void)MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, count);
    }
    return wide;
}

char *eb_win32_utf8(const wchar_t *text)
{
    const int count = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *utf8 = calloc((size_t)count + 1, 1);

    if (utf8 != NULL) {
        (void)WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, count, NULL, NULL);
    }
    return utf8;
}

/* Windows says only that the path is wrong. */
static bool has_long_name(const wchar_t *path)
{
    while (*path != L'\0') {
        const size_t len = wcscspn(path, L"\\/");

        if (len > EB_WIN32_NAME_MAX) {
            return true;
        }
        path += len + (path[len] != L'\0' ? 1 : 0);
    }
    return false;
}

/* Whether a whole path is one of files. "12:30.bin" would be a second stream of the file "12", and
 * "COM3" and "NUL" are devices in every folder. */
static bool is_of_files(const wchar_t *whole)
{
    if (wcsncmp(whole, L"\\\\.\\", 4) == 0) {
        return false;
    }
    const wchar_t *rest = whole + (wcsncmp(whole, LONG_PREFIX, 4) == 0 ? 4 : 0);
    for (rest += rest[0] != L'\0' && rest[1] == L':' ? 2 : 0; *rest != L'\0'; rest++) {
        if (*rest < L' ' || wcschr(L"<>:\"|?*", *rest) != NULL) {
            return false;
        }
    }
    return true;
}

/* What comes before a whole path, so that it may be long. */
static const wchar_t *prefix_of(const wchar_t **whole)
{
    if (wcsncmp(*whole, LONG_PREFIX, 4) == 0) {
        return L"";
    }
    if (wcsncmp(*whole, L"\\\\", 2) == 0) { /* \\server\share */
        *whole += 1;
        return SHARE_PREFIX;
    }
    return LONG_PREFIX;
}

int eb_win32_path_below(const char *path, const wchar_t *end, wchar_t **out)
{
    wchar_t *wide = eb_win32_wide(path);
    int failure = wide != NULL ? 0 : ENOMEM;

    *out = NULL;
    if (failure == 0 && wide[0] == L'\0') {
        failure = ENOENT;
    } else if (failure == 0 && has_long_name(wide)) {
        failure = ENAMETOOLONG;
    }
    /* Whole, with drive and backslashes, because behind the prefix Windows looks at nothing. */
    const DWORD room = failure == 0 ? GetFullPathNameW(wide, 0, NULL, NULL) : 0;
    wchar_t *full = failure == 0 ? calloc((size_t)room + 1, sizeof(*full)) : NULL;
    if (failure == 0 && (full == NULL || room == 0)) {
        failure = full == NULL ? ENOMEM : ENOENT;
    }
    if (failure == 0) {
        (void)GetFullPathNameW(wide, room, full, NULL);
        failure = is_of_files(full) ? 0 : EILSEQ;
    }
    if (failure == 0) {
        const wchar_t *whole = full, *prefix = prefix_of(&whole);
        *out = calloc(wcslen(prefix) + wcslen(whole) + wcslen(end) + 1, sizeof(**out));
        failure = *out != NULL ? 0 : ENOMEM;
        if (*out != NULL) {
            wcscpy(*out, prefix);
            wcscat(*out, whole);
            wcscat(*out, end);
        }
    }
    free(full);
    free(wide);
    return failure;
}

int eb_win32_path(const char *path, wchar_t **out)
{
    return eb_win32_path_below(path, L"", out);
}

/* Of \\server\share, \\?\UNC\server\share, \\?\C: */
static size_t share_len(const char *path)
{
    size_t at = 2;

    if ((path[2] == '?' || path[2] == '.') && strspn(path + 3, SEPARATORS) > 0) {
        at = 4 + strcspn(path + 4, SEPARATORS);
        if (at != 7 || _strnicmp(path + 4, "UNC", 3) != 0 || path[at] == '\0') {
            return at;
        }
        at++;
    }
    at += strcspn(path + at, SEPARATORS);
    return path[at] == '\0' ? at : at + 1 + strcspn(path + at + 1, SEPARATORS);
}

size_t eb_platform_root_len(const char *path)
{
    if (strspn(path, SEPARATORS) >= 2) {
        return share_len(path);
    }
    return isalpha((unsigned char)path[0]) && path[1] == ':' ? 2 : 0;
}

/* The version of Windows is told truly by this call only, whose header no program may need. */
void eb_system_text(char out[EB_SYSTEM_TEXT_BYTES])
{
    typedef LONG(WINAPI * version_fn)(OSVERSIONINFOW *);
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof(version)};
    union {
        FARPROC any;
        version_fn get;
    } call = {.any = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "RtlGetVersion")};

    (void)snprintf(out, EB_SYSTEM_TEXT_BYTES, "Windows");
    if (call.any != NULL && call.get(&version) == 0) {
        (void)snprintf(out, EB_SYSTEM_TEXT_BYTES, "Windows %lu.%lu.%lu",
                       (unsigned long)version.dwMajorVersion, (unsigned long)version.dwMinorVersion,
                       (unsigned long)version.dwBuildNumber);
    }
}
