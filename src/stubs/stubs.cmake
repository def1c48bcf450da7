# Stubs: small programs that are loaded into the chip's RAM. Their JSON files come from a pinned
# package, are checked against src/stubs/stub_hashes.txt and become C arrays in the build folder; none is
# kept in the source tree. Without them the program still builds, and works with ROM bootloaders alone.
#
#   -DESPBACKUP_STUB_DIR=DIR    take the files from DIR (a build without network)
#   ESPBACKUP_CACHE_DIR         environment: keep the files here, for many build folders

set(ESPBACKUP_STUB_VERSION "1.4.1")
set(ESPBACKUP_STUB_PACKAGE "esptool==5.6.0")
set(ESPBACKUP_STUB_PACKAGE_SHA256 "86c7249e9cc3a824e032ede9ba20abad057a2c49e231418cc4f02b177bb36f42")

# Download a source package of esptool into `folder`; `problem` is empty if that worked.
function(_espbackup_download package sha256 folder problem)
    find_program(ESPBACKUP_PYTHON NAMES python3 python)
    mark_as_advanced(ESPBACKUP_PYTHON)
    if(NOT ESPBACKUP_PYTHON)
        set(${problem} "python3 is not installed" PARENT_SCOPE)
        return()
    endif()
    file(WRITE "${folder}/package.txt" "${package} --hash=sha256:${sha256}\n")
    # Few tries and short waits: without network the build goes on soon.
    execute_process(
        COMMAND ${CMAKE_COMMAND} -E env "PYTHONPATH=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/unbuilt"
            PYTHONDONTWRITEBYTECODE=1 ${ESPBACKUP_PYTHON} -m pip download --quiet --disable-pip-version-check --no-input
            --timeout 8 --retries 2 --no-deps --no-binary esptool --no-build-isolation
            --require-hashes -r package.txt -d .
        WORKING_DIRECTORY "${folder}" TIMEOUT 60
        RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE text)
    if(result EQUAL 0)
        set(${problem} "" PARENT_SCOPE)
    else()
        set(${problem} "${result} ${text}" PARENT_SCOPE)
    endif()
endfunction()

# The folder with the stub files of a version, or empty and a warning.
function(espbackup_fetch_stubs version package sha256 out)
    set(${out} "" PARENT_SCOPE)
    set(cache "${CMAKE_BINARY_DIR}")
    if(DEFINED ENV{ESPBACKUP_CACHE_DIR})
        set(cache "$ENV{ESPBACKUP_CACHE_DIR}")
    endif()
    set(files "${cache}/esp-flasher-stub-${version}")
    if(NOT EXISTS "${files}")
        # Several build folders may do this at once: the whole folder appears by one rename.
        string(RANDOM suffix)
        set(work "${files}.${suffix}")
        _espbackup_download("${package}" "${sha256}" "${work}" problem)
        if(problem STREQUAL "")
            string(REPLACE "==" "-" name "${package}")
            set(inside "${name}/esptool/targets/stub_flasher/2")
            file(ARCHIVE_EXTRACT INPUT "${work}/${name}.tar.gz" DESTINATION "${work}"
                PATTERNS "${inside}/*")
            file(RENAME "${work}/${inside}" "${files}" RESULT problem)
        endif()
        file(REMOVE_RECURSE "${work}")
        if(NOT EXISTS "${files}")
            message(WARNING "No stub files: pip did not download ${package}. The build has no stubs, "
                "only ROM bootloaders. Install python3-pip, or give -DESPBACKUP_STUB_DIR= for a build "
                "without network. ${problem}")
            return()
        endif()
    endif()
    set(${out} "${files}" PARENT_SCOPE)
endfunction()

# Bytes of a file as the inside of a C array.
function(espbackup_c_bytes path out)
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
        espbackup_fetch_stubs(${ESPBACKUP_STUB_VERSION} ${ESPBACKUP_STUB_PACKAGE}
            ${ESPBACKUP_STUB_PACKAGE_SHA256} folder)
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
            espbackup_c_bytes("${file}" bytes)
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
