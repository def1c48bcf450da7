# Write the version into OUTPUT as `#define EB_VERSION "..."`. Each build runs this script, and the file
# changes only when the version does.
#
#   cmake -DSOURCE_DIR=DIR -DVERSION=0.1.0 -DOUTPUT=FILE -P version.cmake
#
# VERSION is that of project() and stands alone where SOURCE_DIR is not the top of a git checkout, as in a
# source tarball. In a checkout git adds where it stands, as docs/contributing.md says.

cmake_minimum_required(VERSION 3.25)
set(text "${VERSION}")
set(ENV{GIT_OPTIONAL_LOCKS} 0)
find_program(GIT git)

function(git out)
    execute_process(COMMAND "${GIT}" -C "${SOURCE_DIR}" ${ARGN}
        RESULT_VARIABLE result OUTPUT_VARIABLE words ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
    set(${out}_failed ${result} PARENT_SCOPE)
    set(${out} "${words}" PARENT_SCOPE)
endfunction()

if(GIT)
    # Not empty in a folder of another project's checkout, whose commits say nothing about this source.
    git(prefix rev-parse --show-prefix)
    if(prefix_failed EQUAL 0 AND prefix STREQUAL "")
        git(described describe --tags --match "v[0-9]*" --abbrev=7 --dirty)
        if(described_failed EQUAL 0)
            string(SUBSTRING "${described}" 1 -1 text)
        else() # no tag within reach
            git(commit describe --always --exclude "*" --abbrev=7 --dirty)
            if(commit_failed EQUAL 0)
                set(text "${VERSION}-g${commit}")
            endif()
        endif()
    endif()
endif()

file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#define EB_VERSION \"@text@\"\n" @ONLY)
