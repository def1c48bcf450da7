/* complete_backups.h: names of backups, and of the partitions in them, for completion. Many backups
 * may lie in the folder, so their names are looked at, and hardly a sidecar. */
#ifndef EB_COMMANDS_COMPLETE_BACKUPS_H
#define EB_COMMANDS_COMPLETE_BACKUPS_H

#include "completion.h"

/* Newest first, as far as the names tell the time. */
void eb_complete_backups(eb_completion_t *c);
/* Of the backup that the command line names, else of the newest one. */
void eb_complete_partitions(eb_completion_t *c);

#endif
