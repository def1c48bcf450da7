#include "port_identity.h"
#include "transport_serial.h"

#include <stdlib.h>
#include <string.h>

typedef struct collector {
    eb_port_list_t *list;
    size_t capacity;
    bool no_memory;
} collector_t;

static bool collect(void *user, const eb_port_info_t *info, eb_attachment_t attachment)
{
    collector_t *c = user;
    eb_port_list_t *list = c->list;

    if (list->count == c->capacity) {
        const size_t capacity = c->capacity == 0 ? 8 : 2 * c->capacity;
        eb_port_info_t *bigger = realloc(list->ports, capacity * sizeof(*bigger));

        if (bigger == NULL) {
            c->no_memory = true;
            return false;
        }
        list->ports = bigger;
        c->capacity = capacity;
    }
    list->ports[list->count] = *info;
    eb_port_identify(&list->ports[list->count], attachment);
    list->count++;
    return true;
}

/* Likeliest first; names in the order in which people count: ttyUSB2 before ttyUSB10. */
static int compare_ports(const void *a, const void *b)
{
    const eb_port_info_t *x = a, *y = b;
    const size_t x_len = strlen(x->name), y_len = strlen(y->name);

    if (x->likelihood != y->likelihood) {
        return x->likelihood > y->likelihood ? -1 : 1;
    }
    if (x_len != y_len) {
        return x_len < y_len ? -1 : 1;
    }
    return strcmp(x->name, y->name);
}

eb_code_t eb_port_list_get(eb_port_list_t *out, eb_err_t *err)
{
    collector_t c = {.list = out};
    eb_code_t code;

    *out = (eb_port_list_t){0};
    code = eb_serial_visit_ports(collect, &c, err);
    if (code == EB_OK && c.no_memory) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory for the list of ports");
    }
    if (code != EB_OK) {
        eb_port_list_free(out);
        return code;
    }
    if (out->count > 1) {
        qsort(out->ports, out->count, sizeof(*out->ports), compare_ports);
    }
    return EB_OK;
}

void eb_port_list_free(eb_port_list_t *list)
{
    if (list == NULL) {
        return;
    }
    free(list->ports);
    *list = (eb_port_list_t){0};
}
