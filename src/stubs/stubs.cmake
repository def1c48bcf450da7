# Stubs: small programs that are loaded into the chip's RAM. Their JSON files come from a pinned
# package, are checked against src/stubs/stub_hashes.txt and become C arrays in the build folder; none is
# kept in the source tree. Without them the program still builds, and works with ROM loaders alone.
#
#   -DESPBACKUP_STUB_DIR=DIR    take the files from DIR (a build without network)
#   ESPBACKUP_CACHE_DIR         environment: keep the package here, for many build folders

set(ESPBACKUP_STUB_VERSION "1.2.2")
set(ESPBACKUP_STUB_PACKAGE "esptool-js@0.7.0")
set(ESPBACKUP_STUB_ARCHIVE "esptool-js-0.7.0.tgz")

# The folder with the files, or empty and a warning.
function(_espbackup_fetch_stubs out)
    set(${out} "" PARENT_SCOPE)
    if(DEFINED ENV{ESPBACKUP_CACHE_DIR})
        set(cache "$ENV{ESPBACKUP_CACHE_DIR}/stubs-${ESPBACKUP_STUB_VERSION}")
    else()
        set(cache "${CMAKE_BINARY_DIR}/stubs")
    endif()
    set(files "${cache}/package/lib/targets/stub_flasher")
    if(NOT EXISTS "${files}/esp32.json")
        find_program(ESPBACKUP_NPM npm)
        mark_as_advanced(ESPBACKUP_NPM)
        if(NOT ESPBACKUP_NPM)
            message(WARNING "npm is not installed: building without stubs, ROM loaders only. "
                "Install npm, or give -DESPBACKUP_STUB_DIR=")
            return()
        endif()
        file(MAKE_DIRECTORY "${cache}")
        execute_process(
            COMMAND ${ESPBACKUP_NPM} pack ${ESPBACKUP_STUB_PACKAGE} --silent
            WORKING_DIRECTORY "${cache}" TIMEOUT 90
            RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE problem)
        if(NOT result EQUAL 0 OR NOT EXISTS "${cache}/${ESPBACKUP_STUB_ARCHIVE}")
            message(WARNING "npm pack ${ESPBACKUP_STUB_PACKAGE} failed: building without stubs, "
                "ROM loaders only. Give -DESPBACKUP_STUB_DIR= for a build without network. "
                "${problem}")
            return()
        endif()
        file(ARCHIVE_EXTRACT INPUT "${cache}/${ESPBACKUP_STUB_ARCHIVE}" DESTINATION "${cache}"
            PATTERNS "package/lib/targets/stub_flasher/*" "package/LICENSE")
    endif()
    set(${out} "${files}" PARENT_SCOPE)
endfunction()

# Bytes of a file as the inside of a C array.
function(_espbackup_c_bytes path out)
    file(READ "${path}" hex HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
    set(${out} "${hex}" PARENT_SCOPE)
endfunction()

function(espbackup_embed_stubs target)
    set(list "${CMAKE_SOURCE_DIR}/src/stubs/stub_hashes.txt")
    set(generated "${CMAKE_CURRENT_BINARY_DIR}/stub_files.c")
    set(arrays "")
    set(rows "")
    set(count 0)

    if(ESPBACKUP_STUB_DIR)
        set(folder "${ESPBACKUP_STUB_DIR}")
    else()
        _espbackup_fetch_stubs(folder)
    endif()
    set(ESPBACKUP_STUB_FILES "${folder}" CACHE INTERNAL "Where the embedded stubs came from")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${list}")
    if(folder)
        file(STRINGS "${list}" lines REGEX "^[0-9a-f]+ ")
        foreach(line IN LISTS lines)
            string(REGEX MATCH "^([0-9a-f]+) +(([a-z0-9-]+)\\.json)$" matched "${line}")
            set(expected "${CMAKE_MATCH_1}")
            set(file "${folder}/${CMAKE_MATCH_2}")
            set(name "${CMAKE_MATCH_3}")
            if(NOT EXISTS "${file}")
                message(FATAL_ERROR "${file} is missing; src/stubs/stub_hashes.txt names it")
            endif()
            file(SHA256 "${file}" actual)
            if(NOT actual STREQUAL expected)
                message(FATAL_ERROR "${file} is not the one of src/stubs/stub_hashes.txt: "
                    "SHA-256 ${actual} instead of ${expected}")
            endif()
            _espbackup_c_bytes("${file}" bytes)
            string(MAKE_C_IDENTIFIER "stub_${name}" symbol)
            string(APPEND arrays "static const char ${symbol}[] = {\n${bytes}0};\n")
            string(APPEND rows "    {\"${name}\", ${symbol}, sizeof(${symbol}) - 1},\n")
            math(EXPR count "${count} + 1")
        endforeach()
    endif()
    file(CONFIGURE OUTPUT "${generated}" @ONLY CONTENT
"/* Made by src/stubs/stubs.cmake. The stubs are of esp-flasher-stub @ESPBACKUP_STUB_VERSION@,
 * Copyright Espressif Systems, Apache-2.0 or MIT. */
#include \"stub_embedded.h\"

@arrays@
const eb_stub_file_t eb_stub_files[] = {
@rows@    {0, 0, 0},
};
const size_t eb_stub_file_count = @count@;
const char *const eb_stub_files_version = \"@ESPBACKUP_STUB_VERSION@\";
")
    target_sources(${target} PRIVATE "${generated}")
    message(STATUS "stubs embedded: ${count}")
endfunction()
