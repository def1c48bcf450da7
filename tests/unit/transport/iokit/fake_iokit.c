/*
 * fake_iokit.c: a library with the calls of IOKit and CoreFoundation that serial_iokit.c makes, and
 * four ports in its registry. It counts what is not given back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TYPE_TEXT = 7, TYPE_NUMBER = 22, TYPE_DICTIONARY = 18 };
enum { PORTS = 4, ITERATOR = 77 };

typedef struct object {
    unsigned long type;
    char text[128];
    int number;
} object_t;

typedef struct property {
    unsigned port;
    const char *name;
    const char *text; /* NULL: a number */
    int number;
} property_t;

static const property_t registry[] = {
    {1, "IOCalloutDevice", "/dev/cu.usbserial-0001", 0},
    {1, "IOProviderClass", "IOUSBHostInterface", 0},
    {1, "idVendor", NULL, 0x10C4},
    {1, "idProduct", NULL, 0xEA60},
    {1, "bInterfaceNumber", NULL, 1},
    {1, "locationID", NULL, 0x14200000},
    {1, "USB Product Name", "CP2105 Dual\xFF Bridge", 0},
    {1, "USB Serial Number", "00FE", 0},
    {2, "IOCalloutDevice", "/dev/cu.Bluetooth-Incoming-Port", 0},
    {2, "IOProviderClass", "IOSerialStreamSync", 0},
    /* A port that other programs made, with odd things, and one without a name. */
    {3, "IOCalloutDevice", "/dev/cu.odd", 0},
    {3, "idVendor", "0x303A", 0},
    {3, "idProduct", NULL, 0x1001},
    {4, "idVendor", NULL, 0x303A},
};

static int living;
static unsigned next_port;

/* Objects and handles that are in use; for the test. */
int fake_iokit_living(void);
int fake_iokit_living(void)
{
    return living;
}

static object_t *make(unsigned long type, const char *text, int number)
{
    object_t *object = calloc(1, sizeof(*object));

    if (object != NULL) {
        object->type = type;
        object->number = number;
        (void)snprintf(object->text, sizeof(object->text), "%s", text);
        living++;
    }
    return object;
}

static void must(int is_so, const char *what)
{
    if (!is_so) {
        (void)fprintf(stderr, "fake_iokit: %s\n", what);
        abort();
    }
}

void CFRelease(object_t *object);
void CFRelease(object_t *object)
{
    must(object != NULL, "CFRelease(NULL), which ends a program of macOS");
    living--;
    free(object);
}

object_t *CFStringCreateWithCString(const void *allocator, const char *text, unsigned encoding);
object_t *CFStringCreateWithCString(const void *allocator, const char *text, unsigned encoding)
{
    must(allocator == NULL && encoding == 0x08000100, "a text that is not UTF-8");
    return make(TYPE_TEXT, text, 0);
}

unsigned char CFStringGetCString(const object_t *string, char *out, long cap, unsigned encoding);
unsigned char CFStringGetCString(const object_t *string, char *out, long cap, unsigned encoding)
{
    must(string->type == TYPE_TEXT && encoding == 0x08000100, "the text of something else");
    if (strlen(string->text) >= (size_t)cap) {
        return 0;
    }
    strcpy(out, string->text);
    return 1;
}

unsigned char CFNumberGetValue(const object_t *number, long type, void *out);
unsigned char CFNumberGetValue(const object_t *number, long type, void *out)
{
    must(number->type == TYPE_NUMBER && type == 3, "the number of something else");
    memcpy(out, &number->number, 4);
    return 1;
}

unsigned long CFGetTypeID(const object_t *object);
unsigned long CFGetTypeID(const object_t *object)
{
    return object->type;
}

unsigned long CFStringGetTypeID(void);
unsigned long CFStringGetTypeID(void)
{
    return TYPE_TEXT;
}

unsigned long CFNumberGetTypeID(void);
unsigned long CFNumberGetTypeID(void)
{
    return TYPE_NUMBER;
}

object_t *IOServiceMatching(const char *name);
object_t *IOServiceMatching(const char *name)
{
    return make(TYPE_DICTIONARY, name, 0);
}

/* It takes the dictionary. */
int IOServiceGetMatchingServices(unsigned port, object_t *matching, unsigned *iterator);
int IOServiceGetMatchingServices(unsigned port, object_t *matching, unsigned *iterator)
{
    const int is_serial = strcmp(matching->text, "IOSerialBSDClient") == 0;

    must(port == 0 && matching->type == TYPE_DICTIONARY, "no dictionary");
    CFRelease(matching);
    if (!is_serial || getenv("FAKE_IOKIT_FAILS") != NULL) {
        return -1;
    }
    *iterator = ITERATOR;
    next_port = 1;
    living++;
    return 0;
}

unsigned IOIteratorNext(unsigned iterator);
unsigned IOIteratorNext(unsigned iterator)
{
    must(iterator == ITERATOR, "no iterator");
    if (next_port > PORTS) {
        return 0;
    }
    living++;
    return next_port++;
}

int IOObjectRelease(unsigned object);
int IOObjectRelease(unsigned object)
{
    must(object != 0, "no object");
    living--;
    return 0;
}

object_t *IORegistryEntrySearchCFProperty(unsigned entry, const char *plane, const object_t *key,
                                          const void *allocator, unsigned options);
object_t *IORegistryEntrySearchCFProperty(unsigned entry, const char *plane, const object_t *key,
                                          const void *allocator, unsigned options)
{
    must(strcmp(plane, "IOService") == 0 && allocator == NULL && options == 3, "another search");
    for (size_t i = 0; i < sizeof(registry) / sizeof(registry[0]); i++) {
        const property_t *p = &registry[i];

        if (p->port == entry && strcmp(p->name, key->text) == 0) {
            return p->text != NULL ? make(TYPE_TEXT, p->text, 0) : make(TYPE_NUMBER, "", p->number);
        }
    }
    return NULL;
}
