/* version.h: the version of espbackup, from git or from CMakeLists.txt (src/base/version.cmake). */
#ifndef ESPBACKUP_VERSION_H
#define ESPBACKUP_VERSION_H

/* "0.1.0" of a release, "0.1.0-123-gabcdef0" of another commit; static storage. */
const char *eb_version(void);

/* The operating system and its version, "Linux 6.1.0"; empty: not known. */
#define EB_SYSTEM_TEXT_BYTES 128
void eb_system_text(char out[EB_SYSTEM_TEXT_BYTES]);

#endif
