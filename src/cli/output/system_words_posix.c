/* system_words_posix.c: words for Linux and systems like it. */
#include "system_words.h"

const char *const eb_system_port = "/dev/ttyUSB0";

const char *const eb_system_port_denied =
    "join the group that owns the port: sudo usermod -a -G dialout $USER, then log in again";
const char *const eb_system_usb_access =
    "run the command as root, or add a udev rule that gives you the device";
const char *const eb_system_dfu_util = "install dfu-util; on Debian: apt-get install dfu-util";
