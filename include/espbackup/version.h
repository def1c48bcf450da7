/* version.h: the version of espbackup, from CMakeLists.txt. */
#ifndef ESPBACKUP_VERSION_H
#define ESPBACKUP_VERSION_H

/* "0.1.0"; static storage. */
const char *eb_version(void);

#endif
