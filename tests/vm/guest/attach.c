/*
 * attach.c: keeps a USB/IP device attached to the guest: attach HOST TCP-PORT BUS-ID VHCI-PORT
 *
 * The server answers the import when the device is plugged in. When the device goes away, this asks
 * again. The device always comes to the same port of the virtual hub, as in a real socket.
 * Protocol: Documentation/usb/usbip_protocol.rst of Linux.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VHCI         "/sys/devices/platform/vhci_hcd.0/"
#define PORT_IS_FREE 4 /* VDEV_ST_NULL */
#define RETRY_US     20000

static bool is_free(int wanted)
{
    FILE *file = fopen(VHCI "status", "r");
    char line[256], hub[8];
    int port, status;
    bool free = false;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "%7s %d %d", hub, &port, &status) == 3 && port == wanted) {
            free = status == PORT_IS_FREE;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return free;
}

/* Ask for the device, and hand the connection over to the kernel. */
static bool import(const char *host, int tcp_port, const char *bus_id, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)tcp_port)};
    uint8_t request[40] = {0x01, 0x11, 0x80, 0x03}, reply[8], device[312];
    uint32_t numbers[3]; /* bus, device, speed */
    int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = false;

    inet_pton(AF_INET, host, &address.sin_addr);
    snprintf((char *)request + 8, 32, "%s", bus_id);
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(s, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        send(s, request, sizeof(request), 0) == (ssize_t)sizeof(request) &&
        recv(s, reply, sizeof(reply), MSG_WAITALL) == (ssize_t)sizeof(reply) && reply[7] == 0 &&
        recv(s, device, sizeof(device), MSG_WAITALL) == (ssize_t)sizeof(device)) {
        FILE *file = fopen(VHCI "attach", "w");

        memcpy(numbers, device + 288, sizeof(numbers));
        if (file != NULL) {
            fprintf(file, "%d %d %u %u", port, s, ntohl(numbers[0]) << 16 | ntohl(numbers[1]),
                    ntohl(numbers[2]));
            ok = fclose(file) == 0;
        }
    }
    close(s);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: attach HOST TCP-PORT BUS-ID VHCI-PORT\n");
        return 2;
    }
    for (;;) {
        if (is_free(atoi(argv[4]))) {
            import(argv[1], atoi(argv[2]), argv[3], atoi(argv[4]));
        }
        usleep(RETRY_US);
    }
}
