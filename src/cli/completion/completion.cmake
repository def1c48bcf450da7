# The scripts of this folder as C strings.
function(espbackup_embed_completion target)
    set(generated "${CMAKE_CURRENT_BINARY_DIR}/completion_scripts.c")
    set(arrays "")
    set(rows "")
    foreach(pair bash:espbackup.bash zsh:_espbackup fish:espbackup.fish powershell:espbackup.ps1)
        string(REGEX MATCH "^(.*):(.*)$" matched "${pair}")
        set(shell "${CMAKE_MATCH_1}")
        set(file "${CMAKE_SOURCE_DIR}/src/cli/completion/${CMAKE_MATCH_2}")
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
        espbackup_c_bytes("${file}" bytes)
        string(APPEND arrays "static const char ${shell}_script[] = {\n${bytes}0};\n")
        string(APPEND rows "    {\"${shell}\", ${shell}_script},\n")
    endforeach()
    file(CONFIGURE OUTPUT "${generated}" @ONLY CONTENT
"/* Made by src/cli/completion/completion.cmake. */
#include \"completion_scripts.h\"

@arrays@
const eb_completion_script_t eb_completion_scripts[] = {
@rows@    {0, 0},
};
")
    target_sources(${target} PRIVATE "${generated}")
endfunction()
