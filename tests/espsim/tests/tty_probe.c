/*
 * tty_probe.c: sees the preloaded pty through libserialport, as espbackup does: lists it, opens it,
 * resets the board by DTR and RTS into both modes, and has a word echoed. test_board.py runs it.
 */
#include <libserialport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *what)
{
    char *text = sp_last_error_message();

    printf("%s: %s\n", what, text);
    sp_free_error_message(text);
    return 1;
}

static int print_ports(void)
{
    struct sp_port **list;

    if (sp_list_ports(&list) != SP_OK) {
        return fail("list");
    }
    for (size_t i = 0; list[i] != NULL; i++) {
        int vid = 0, pid = 0;
        sp_get_port_usb_vid_pid(list[i], &vid, &pid);
        printf("%s %04x:%04x %s\n", sp_get_port_name(list[i]), (unsigned)vid, (unsigned)pid,
               sp_get_port_usb_product(list[i]));
    }
    sp_free_port_list(list);
    return 0;
}

static void reset_board(struct sp_port *port, int download)
{
    sp_set_dtr(port, SP_DTR_OFF);
    sp_set_rts(port, SP_RTS_ON);
    usleep(100000);
    sp_flush(port, SP_BUF_INPUT);
    sp_set_dtr(port, download ? SP_DTR_ON : SP_DTR_OFF);
    sp_set_rts(port, SP_RTS_OFF);
    sleep(1); /* longer than EN takes to rise, on a busy machine too */
    sp_set_dtr(port, SP_DTR_OFF);
}

/* One line, without its end. */
static int print_line(struct sp_port *port)
{
    char line[64];
    size_t n = 0;

    while (n + 1 < sizeof(line)) {
        if (sp_blocking_read(port, line + n, 1, 60000) != 1) {
            return fail("read");
        }
        if (line[n] == '\n') {
            break;
        }
        n += line[n] != '\r';
    }
    line[n] = '\0';
    printf("%s\n", line);
    return 0;
}

int main(void)
{
    const char *name = getenv("ESPBACKUP_PORT");
    struct sp_port *port;

    if (print_ports() != 0 || name == NULL) {
        return 1;
    }
    if (sp_get_port_by_name(name, &port) != SP_OK) {
        return fail("get");
    }
    if (sp_open(port, SP_MODE_READ_WRITE) != SP_OK || sp_set_baudrate(port, 115200) != SP_OK) {
        return fail("open");
    }
    reset_board(port, 1);
    if (print_line(port) != 0) {
        return 1;
    }
    reset_board(port, 0);
    if (print_line(port) != 0 || sp_blocking_write(port, "echo\n", 5, 1000) != 5 ||
        print_line(port) != 0) {
        return 1;
    }
    sp_close(port);
    sp_free_port(port);
    return 0;
}
