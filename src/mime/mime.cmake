# MIME types by file ending, for data images. The data are mime-db's, the version that mime-types 2.1.35 asks
# for: one JSON file, checked against the hash below, which becomes a C table in the build folder. None of it is
# kept in the source tree. Without it the program still builds, and calls every file application/octet-stream.
#
#   -DESPBACKUP_MIME_DB=FILE    take that db.json (a build without network)
#   ESPBACKUP_CACHE_DIR         environment: keep the file here, for many build folders

set(ESPBACKUP_MIME_VERSION "1.52.0")
set(ESPBACKUP_MIME_SHA256 "85c8e1ba609079947c8df83c092900ab0226e1d7b60e5e7105fb7dd701833263")
set(ESPBACKUP_MIME_SYSTEM "/usr/share/nodejs/mime-db/db.json") # of Debian's package node-mime

# npm's package into `folder`; `problem` is empty if that worked.
function(_espbackup_pack_mime_db folder problem)
    find_program(ESPBACKUP_NPM NAMES npm)
    mark_as_advanced(ESPBACKUP_NPM)
    if(NOT ESPBACKUP_NPM)
        set(${problem} "npm is not installed" PARENT_SCOPE)
        return()
    endif()
    file(MAKE_DIRECTORY "${folder}")
    # Nothing of the package runs, and nothing is installed. Few tries and short waits, as for the stubs.
    execute_process(
        COMMAND ${ESPBACKUP_NPM} pack --silent --ignore-scripts --fetch-retries=1 --fetch-timeout=8000
            mime-db@${ESPBACKUP_MIME_VERSION}
        WORKING_DIRECTORY "${folder}" TIMEOUT 60
        RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE text)
    if(result EQUAL 0)
        file(ARCHIVE_EXTRACT INPUT "${folder}/mime-db-${ESPBACKUP_MIME_VERSION}.tgz"
            DESTINATION "${folder}" PATTERNS "package/db.json")
        set(${problem} "" PARENT_SCOPE)
    else()
        set(${problem} "${result} ${text}" PARENT_SCOPE)
    endif()
endfunction()

function(_espbackup_mime_db_is_ours file out)
    set(actual "")
    if(EXISTS "${file}")
        file(SHA256 "${file}" actual)
    endif()
    if(actual STREQUAL ESPBACKUP_MIME_SHA256)
        set(${out} TRUE PARENT_SCOPE)
    else()
        set(${out} FALSE PARENT_SCOPE)
    endif()
endfunction()

# The path of db.json, or empty and a warning.
function(_espbackup_find_mime_db out)
    set(${out} "" PARENT_SCOPE)
    set(cache "${CMAKE_BINARY_DIR}")
    if(DEFINED ENV{ESPBACKUP_CACHE_DIR})
        set(cache "$ENV{ESPBACKUP_CACHE_DIR}")
    endif()
    set(cached "${cache}/mime-db-${ESPBACKUP_MIME_VERSION}.json")
    foreach(file IN ITEMS "${cached}" "${ESPBACKUP_MIME_SYSTEM}")
        _espbackup_mime_db_is_ours("${file}" ours)
        if(ours)
            set(${out} "${file}" PARENT_SCOPE)
            return()
        endif()
    endforeach()
    # Several build folders may do this at once: the file appears by one rename.
    string(RANDOM suffix)
    set(work "${cached}.${suffix}")
    _espbackup_pack_mime_db("${work}" problem)
    _espbackup_mime_db_is_ours("${work}/package/db.json" ours)
    if(ours)
        file(RENAME "${work}/package/db.json" "${cached}" RESULT problem)
    elseif(problem STREQUAL "")
        set(problem "its db.json has another SHA-256 than src/mime/mime.cmake says")
    endif()
    file(REMOVE_RECURSE "${work}")
    if(problem STREQUAL "0")
        set(${out} "${cached}" PARENT_SCOPE)
        return()
    endif()
    message(WARNING "No MIME types: mime-db ${ESPBACKUP_MIME_VERSION} is not at hand. 'espbackup image pack' will call "
        "every file application/octet-stream. Install npm, or on Debian node-mime, or give -DESPBACKUP_MIME_DB= for "
        "a build without network. ${problem}")
endfunction()

function(espbackup_embed_mime_types target)
    set(generated "${CMAKE_CURRENT_BINARY_DIR}/mime_types.c")
    set(script "${CMAKE_SOURCE_DIR}/src/mime/make_table.py")
    set(file "${ESPBACKUP_MIME_DB}")
    if(file)
        _espbackup_mime_db_is_ours("${file}" ours)
        if(NOT ours)
            message(FATAL_ERROR "${file} is not the db.json of mime-db ${ESPBACKUP_MIME_VERSION}: its SHA-256 is not "
                "${ESPBACKUP_MIME_SHA256}")
        endif()
    else()
        _espbackup_find_mime_db(file)
    endif()
    set(ESPBACKUP_MIME_FILE "${file}" CACHE INTERNAL "Where the embedded MIME types came from")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${script}")
    find_program(ESPBACKUP_PYTHON NAMES python3 python)
    if(file AND NOT ESPBACKUP_PYTHON)
        message(WARNING "No MIME types: python3 is not installed.")
        set(file "")
    endif()
    if(file)
        execute_process(COMMAND ${ESPBACKUP_PYTHON} "${script}" "${file}" OUTPUT_VARIABLE rows COMMAND_ERROR_IS_FATAL ANY)
    else()
        set(rows "")
    endif()
    file(CONFIGURE OUTPUT "${generated}" @ONLY CONTENT
"/* Made by src/mime/mime.cmake from mime-db @ESPBACKUP_MIME_VERSION@, Copyright Jonathan Ong and Douglas
 * Christopher Wilson, MIT. */
#include \"mime_type.h\"

const eb_mime_row_t eb_mime_rows[] = {
@rows@    {0, 0},
};
")
    target_sources(${target} PRIVATE "${generated}")
    string(REGEX MATCHALL "\n" lines "${rows}")
    list(LENGTH lines count)
    message(STATUS "MIME types embedded: ${count}")
endfunction()
