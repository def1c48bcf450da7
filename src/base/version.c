#include "espbackup/version.h"

#include <version_text.h> /* made by version.cmake in the build folder */

const char *eb_version(void)
{
    return EB_VERSION;
}
