/* platform_headers_win32.h: the headers of Windows, in the order that they need. */
#ifndef EB_BASE_PLATFORM_HEADERS_WIN32_H
#define EB_BASE_PLATFORM_HEADERS_WIN32_H

/* clang-format off */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <windows.h>
#include <aclapi.h>
#include <bcrypt.h>
#include <sddl.h>
#include <setupapi.h>
#include <shellapi.h>
/* clang-format on */

#endif
