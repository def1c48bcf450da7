#include "erased_check.h"

#include "bytes.h"
#include "range.h"

#include <string.h>

#define SAMPLES_MAX 8u

/* The sectors of a .part that hold data, and some of them. */
typedef struct survey {
    uint64_t found;
    uint64_t total;   /* how many there are; 0: to be counted, nothing is chosen */
    uint64_t samples; /* how many to choose, spread over all */
    eb_range_t chosen[SAMPLES_MAX];
    size_t chosen_count;
} survey_t;

static void count_sector(survey_t *survey, eb_range_t sector)
{
    if (survey->chosen_count < survey->samples &&
        survey->found == survey->chosen_count * survey->total / survey->samples) {
        survey->chosen[survey->chosen_count++] = sector;
    }
    survey->found++;
}

static eb_code_t look_through(eb_read_state_t *state, const eb_verified_map_t *held,
                              survey_t *survey, eb_err_t *err)
{
    uint8_t bytes[EB_SECTOR_BYTES];
    eb_range_t run;

    for (uint64_t at = 0; eb_verified_map_next_verified(held, at, &run); at = eb_range_end(run)) {
        for (uint32_t done = 0, count; done < run.size; done += count) {
            const uint32_t addr = run.addr + done;
            count = eb_min_u32(EB_SECTOR_BYTES - addr % EB_SECTOR_BYTES, run.size - done);
            eb_code_t code = eb_read_state_bytes(state, addr, count, bytes, err);
            if (code != EB_OK) {
                return code;
            }
            /* Zeroes come from a power cut too: reserved, in the journal, and never on the disk. */
            if (!eb_bytes_uniform(bytes, count)) {
                count_sector(survey, (eb_range_t){addr, count});
            }
        }
    }
    return EB_OK;
}

eb_code_t eb_erased_check(eb_read_state_t *state, const eb_verified_map_t *held, eb_err_t *err)
{
    survey_t count = {0}, survey = {0};
    eb_code_t code = look_through(state, held, &count, err);

    survey.total = count.found;
    survey.samples = count.found < SAMPLES_MAX ? count.found : SAMPLES_MAX;
    if (code == EB_OK && survey.samples > 0) {
        code = look_through(state, held, &survey, err);
    }
    size_t kept = 0;
    for (size_t i = 0; code == EB_OK && i < survey.chosen_count; i++) {
        bool erased;
        code = eb_retry_is_erased(&state->retry, survey.chosen[i], &erased, err);
        kept += !erased;
        if (code == EB_OK && kept > survey.chosen_count / 4) {
            return EB_OK;
        }
    }
    if (code != EB_OK || survey.chosen_count == 0) {
        return code;
    }
    state->board_erased = true;
    code =
        eb_err_set(err, EB_ERR_UNVERIFIED,
                   "the board's flash was erased since its bytes were saved, or while it was read");
    eb_err_hint(err,
                "the saved bytes are safe in %s: move it away before the next backup, which starts "
                "from the flash as it is now",
                state->part->part_path);
    return code;
}
