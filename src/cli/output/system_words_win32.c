/* system_words_win32.c: words for Windows. */
#include "system_words.h"

const char *const eb_system_port = "COM3";

const char *const eb_system_port_denied =
    "ask an administrator of this computer for access to the port";
const char *const eb_system_usb_access =
    "let Zadig install the driver WinUSB for the device, while it is in DFU mode";
const char *const eb_system_dfu_util = "install dfu-util, and add its folder to PATH";
