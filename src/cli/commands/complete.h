/*
 * complete.h: what the scripts of `espbackup completion` call while somebody types a command line.
 *
 *   espbackup __complete FORMAT WORD... =KEPT =TYPED
 *
 * gets the words before the cursor, and what is typed of the word at the cursor: first the part
 * that the shell keeps, which may be empty, then the rest. The answer is a line for each candidate,
 * without KEPT: as FORMAT says `described`, `words` or `escaped` (eb_completion_format_t). The last
 * line is
 *
 *   :none             there is nothing else
 *   :files PREFIX     names of files may stand there too, behind PREFIX, which may be empty
 *   :folders PREFIX   the same for folders
 *
 * Nothing is opened but backups to be read, nothing is written but the answer, and nothing fails.
 */
#ifndef EB_COMMANDS_COMPLETE_H
#define EB_COMMANDS_COMPLETE_H

#include "command.h"

#include <stdio.h>

#define EB_COMPLETE_WORD "__complete"

/* argv as of main. */
void eb_complete(eb_commands_t commands, int argc, char **argv, FILE *out);

#endif
