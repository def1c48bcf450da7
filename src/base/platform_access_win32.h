/* platform_access_win32.h: access rights of new files on Windows. */
#ifndef EB_BASE_PLATFORM_ACCESS_WIN32_H
#define EB_BASE_PLATFORM_ACCESS_WIN32_H

#include "platform_headers_win32.h"

#include <stdbool.h>

/* Full access for the user of this process and for nobody else, whatever the folder says; what is
 * made in a folder gets the same. The descriptor is to be freed by LocalFree. */
bool eb_win32_private(bool is_folder, SECURITY_ATTRIBUTES *out);

#endif
