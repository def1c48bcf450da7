# Toolchain of programs for other processors, C libraries and systems, by zig cc.
# tests/support/cross.sh sets the environment: ESPBACKUP_ZIG, ESPBACKUP_ZIG_TARGET and
# ESPBACKUP_ZIG_CPU; cross_libs.sh makes the libraries.
set(target $ENV{ESPBACKUP_ZIG_TARGET})
string(REGEX MATCH "^[a-z0-9_]+" CMAKE_SYSTEM_PROCESSOR ${target})
if(target MATCHES "macos")
    set(CMAKE_SYSTEM_NAME Darwin)
    set(CMAKE_INSTALL_NAME_TOOL true) # for shared libraries, of which there are none
else()
    set(CMAKE_SYSTEM_NAME Linux)
    set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
endif()
set(CMAKE_EXE_LINKER_FLAGS_RELEASE_INIT -s)
set(CMAKE_C_COMPILER $ENV{ESPBACKUP_ZIG} cc -target ${target} -mcpu=$ENV{ESPBACKUP_ZIG_CPU})
# Its own archiver, because that of the system may not know the format.
set(CMAKE_AR $ENV{ESPBACKUP_ZIG})
set(CMAKE_RANLIB :)
set(CMAKE_C_ARCHIVE_CREATE "<CMAKE_AR> ar rcs <TARGET> <OBJECTS>")
set(CMAKE_C_ARCHIVE_APPEND ${CMAKE_C_ARCHIVE_CREATE})
set(CMAKE_C_ARCHIVE_FINISH)
set(CMAKE_FIND_ROOT_PATH $ENV{ESPBACKUP_CROSS_LIBS})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} $ENV{ESPBACKUP_CROSS_LIBS}/lib/pkgconfig)
