/* system_words_darwin.c: words for macOS. */
#include "system_words.h"

const char *const eb_system_port = "/dev/cu.usbserial-0001";

const char *const eb_system_port_denied = "let the owner of the port give you the right to use it";
const char *const eb_system_usb_access = "run the command as root";
const char *const eb_system_dfu_util = "install dfu-util; with Homebrew: brew install dfu-util";
