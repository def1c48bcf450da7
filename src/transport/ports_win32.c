/*
 * ports_win32.c: the serial ports that Windows lists. SERIALCOMM in the registry names all of them;
 * the device manager (SetupAPI) says what the plugged ones are.
 */
#include "ports_win32.h"

#include "platform_headers_win32.h"
#include "platform_path_win32.h"
#include "transport_serial.h"
#include "utf8.h"

#include <devguid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIALCOMM L"HARDWARE\\DEVICEMAP\\SERIALCOMM"
#define TEXT_UNITS 512

static void copy_wide(char *out, size_t cap, const wchar_t *text)
{
    char *utf8 = eb_win32_utf8(text);

    eb_utf8_copy_clean(out, cap, utf8);
    free(utf8);
}

/* A property of a device; empty: it has none. */
static void property(HDEVINFO list, SP_DEVINFO_DATA *device, DWORD which, wchar_t out[TEXT_UNITS])
{
    out[0] = L'\0';
    (void)SetupDiGetDeviceRegistryPropertyW(list, device, which, NULL, (BYTE *)out,
                                            (TEXT_UNITS - 1) * sizeof(*out), NULL);
    out[TEXT_UNITS - 1] = L'\0';
}

static bool has_name(HDEVINFO list, SP_DEVINFO_DATA *device, const wchar_t *name)
{
    wchar_t text[TEXT_UNITS] = L"";
    DWORD size = sizeof(text) - sizeof(*text);
    HKEY key = SetupDiOpenDevRegKey(list, device, DICS_FLAG_GLOBAL, 0, DIREG_DEV, KEY_QUERY_VALUE);

    if (key == INVALID_HANDLE_VALUE) {
        return false;
    }
    const bool found =
        RegQueryValueExW(key, L"PortName", NULL, NULL, (BYTE *)text, &size) == ERROR_SUCCESS &&
        _wcsicmp(text, name) == 0;
    (void)RegCloseKey(key);
    return found;
}

/* "USB\VID_10C4&PID_EA60\0001" and "FTDIBUS\VID_0403+PID_6001+A50285BIA\0000": ids, and the serial
 * number, unless Windows made up a name of its own, which has a '&'. */
static void take_ids(const wchar_t *instance, eb_port_info_t *info, eb_attachment_t *attachment)
{
    unsigned vid = 0, pid = 0;
    wchar_t serial[64] = L"";

    if (swscanf(instance, L"USB\\VID_%4x&PID_%4x", &vid, &pid) == 2) {
        const wchar_t *last = wcsrchr(instance, L'\\');
        (void)wcsncpy(serial, wcschr(last, L'&') == NULL ? last + 1 : L"", 63);
    } else if (swscanf(instance, L"FTDIBUS\\VID_%4x+PID_%4x+%63l[^\\]", &vid, &pid, serial) < 2) {
        *attachment =
            wcsncmp(instance, L"BTH", 3) == 0 ? EB_ATTACHED_BLUETOOTH : EB_ATTACHED_NATIVE;
        return;
    }
    *attachment = EB_ATTACHED_USB;
    info->vid = (uint16_t)vid;
    info->pid = (uint16_t)pid;
    copy_wide(info->serial, sizeof(info->serial), serial);
}

static void take_device(HDEVINFO list, SP_DEVINFO_DATA *device, eb_port_info_t *info,
                        eb_attachment_t *attachment)
{
    wchar_t text[TEXT_UNITS];

    property(list, device, SPDRP_FRIENDLYNAME, text);
    copy_wide(info->product, sizeof(info->product), text);
    property(list, device, SPDRP_SERVICE, text);
    copy_wide(info->driver, sizeof(info->driver), text);
    property(list, device, SPDRP_LOCATION_INFORMATION, text); /* "Port_#0002.Hub_#0003" */
    copy_wide(info->usb_path, sizeof(info->usb_path), text);
    if (SetupDiGetDeviceInstanceIdW(list, device, text, TEXT_UNITS, NULL)) {
        take_ids(text, info, attachment);
    }
}

void eb_ports_describe(const wchar_t *name, eb_port_info_t *info, eb_attachment_t *attachment)
{
    SP_DEVINFO_DATA device = {.cbSize = sizeof(device)};
    const HDEVINFO list = SetupDiGetClassDevsW(&GUID_DEVCLASS_PORTS, NULL, NULL, DIGCF_PRESENT);

    memset(info, 0, sizeof(*info));
    *attachment = EB_ATTACHED_NATIVE;
    copy_wide(info->name, sizeof(info->name), name);
    for (DWORD i = 0; list != INVALID_HANDLE_VALUE && SetupDiEnumDeviceInfo(list, i, &device);
         i++) {
        if (has_name(list, &device, name)) {
            take_device(list, &device, info, attachment);
            break;
        }
    }
    if (list != INVALID_HANDLE_VALUE) {
        (void)SetupDiDestroyDeviceInfoList(list);
    }
    if (info->product[0] == '\0') {
        memcpy(info->product, info->name,
               sizeof(info->product) < sizeof(info->name) ? sizeof(info->product) - 1
                                                          : sizeof(info->name));
    }
}

eb_code_t eb_serial_visit_ports(eb_serial_visit_fn visit, void *user, eb_err_t *err)
{
    wchar_t value[TEXT_UNITS], name[TEXT_UNITS];
    eb_port_info_t info;
    eb_attachment_t attachment;
    HKEY key;

    (void)err;
    /* A computer without ports has no such key. */
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, SERIALCOMM, 0, KEY_QUERY_VALUE, &key) != ERROR_SUCCESS) {
        return EB_OK;
    }
    for (DWORD i = 0;; i++) {
        DWORD value_units = TEXT_UNITS, size = sizeof(name) - sizeof(*name), type;

        memset(name, 0, sizeof(name));
        if (RegEnumValueW(key, i, value, &value_units, NULL, &type, (BYTE *)name, &size) !=
            ERROR_SUCCESS) {
            break;
        }
        eb_ports_describe(name, &info, &attachment);
        if (type == REG_SZ && !visit(user, &info, attachment)) {
            break;
        }
    }
    (void)RegCloseKey(key);
    return EB_OK;
}
