/* Words of a command line, one a line, and texts of options: an error has words, a value its range.
 */
#include "args.h"
#include "command_table.h"
#include "fuzz_target.h"
#include "number_parse.h"
#include "port_address.h"
#include "reset.h"
#include "session_impl.h"

#include <string.h>

#define WORDS_MAX 100

static void parse_text(const char *text)
{
    eb_port_address_t address;
    eb_reset_sequence_t sequence;
    eb_spi_connection_t connection;
    eb_err_t err = {0};
    uint64_t number;

    if (eb_reset_parse(text, &sequence, &err) == EB_OK) {
        FUZZ_REQUIRE(sequence.count > 0 && sequence.count <= EB_RESET_STEPS_MAX);
    } else {
        FUZZ_REQUIRE(sequence.count == 0 && err.message[0] != '\0');
    }
    (void)eb_port_address_parse(text, &address, &err);
    (void)eb_spi_connection_parse(text, &connection, &err);
    (void)eb_number_parse(text, true, &number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static eb_args_t args;
    char *text = malloc(size + 1);
    char *words[WORDS_MAX + 1] = {(char *)(uintptr_t)"espbackup"};
    int count = 1;
    eb_err_t err = {0};

    FUZZ_REQUIRE(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    parse_text(text);
    for (char *word = strtok(text, "\n"); word != NULL && count < WORDS_MAX;
         word = strtok(NULL, "\n")) {
        words[count++] = word;
        parse_text(word);
    }
    if (eb_args_parse(eb_commands, count, words, &args, &err) != EB_OK) {
        FUZZ_REQUIRE(err.message[0] != '\0');
    }
    FUZZ_REQUIRE(args.word_count <= EB_ARGS_WORDS_MAX &&
                 args.repeated_count <= EB_ARGS_REPEATED_MAX);
    free(text);
    return 0;
}
