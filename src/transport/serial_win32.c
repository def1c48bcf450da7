/*
 * serial_win32.c: a COM port as a transport, by Windows alone.
 *
 * A read asks for one byte within the slice, and then takes what has come with it. Some drivers,
 * and Wine, do not finish a read that asks for "at least one" in Windows' own way.
 */
#include "clock.h"
#include "platform_headers_win32.h"
#include "platform_path_win32.h"
#include "port_identity.h"
#include "ports_win32.h"
#include "transport_backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSE_DRAIN_MS 500
#define QUEUE_BYTES    65536

typedef struct com {
    HANDLE port;
    bool keep_dtr;
    bool dtr, rts;
    int read_ms, write_ms; /* as the port has them now */
    char name[EB_PORT_NAME_BYTES];
} com_t;

/* Windows has words for its codes, but in the language of the user. */
static eb_code_t lost(const com_t *c, DWORD code, eb_err_t *err)
{
    return eb_err_set(err, EB_ERR_PORT_LOST, "%s is gone (Windows error %lu)", c->name,
                      (unsigned long)code);
}

/* A read waits at most read_ms, 0: not at all, and a write write_ms. */
static bool set_times(com_t *c, int read_ms, int write_ms)
{
    COMMTIMEOUTS times = {.ReadTotalTimeoutConstant = (DWORD)read_ms,
                          .WriteTotalTimeoutConstant = (DWORD)write_ms};

    if (c->read_ms == read_ms && c->write_ms == write_ms) {
        return true;
    }
    if (!SetCommTimeouts(c->port, &times)) {
        return false;
    }
    c->read_ms = read_ms;
    c->write_ms = write_ms;
    return true;
}

/* What waits to be read and to be sent. A port that is gone fails here too. */
static bool queues(const com_t *c, DWORD *to_read, DWORD *to_send)
{
    COMSTAT state;
    DWORD errors;

    if (!ClearCommError(c->port, &errors, &state)) {
        return false;
    }
    *to_read = state.cbInQue;
    *to_send = state.cbOutQue;
    return true;
}

static void com_close(void *self)
{
    com_t *c = self;
    const int64_t deadline_ms = eb_clock_ms() + CLOSE_DRAIN_MS;
    DWORD to_read, to_send = 0;

    if (c->port != INVALID_HANDLE_VALUE) {
        /* Send the last command, but do not wait for a port that accepts nothing. */
        while (queues(c, &to_read, &to_send) && to_send > 0 && eb_clock_left_ms(deadline_ms) > 0) {
            eb_sleep_ms(1);
        }
        (void)PurgeComm(c->port, PURGE_TXABORT | PURGE_TXCLEAR);
        (void)CloseHandle(c->port);
    }
    free(c);
}

static eb_code_t com_read(void *self, uint8_t *buf, size_t cap, int wait_ms, size_t *got,
                          eb_err_t *err)
{
    com_t *c = self;
    DWORD waiting, to_send, n = 0, more = 0;

    *got = 0;
    if (cap == 0) {
        return EB_OK;
    }
    if (!queues(c, &waiting, &to_send)) {
        return lost(c, GetLastError(), err);
    }
    if (waiting == 0 && wait_ms == 0) {
        return EB_OK;
    }
    if (!set_times(c, wait_ms > 0 ? wait_ms : 1, c->write_ms)) {
        return lost(c, GetLastError(), err);
    }
    if (waiting == 0) {
        if (!ReadFile(c->port, buf, 1, &n, NULL) && GetLastError() != ERROR_TIMEOUT) {
            return lost(c, GetLastError(), err);
        }
        if (n == 0) {
            return EB_OK;
        }
        *got = n;
        if (!queues(c, &waiting, &to_send)) {
            return EB_OK; /* the next call tells */
        }
    }
    const size_t room = cap - *got;
    const DWORD take = waiting < room ? waiting : (DWORD)room;
    if (take > 0 && !ReadFile(c->port, buf + *got, take, &more, NULL) &&
        GetLastError() != ERROR_TIMEOUT) {
        return *got > 0 ? EB_OK : lost(c, GetLastError(), err);
    }
    *got += more;
    return EB_OK;
}

static eb_code_t com_write(void *self, const uint8_t *buf, size_t len, int wait_ms, size_t *put,
                           eb_err_t *err)
{
    com_t *c = self;
    DWORD n = 0;

    *put = 0;
    if (!set_times(c, c->read_ms, wait_ms > 0 ? wait_ms : 1)) {
        return lost(c, GetLastError(), err);
    }
    const bool ok = WriteFile(c->port, buf, len < QUEUE_BYTES ? (DWORD)len : QUEUE_BYTES, &n, NULL);
    *put = n;
    return ok || n > 0 || GetLastError() == ERROR_TIMEOUT ? EB_OK : lost(c, GetLastError(), err);
}

static eb_code_t com_flush_input(void *self, eb_err_t *err)
{
    const com_t *c = self;

    return PurgeComm(c->port, PURGE_RXCLEAR) ? EB_OK : lost(c, GetLastError(), err);
}

