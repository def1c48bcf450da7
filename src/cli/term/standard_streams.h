/* standard_streams.h: standard input and output, and the terminal behind them, by operating system.
 */
#ifndef EB_TERM_STANDARD_STREAMS_H
#define EB_TERM_STANDARD_STREAMS_H

#include <stdbool.h>
#include <stdio.h>

/* The arguments as UTF-8. Where the system has them in another form, *argv is allocated, and lives
 * as long as the program. */
void eb_streams_arguments(int *argc, char ***argv);

/* Before anything is opened: keep the numbers of closed streams from files. False: it cannot be
 * done. */
bool eb_streams_hold(void);
/* No dump of memory to the disk, because it would hold flash contents. */
void eb_streams_forbid_dumps(void);

bool eb_streams_is_terminal(FILE *file);
int eb_streams_columns(FILE *file); /* of the terminal; 0: not known */
bool eb_streams_show_utf8(void);    /* a terminal does, as far as the system tells */

/* Why the stream takes no more, as an errno value. os_errno: what the last write said, 0: nothing.
 */
int eb_streams_write_failure(FILE *file, int os_errno);

/* A stream into memory. False: there is no memory. */
typedef struct eb_text_stream {
    FILE *file;
    char *text;
    size_t len;
} eb_text_stream_t;
bool eb_streams_open_text(eb_text_stream_t *stream);
/* What was written, malloc'd; NULL without memory. */
char *eb_streams_close_text(eb_text_stream_t *stream);

typedef enum eb_input { EB_INPUT_BYTE, EB_INPUT_NOTHING, EB_INPUT_END } eb_input_t;

/* Wait at most wait_ms for a byte. */
eb_input_t eb_streams_read_byte(int in, int wait_ms, char *byte);
/* Forget what was typed before. */
void eb_streams_forget_input(int in);

#endif
