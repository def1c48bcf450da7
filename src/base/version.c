#include "espbackup/version.h"

const char *eb_version(void)
{
    return EB_VERSION;
}
