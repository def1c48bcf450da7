/*
 * sim_main.c: espsim, a simulated board as a program: see espsim --help.
 *
 * The main thread only waits for signals and for the command's end; all signals that it waits for
 * are blocked before the first thread starts, so that no other thread ever sees them.
 */
#include "sim_options.h"
#include "sim_report.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_PRIORITY (-10)

static bool write_ready_file(const char *path, const char *address)
{
    FILE *file = path != NULL ? fopen(path, "w") : NULL;

    if (path == NULL) {
        return true;
    }
    if (file == NULL || fprintf(file, "%s\n", address) < 0 || fclose(file) != 0) {
        fprintf(stderr, "espsim: cannot write %s: %s\n", path, strerror(errno));
        return false;
    }
    return true;
}

/*
 * Hardware does not wait for a processor of this machine: the board's threads go first where that
 * is allowed. Returns the priority that the command has.
 */
static int go_first(void)
{
    int priority = getpriority(PRIO_PROCESS, 0);

    (void)setpriority(PRIO_PROCESS, 0, FIRST_PRIORITY);
    return priority;
}

static pid_t start_command(char **command, const sim_board_t *board, const sigset_t *old_mask,
                           int priority)
{
    pid_t pid = fork();

    if (pid != 0) {
        return pid;
    }
    sigprocmask(SIG_SETMASK, old_mask, NULL);
    (void)setpriority(PRIO_PROCESS, 0, priority);
    signal(SIGPIPE, SIG_DFL);
    setenv("ESPBACKUP_PORT", sim_board_address(board), 1);
    setenv("ESPTOOL_PORT", sim_board_address(board), 1);
    sim_board_set_environment(board);
    execvp(command[0], command);
    fprintf(stderr, "espsim: cannot run %s: %s\n", command[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

/* Until the command ends, or without one until a signal; the exit status. */
static int wait_for_end(pid_t pid, const sigset_t *mask)
{
    siginfo_t info;
    int status;

    for (;;) {
        int number = sigwaitinfo(mask, &info);
        if (number == SIGCHLD && pid > 0 && waitpid(pid, &status, WNOHANG) == pid) {
            return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
        if (number != SIGINT && number != SIGTERM) {
            continue;
        }
        if (pid <= 0) {
            return 0;
        }
        /* Ctrl-C reaches the command by itself; what was sent to us alone is passed on. */
        if (info.si_code == SI_USER) {
            kill(pid, number);
        }
    }
}

static int run(const sim_options_t *options, sim_chip_t *chip, const sigset_t *mask,
               const sigset_t *old_mask)
{
    int priority = go_first();
    sim_board_t *board = sim_board_start(&options->board, chip);
    int status = 1;
    pid_t pid = 0;

    if (board == NULL) {
        return 1;
    }
    sim_board_wait_idle(board);
    if (!write_ready_file(options->ready_path, sim_board_address(board))) {
        goto done;
    }
    if (options->command == NULL) {
        printf("%s\n", sim_board_address(board));
        fflush(stdout);
    } else {
        pid = start_command(options->command, board, old_mask, priority);
        if (pid < 0) {
            fprintf(stderr, "espsim: cannot fork: %s\n", strerror(errno));
            goto done;
        }
    }
    status = wait_for_end(pid, mask);
    if (pid > 0) {
        sim_board_wait_idle(board);
    }
    if (options->report_path != NULL && !sim_report_write(options->report_path, board, chip) &&
        status == 0) {
        status = 1;
    }
done:
    sim_board_stop(board);
    return status;
}

int main(int argc, char **argv)
{
    sim_options_t options;
    sim_chip_t *chip;
    sigset_t mask, old_mask;
    int status = sim_options_parse(&options, argc, argv);

    if (status >= 0) {
        return status;
    }
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, &old_mask);
    signal(SIGPIPE, SIG_IGN);
    chip = sim_chip_new(&options.chip);
    if (chip == NULL) {
        return 1;
    }
    if (options.board.usb_otg && options.board.usb_vid == 0) {
        options.board.usb_vid = 0x303A;
        options.board.usb_pid = sim_chip_usb_id(chip);
    }
    status = run(&options, chip, &mask, &old_mask);
    sim_chip_free(chip);
    return status;
}
