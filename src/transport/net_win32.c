/* net_win32.c: net.h by Windows Sockets. A SOCKET is a handle of the kernel, and fits an int. */
#include "net.h"
#include "platform_headers_win32.h"

#include <errno.h>
#include <limits.h>

#define KEEPALIVE_MS 5000

static int failure_of(int code)
{
    static const struct {
        int code, failure;
    } rows[] = {
        {WSAEWOULDBLOCK, EAGAIN},
        {WSAEINTR, EAGAIN},
        {WSAECONNREFUSED, ECONNREFUSED},
        {WSAECONNRESET, ECONNRESET},
        {WSAECONNABORTED, ECONNABORTED},
        {WSAETIMEDOUT, ETIMEDOUT},
        {WSAEHOSTUNREACH, EHOSTUNREACH},
        {WSAENETUNREACH, ENETUNREACH},
        {WSAENETDOWN, ENETDOWN},
        {WSAENETRESET, ENETRESET},
        {WSAEACCES, EACCES},
        {WSAEADDRNOTAVAIL, EADDRNOTAVAIL},
        {WSAENOTCONN, ENOTCONN},
        {WSAESHUTDOWN, EPIPE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].code == code) {
            return rows[i].failure;
        }
    }
    return EIO;
}

static int last_failure(void)
{
    return failure_of(WSAGetLastError());
}

const char *eb_net_find(const char *host, const char *port, eb_net_address_t **first)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    WSADATA data;

    /* Windows counts the calls, and cleans up at the end of the process. */
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) {
        return "Windows has no network";
    }
    switch (getaddrinfo(host, port, &hints, first)) {
    case 0:
        return NULL;
    case WSAHOST_NOT_FOUND:
    case WSANO_DATA:
        return "Name or service not known";
    case WSATRY_AGAIN:
        return "Temporary failure in name resolution";
    default:
        return "the system cannot look it up";
    }
}

const eb_net_address_t *eb_net_next(const eb_net_address_t *address)
{
    return address->ai_next;
}

void eb_net_free(eb_net_address_t *first)
{
    freeaddrinfo(first);
}

/* Keepalive probes find a lost peer even while we only listen. */
static void set_options(SOCKET s)
{
    const BOOL on = TRUE;
    struct tcp_keepalive probes = {.onoff = 1,
                                   .keepalivetime = KEEPALIVE_MS,
                                   .keepaliveinterval = KEEPALIVE_MS};
    DWORD unused;

    (void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof(on));
    (void)WSAIoctl(s, SIO_KEEPALIVE_VALS, &probes, sizeof(probes), NULL, 0, &unused, NULL, NULL);
}

int eb_net_connect(const eb_net_address_t *address, int *fd)
{
    /* Children do not get it. */
    const SOCKET s = WSASocketW(address->ai_family, address->ai_socktype, address->ai_protocol,
                                NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    u_long on = 1;
    int failure = 0;

    *fd = -1;
    if (s == INVALID_SOCKET) {
        return last_failure();
    }
    set_options(s);
    if (ioctlsocket(s, (long)FIONBIO, &on) != 0) {
        failure = last_failure();
    } else if (connect(s, address->ai_addr, (int)address->ai_addrlen) != 0) {
        failure = WSAGetLastError() == WSAEWOULDBLOCK ? EINPROGRESS : last_failure();
    }
    if (failure != 0 && failure != EINPROGRESS) {
        (void)closesocket(s);
        return failure;
    }
    *fd = (int)s;
    return failure;
}

int eb_net_connected(int fd)
{
    int code = 0, size = sizeof(code);

    if (getsockopt((SOCKET)fd, SOL_SOCKET, SO_ERROR, (char *)&code, &size) != 0) {
        return last_failure();
    }
    return code == 0 ? 0 : failure_of(code);
}

void eb_net_close(int fd)
{
    (void)closesocket((SOCKET)fd);
}

/* select, because WSAPoll does not tell of a connect that failed. */
int eb_net_wait(int fd, bool to_write, int wait_ms)
{
    fd_set ready, failed;
    struct timeval time = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};

    FD_ZERO(&ready);
    FD_ZERO(&failed);
    ready.fd_array[ready.fd_count++] = (SOCKET)fd;
    failed.fd_array[failed.fd_count++] = (SOCKET)fd;
    const int n = select(0, to_write ? NULL : &ready, to_write ? &ready : NULL, &failed, &time);
    if (n == SOCKET_ERROR) {
        return last_failure();
    }
    return n > 0 ? 0 : ETIMEDOUT;
}

static int outcome(int n, size_t *moved)
{
    *moved = n > 0 ? (size_t)n : 0;
    return n >= 0 ? 0 : last_failure();
}

static int at_most(size_t len)
{
    return len < INT_MAX ? (int)len : INT_MAX;
}

int eb_net_receive(int fd, uint8_t *buf, size_t cap, size_t *got)
{
    return outcome(recv((SOCKET)fd, (char *)buf, at_most(cap), 0), got);
}

int eb_net_send(int fd, const uint8_t *buf, size_t len, size_t *put)
{
    return outcome(send((SOCKET)fd, (const char *)buf, at_most(len), 0), put);
}
