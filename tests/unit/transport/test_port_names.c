/* Listing the ports while one goes away: /sys/class/tty is a folder of ours. */
#include "espbackup/transport.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CLASS "/sys/class/tty"

static char folder[] = "/tmp/portnamesXXXXXX";
static const char *vanishing; /* its link can be read once */
static unsigned reads;

/* The path in our folder; false: the port has gone. */
static bool map(const char *path, char *ours, size_t cap)
{
    const bool in_class = strncmp(path, CLASS, strlen(CLASS)) == 0;

    if (in_class && vanishing != NULL && strstr(path, vanishing) != NULL && reads > 0) {
        errno = ENOENT;
        return false;
    }
    (void)snprintf(ours, cap, "%s%s", in_class ? folder : "",
                   path + (in_class ? strlen(CLASS) : 0));
    return true;
}

/* libserialport, old or new, and espbackup call these. */
DIR *opendir(const char *path)
{
    DIR *(*next)(const char *);
    char ours[4096];

    *(void **)&next = dlsym(RTLD_NEXT, "opendir");
    return map(path, ours, sizeof(ours)) ? next(ours) : NULL;
}

int lstat(const char *path, struct stat *st)
{
    char ours[4096];

    return map(path, ours, sizeof(ours)) ? fstatat(AT_FDCWD, ours, st, AT_SYMLINK_NOFOLLOW) : -1;
}

int __lxstat(int version, const char *path, struct stat *st);
int __lxstat(int version, const char *path, struct stat *st)
{
    (void)version;
    return lstat(path, st);
}

ssize_t readlink(const char *path, char *out, size_t size)
{
    char ours[4096];

    if (!map(path, ours, sizeof(ours))) {
        return -1;
    }
    if (vanishing != NULL && strstr(path, vanishing) != NULL) {
        reads++;
    }
    return readlinkat(AT_FDCWD, ours, out, size);
}

static void add(const char *name, const char *target)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(symlink(target, path), 0);
}

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    add("tty0", "../../devices/virtual/tty/tty0");
    add("ttyUSB0", "../../devices/usb1/1-1/1-1:1.0/ttyUSB0/tty/ttyUSB0");
    add("ttyUSB1", "../../devices/usb1/1-2/1-2:1.0/ttyUSB1/tty/ttyUSB1");
    add("ttyACM0", "../../devices/usb1/1-3/1-3:1.0/tty/ttyACM0");
    return 0;
}

static int remove_folder(void **state)
{
    char command[300];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

static void check_listed(const char *const names[], size_t count)
{
    eb_port_list_t list = {0};
    eb_err_t err = {0};

    reads = 0;
    assert_int_equal(eb_port_list_get(&list, &err), EB_OK);
    assert_int_equal(list.count, count);
    for (size_t i = 0; i < count; i++) {
        bool found = false;

        for (size_t k = 0; k < list.count; k++) {
            found = found || strcmp(list.ports[k].name, names[i]) == 0;
        }
        assert_true(found);
    }
    eb_port_list_free(&list);
}

static void ports_have_a_device_behind_them(void **state)
{
    (void)state;
    vanishing = NULL;
    check_listed((const char *const[]){"/dev/ttyUSB0", "/dev/ttyUSB1", "/dev/ttyACM0"}, 3);
}

/* Whichever of them: the first, the last, or one between. */
static void a_port_that_goes_away_meanwhile_is_left_out(void **state)
{
    (void)state;
    vanishing = "ttyUSB0";
    check_listed((const char *const[]){"/dev/ttyUSB1", "/dev/ttyACM0"}, 2);
    vanishing = "ttyUSB1";
    check_listed((const char *const[]){"/dev/ttyUSB0", "/dev/ttyACM0"}, 2);
    vanishing = "ttyACM0";
    check_listed((const char *const[]){"/dev/ttyUSB0", "/dev/ttyUSB1"}, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_have_a_device_behind_them),
        cmocka_unit_test(a_port_that_goes_away_meanwhile_is_left_out),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