/* 8N1 without flow control. The lines stay as they are. */
static eb_code_t com_set_baud(void *self, uint32_t baud, eb_err_t *err)
{
    const com_t *c = self;
    DCB dcb = {.DCBlength = sizeof(dcb)};
    DWORD to_read, to_send;

    if (!GetCommState(c->port, &dcb)) {
        return lost(c, GetLastError(), err);
    }
    dcb = (DCB){.DCBlength = sizeof(dcb),
                .BaudRate = baud,
                .fBinary = TRUE,
                .fDtrControl = c->dtr ? DTR_CONTROL_ENABLE : DTR_CONTROL_DISABLE,
                .fRtsControl = c->rts ? RTS_CONTROL_ENABLE : RTS_CONTROL_DISABLE,
                .XonLim = dcb.XonLim,
                .XoffLim = dcb.XoffLim,
                .ByteSize = 8,
                .Parity = NOPARITY,
                .StopBits = ONESTOPBIT,
                .XonChar = dcb.XonChar,
                .XoffChar = dcb.XoffChar};
    if (baud == 0 || !SetCommState(c->port, &dcb)) {
        /* Every call fails on a port that is gone, so look whether the rate is to blame. */
        if (!queues(c, &to_read, &to_send)) {
            return lost(c, GetLastError(), err);
        }
        return eb_err_set(err, EB_ERR_UNSUPPORTED, "%s does not take %lu baud", c->name,
                          (unsigned long)baud);
    }
    /* A driver without this rate may silently choose another. */
    if (GetCommState(c->port, &dcb) && dcb.BaudRate != baud) {
        const DWORD off = dcb.BaudRate > baud ? dcb.BaudRate - baud : baud - dcb.BaudRate;
        if ((uint64_t)off * 100 > (uint64_t)baud * 3) {
            return eb_err_set(err, EB_ERR_UNSUPPORTED, "%s does not take %lu baud (it took %lu)",
                              c->name, (unsigned long)baud, (unsigned long)dcb.BaudRate);
        }
    }
    return EB_OK;
}

/*
 * Windows sets the lines one after the other. Between the steps both are asserted, which does not
 * reset the board. The driver of CDC devices sends the lines only when DTR is set, so DTR comes
 * last once more.
 */
static eb_code_t com_set_lines(void *self, bool dtr, bool rts, eb_err_t *err)
{
    com_t *c = self;

    if ((dtr && !EscapeCommFunction(c->port, SETDTR)) ||
        !EscapeCommFunction(c->port, rts ? SETRTS : CLRRTS) ||
        !EscapeCommFunction(c->port, dtr ? SETDTR : CLRDTR)) {
        return lost(c, GetLastError(), err);
    }
    c->dtr = dtr;
    c->rts = rts;
    return EB_OK;
}

static const eb_backend_ops_t com_ops = {
    .close = com_close,
    .read = com_read,
    .write = com_write,
    .flush_input = com_flush_input,
    .set_baud = com_set_baud,
    .set_lines = com_set_lines,
};

/* -- opening ----------------------------------------------------------------------------------- */

static eb_code_t open_error(const char *name, DWORD code, eb_err_t *err)
{
    switch (code) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
        return eb_err_set(err, EB_ERR_PORT_NOT_FOUND, "there is no port %s", name);
    case ERROR_ACCESS_DENIED: /* Windows says so of a port that another program has open */
    case ERROR_SHARING_VIOLATION:
        return eb_err_set(err, EB_ERR_PORT_BUSY, "%s is in use by another program", name);
    case ERROR_INVALID_FUNCTION:
        return eb_err_set(err, EB_ERR_PORT_NOT_FOUND, "%s is not a serial port", name);
    default:
        return eb_err_set(err, EB_ERR_PORT_NOT_FOUND, "cannot open %s (Windows error %lu)", name,
                          (unsigned long)code);
    }
}

/* "COM10" is found by the name that devices have, "\\.\COM10", only. */
static eb_code_t open_port(com_t *c, eb_err_t *err)
{
    char path[EB_PORT_NAME_BYTES + 8];
    DCB dcb = {.DCBlength = sizeof(dcb)};

    (void)snprintf(path, sizeof(path), "\\\\.\\%s", c->name);
    wchar_t *wide = eb_win32_wide(path);
    if (wide == NULL) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory");
    }
    c->port = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    free(wide);
    if (c->port == INVALID_HANDLE_VALUE) {
        return open_error(c->name, GetLastError(), err);
    }
    if (!GetCommState(c->port, &dcb)) {
        return open_error(c->name, ERROR_INVALID_FUNCTION, err);
    }
    (void)SetupComm(c->port, QUEUE_BYTES, QUEUE_BYTES);
    return EB_OK;
}

eb_code_t eb_serial_open(const char *name, const eb_events_t *ev, eb_backend_t *out, eb_err_t *err)
{
    const char *plain = strncmp(name, "\\\\.\\", 4) == 0 ? name + 4 : name;
    eb_port_info_t info;
    eb_attachment_t attachment;
    com_t *c = calloc(1, sizeof(*c));
    wchar_t *wide = eb_win32_wide(plain);
    eb_code_t code = EB_OK;

    (void)ev; /* nothing here waits */
    if (c == NULL || wide == NULL) {
        free(c);
        free(wide);
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory");
    }
    *c = (com_t){.port = INVALID_HANDLE_VALUE, .read_ms = -1, .write_ms = 1};
    (void)snprintf(c->name, sizeof(c->name), "%s", plain);
    eb_ports_describe(wide, &info, &attachment);
    free(wide);
    eb_port_identify(&info, attachment);
    c->keep_dtr = info.keep_dtr;
    code = open_port(c, err);
    if (code == EB_OK) {
        code = com_set_lines(c, c->keep_dtr, c->keep_dtr, err);
    }
    if (code == EB_OK) {
        code = com_set_baud(c, EB_INITIAL_BAUD, err);
    }
    if (code == EB_OK) {
        code = com_flush_input(c, err);
    }
    if (code != EB_OK) {
        com_close(c);
        return code;
    }
    *out = (eb_backend_t){.ops = &com_ops, .self = c, .info = info};
    return EB_OK;
}
