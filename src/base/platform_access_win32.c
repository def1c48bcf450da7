/* platform_access_win32.c: who else can read and change files, for platform.h on Windows. */
#include "platform_access_win32.h"

#include "platform.h"
#include "platform_headers_win32.h"
#include "platform_path_win32.h"

#include <io.h>
#include <stdio.h>
#include <string.h>

static HANDLE handle_of(int fd)
{
    return (HANDLE)_get_osfhandle(fd);
}

typedef union token_sid {
    TOKEN_USER user;
    TOKEN_OWNER owner;
    char room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
} token_sid_t;

static bool ask_token(TOKEN_INFORMATION_CLASS what, token_sid_t *out)
{
    HANDLE token;
    DWORD size;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        return false;
    }
    const bool ok = GetTokenInformation(token, what, out, sizeof(*out), &size);
    (void)CloseHandle(token);
    return ok;
}

bool eb_win32_private(bool is_folder, SECURITY_ATTRIBUTES *out)
{
    wchar_t rules[256], *user = NULL;
    token_sid_t sid;

    memset(out, 0, sizeof(*out));
    out->nLength = sizeof(*out);
    if (!ask_token(TokenUser, &sid) || !ConvertSidToStringSidW(sid.user.User.Sid, &user)) {
        return false;
    }
    const int n = swprintf(rules, sizeof(rules) / sizeof(rules[0]), L"D:P(A;%ls;FA;;;%ls)",
                           is_folder ? L"OICI" : L"", user);
    (void)LocalFree(user);
    return n > 0 &&
           ConvertStringSecurityDescriptorToSecurityDescriptorW(rules, SDDL_REVISION_1,
                                                                &out->lpSecurityDescriptor, NULL);
}

/* The owner, and who may do what; NULL: the file system does not tell. LocalFree. */
static PSECURITY_DESCRIPTOR access_of(HANDLE file, PSID *owner, PACL *rules)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;

    if (GetSecurityInfo(file, SE_FILE_OBJECT,
                        OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, owner, NULL, rules,
                        NULL, &descriptor) != ERROR_SUCCESS) {
        return NULL;
    }
    return descriptor;
}

/* Whether the user of this process is meant: by name, or as what files of this user belong to,
 * which is a group for an administrator. */
static bool is_this_user(PSID who)
{
    token_sid_t sid;

    return (ask_token(TokenUser, &sid) && EqualSid(who, sid.user.User.Sid)) ||
           (ask_token(TokenOwner, &sid) && EqualSid(who, sid.owner.Owner));
}

/* Administrators and the system can read and change everything anyway. */
static bool is_trusted(PSID who)
{
    return IsWellKnownSid(who, WinLocalSystemSid) ||
           IsWellKnownSid(who, WinBuiltinAdministratorsSid) ||
           IsWellKnownSid(who, WinCreatorOwnerRightsSid) || is_this_user(who);
}

/* Whether the rules let others do one of these things. No rules at all let everybody do all. */
static bool lets_others(PACL rules, DWORD what)
{
    ACCESS_ALLOWED_ACE *rule;

    if (rules == NULL) {
        return true;
    }
    for (DWORD i = 0; i < rules->AceCount; i++) {
        if (GetAce(rules, i, (void **)&rule) && rule->Header.AceType == ACCESS_ALLOWED_ACE_TYPE &&
            (rule->Mask & what) != 0 && !is_trusted((PSID)&rule->SidStart)) {
            return true;
        }
    }
    return false;
}

const char *eb_platform_why_foreign(int fd, const char *path)
{
    BY_HANDLE_FILE_INFORMATION info;
    PSID owner;
    PACL rules;
    const char *why = NULL;

    (void)path;
    if (!GetFileInformationByHandle(handle_of(fd), &info)) {
        return "cannot be examined";
    }
    if (info.nNumberOfLinks != 1) {
        return "has a second name, or none";
    }
    PSECURITY_DESCRIPTOR access = access_of(handle_of(fd), &owner, &rules);
    if (access != NULL && owner != NULL && !is_trusted(owner)) {
        why = "belongs to another user";
    } else if (access != NULL && rules != NULL &&
               lets_others(rules, FILE_WRITE_DATA | WRITE_DAC | WRITE_OWNER)) {
        why = "can be written by other users";
    }
    (void)LocalFree(access);
    return why;
}

const char *eb_platform_why_unsafe(int fd, const char *dir)
{
    HANDLE folder;
    PSID owner;
    PACL rules;
    wchar_t *wide;
    const char *why = NULL;

    (void)fd;
    if (eb_win32_path(dir, &wide) != 0) {
        return NULL;
    }
    folder = CreateFileW(wide, READ_CONTROL, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                         NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    free(wide);
    if (folder == INVALID_HANDLE_VALUE) {
        return NULL;
    }
    PSECURITY_DESCRIPTOR access = access_of(folder, &owner, &rules);
    if (access != NULL && owner != NULL && !is_trusted(owner)) {
        why = "belongs to another user";
    } else if (access != NULL && rules != NULL &&
               lets_others(rules, FILE_DELETE_CHILD | WRITE_DAC)) {
        why = "can be changed by other users";
    }
    (void)LocalFree(access);
    (void)CloseHandle(folder);
    return why;
}

bool eb_platform_is_private(int fd, char why[EB_PRIVATE_TEXT_BYTES])
{
    PSID owner;
    PACL rules;
    PSECURITY_DESCRIPTOR access = access_of(handle_of(fd), &owner, &rules);
    const bool open_to_others = access == NULL || lets_others(rules, FILE_READ_DATA);

    (void)snprintf(why, EB_PRIVATE_TEXT_BYTES, "%s",
                   access == NULL ? "is on a file system without access rights"
                                  : "inherits access rights of other users");
    (void)LocalFree(access);
    return !open_to_others;
}
