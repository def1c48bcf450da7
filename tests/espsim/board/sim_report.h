/* sim_report.h: what happened, as JSON, for the tests to read. */
#ifndef ESPSIM_SIM_REPORT_H
#define ESPSIM_SIM_REPORT_H

#include "sim_board.h"

/* false and a line on stderr when the file cannot be written. */
bool sim_report_write(const char *path, sim_board_t *board, sim_chip_t *chip);

#endif
