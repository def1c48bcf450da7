/* platform_path_win32.h: UTF-8 of espbackup and UTF-16 of Windows, for the files of Windows. */
#ifndef EB_BASE_PLATFORM_PATH_WIN32_H
#define EB_BASE_PLATFORM_PATH_WIN32_H

#include <wchar.h>

#define EB_WIN32_NAME_MAX 255 /* of one name in a path, in units of UTF-16 */

/* The whole path in the form that has no limit of 260 characters; 0 or an errno value. free(). */
int eb_win32_path(const char *path, wchar_t **out);
int eb_win32_path_below(const char *path, const wchar_t *end, wchar_t **out);

/* malloc'd; NULL without memory. Bytes that are no UTF-8 become U+FFFD. */
wchar_t *eb_win32_wide(const char *text);
char *eb_win32_utf8(const wchar_t *text);

#endif
