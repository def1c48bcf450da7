/* sim_options.h: the command line of espsim. */
#ifndef ESPSIM_SIM_OPTIONS_H
#define ESPSIM_SIM_OPTIONS_H

#include "sim_board.h"

typedef struct sim_options {
    sim_chip_options_t chip;
    sim_board_options_t board;
    const char *report_path, *ready_path;
    char **command; /* NULL: serve until a signal */
    char host[128];
} sim_options_t;

/* < 0: go on; otherwise exit with this status (--help, --version or a usage error). */
int sim_options_parse(sim_options_t *options, int argc, char **argv);
void sim_options_help(void);

#endif
