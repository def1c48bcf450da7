# fish completion of espbackup. What may stand at the cursor, `espbackup __complete` says; here words are
# taken from fish and handed back to it.

function __espbackup_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l plain
    # A quote may still be open.
    for closing in '' '"' "'"
        set plain (string unescape -- "$typed$closing"); and break
    end
    set -l program $words[1]
    type -q -- $program; or set program espbackup
    set -l lines (command $program __complete described $words[2..-1] = "=$plain" 2>/dev/null)
    set -q lines[1]; or return
    if set -q lines[2]
        printf '%s\n' $lines[1..-2]
    end
    set -l files (string split -m 1 ' ' -- $lines[-1])
    set -l value (string sub -s (math 1 + (string length -- "$files[2]")) -- "$plain")
    switch $files[1]
        case :files
            for path in (__fish_complete_path "$value")
                echo -- "$files[2]$path"
            end
        case :folders
            for path in (__fish_complete_directories "$value")
                echo -- "$files[2]$path"
            end
    end
end

complete -c espbackup -f -k -a '(__espbackup_complete)'
