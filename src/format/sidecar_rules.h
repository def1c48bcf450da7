/* sidecar_rules.h: what the reader and the writer of sidecars share, and names that JSON output
 * uses for the same things. */
#ifndef EB_FORMAT_SIDECAR_RULES_H
#define EB_FORMAT_SIDECAR_RULES_H

#include "sidecar.h"

/* A value of an enum and its name in JSON. */
typedef struct eb_name_row {
    int value;
    const char *name;
} eb_name_row_t;

typedef struct eb_name_table {
    const eb_name_row_t *rows;
    size_t count;
} eb_name_table_t;

extern const eb_name_table_t eb_image_state_names;
extern const eb_name_table_t eb_entry_fault_names;
extern const eb_name_table_t eb_ota_reason_names;
extern const eb_name_table_t eb_boot_stop_names;
extern const eb_name_table_t eb_port_kind_names;

/* Name of a value; never NULL. */
const char *eb_name_of(const eb_name_table_t *table, int value);
/* Value of a name, -1 when there is none. */
int eb_name_value(const eb_name_table_t *table, const char *name);

/* The rules beyond type and width of a field. EB_ERR_SIDECAR_INVALID names the field. The writer
 * asks too, so that it never writes what the reader refuses. */
eb_code_t eb_sidecar_check(const eb_sidecar_t *sidecar, eb_err_t *err);

#endif
