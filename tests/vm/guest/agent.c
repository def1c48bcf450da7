/*
 * agent.c: runs what the host asks for, many scripts at a time: agent TCP-PORT
 *
 * The host sends the size of a script, a newline and the script. The agent tells the process number
 * of its shell at once. When the shell ends it tells the status and two sizes, and then what the
 * shell wrote to stdout and to stderr. A host that hangs up before that ends the script.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The kernel forgets a connection that the queue has no room for, while the host takes it for
 * open. */
#define QUEUE 128

static char *receive_script(FILE *host)
{
    size_t size;
    char *script = NULL;

    if (fscanf(host, "%zu%*c", &size) == 1 && (script = calloc(1, size + 1)) != NULL &&
        fread(script, 1, size, host) != size) {
        free(script);
        script = NULL;
    }
    return script;
}

/* The shell has a process group of its own, so that it can be ended with all that it has started.
 */
static pid_t start_shell(const char *script, int out, int err)
{
    pid_t shell = fork();

    if (shell == 0) {
        setpgid(0, 0);
        dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    setpgid(shell, shell);
    return shell;
}

/* False: the host has hung up. */
static bool wait_for(pid_t shell, int host)
{
    struct pollfd ways[] = {{.fd = pidfd_open(shell, 0), .events = POLLIN},
                            {.fd = host, .events = POLLRDHUP}};

    poll(ways, 2, -1);
    return ways[0].revents != 0;
}

static void send_all(int host, int fd, off_t size)
{
    off_t at = 0;

    while (at < size && sendfile(host, fd, &at, (size_t)(size - at)) > 0) {
    }
}

static void serve(int host)
{
    int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC), status;
    char *script = receive_script(fdopen(host, "r"));
    pid_t shell;

    if (script == NULL) {
        return;
    }
    shell = start_shell(script, out, err);
    dprintf(host, "%d\n", shell);
    if (!wait_for(shell, host)) {
        kill(-shell, SIGKILL);
        return;
    }
    waitpid(shell, &status, 0);
    off_t out_size = lseek(out, 0, SEEK_END), err_size = lseek(err, 0, SEEK_END);
    dprintf(host, "%d %ld %ld\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            (long)out_size, (long)err_size);
    send_all(host, out, out_size);
    send_all(host, err, err_size);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (argc != 2) {
        fprintf(stderr, "usage: agent TCP-PORT\n");
        return 2;
    }
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, QUEUE) != 0) {
        perror("agent");
        return 1;
    }
    signal(SIGCHLD, SIG_IGN); /* as process 1: what ends without a parent is gone at once */
    for (;;) {
        int host = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (host >= 0 && fork() == 0) {
            signal(SIGCHLD, SIG_DFL);
            serve(host);
            _exit(0);
        }
        close(host);
    }
}
