/* completion_scripts.h: the scripts of src/cli/completion/, which the build embeds. */
#ifndef EB_COMMANDS_COMPLETION_SCRIPTS_H
#define EB_COMMANDS_COMPLETION_SCRIPTS_H

typedef struct eb_completion_script {
    const char *shell; /* "bash" */
    const char *text;
} eb_completion_script_t;

/* Ended by a NULL name. */
extern const eb_completion_script_t eb_completion_scripts[];

#endif
