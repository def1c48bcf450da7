/*
 * sim_model.h: the times of a real board, from the report that `espbackup selftest` makes of it.
 *
 * A report has times as a host sees them. What the line needs for the bytes is taken off, and what
 * is left goes to the adapter's latency, the ROM, the stub and the flash. What a report does not
 * tell stays as the chip's row says: the size of the FIFO, and how a speed divides into reading and
 * MD5.
 */
#ifndef ESPSIM_SIM_MODEL_H
#define ESPSIM_SIM_MODEL_H

#include "sim_board.h"

/* Sets what the report tells, and wire_real. False with the reason in `why`. */
bool sim_model_parse(const char *json, sim_timing_t *timing, sim_board_options_t *board, char *why,
                     size_t why_size);
bool sim_model_load(const char *path, sim_timing_t *timing, sim_board_options_t *board, char *why,
                    size_t why_size);

#endif
