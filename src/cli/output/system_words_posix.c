/* system_words_posix.c: words for Linux, macOS and systems like them. */
#include "system_words.h"

#ifdef __APPLE__
const char *const eb_system_port = "/dev/cu.usbserial-0001";
const char *const eb_system_port_denied = "let the owner of the port give you the right to use it";
const char *const eb_system_usb_access = "run the command as root";
const char *const eb_system_dfu_util = "install dfu-util; with Homebrew: brew install dfu-util";
#else
const char *const eb_system_port = "/dev/ttyUSB0";
const char *const eb_system_port_denied =
    "join the group that owns the port: sudo usermod -a -G dialout $USER, then log in again";
const char *const eb_system_usb_access =
    "run the command as root, or add a udev rule that gives you the device";
const char *const eb_system_dfu_util = "install dfu-util; on Debian: apt-get install dfu-util";
#endif
