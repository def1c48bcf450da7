/* cmd_ports.c: `espbackup ports`. */
#include "board.h"
#include "command_table.h"
#include "espbackup/transport.h"
#include "sidecar_rules.h"
#include "text_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a port said when it was opened. */
typedef struct eb_probe {
    bool tried;
    bool answered;
    char name[48]; /* "ESP32-C3 v0.4" */
    char description[64];
    char id[16];
    char mac[EB_MAC_TEXT_BYTES];
    eb_err_t err; /* when it did not answer */
} eb_probe_t;

/* One attempt with the ROM bootloader: the question is who is there, not how fast. */
static eb_code_t probe_one(eb_cli_t *cli, const char *port, eb_probe_t *out)
{
    eb_session_options_t options;
    eb_session_t *session = NULL;

    eb_board_options(&cli->args, &options);
    options.port = port;
    options.no_stub = true;
    options.stub_path = NULL;
    if (!cli->args.values[EB_OPT_CONNECT_ATTEMPTS].set) {
        options.connect_attempts = 1;
    }
    out->tried = true;
    eb_console_connecting(&cli->console, port);
    eb_code_t code = eb_session_open(&options, &cli->console.events, &session, &out->err);
    if (code == EB_OK) {
        const eb_chip_info_t *chip = eb_session_chip(session);
        out->answered = true;
        snprintf(out->name, sizeof(out->name), "%s", chip->name);
        if (chip->has_revision) {
            snprintf(out->name, sizeof(out->name), "%s v%d.%d", chip->name, chip->revision_major,
                     chip->revision_minor);
        }
        snprintf(out->description, sizeof(out->description), "%s", chip->description);
        snprintf(out->id, sizeof(out->id), "%s", chip->id);
        snprintf(out->mac, sizeof(out->mac), "%s", chip->mac_count > 0 ? chip->macs[0].text : "");
    }
    eb_board_close(cli, session);
    return code;
}

static eb_code_t probe_all(eb_cli_t *cli, const eb_port_list_t *list, eb_probe_t *probes,
                           eb_err_t *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (probe_one(cli, list->ports[i].name, &probes[i]) == EB_ERR_CANCELLED) {
            *err = probes[i].err;
            return EB_ERR_CANCELLED;
        }
    }
    return EB_OK;
}

static void render_json(eb_json_t *root, const eb_port_list_t *list, const eb_probe_t *probes)
{
    eb_json_t *array = eb_json_add_array(root, "ports");

    for (size_t i = 0; i < list->count; i++) {
        const eb_port_info_t *port = &list->ports[i];
        eb_json_t *node = eb_json_append_object(array);

        eb_json_add_text(node, "name", port->name);
        eb_json_add_text(node, "kind", eb_name_of(&eb_port_kind_names, (int)port->kind));
        eb_json_add_int(node, "vid", port->vid);
        eb_json_add_int(node, "pid", port->pid);
        eb_json_add_text(node, "product", port->product);
        eb_json_add_text(node, "serial", port->serial);
        if (!probes[i].tried) {
            continue;
        }
        eb_json_t *probe = eb_json_add_object(node, "probe");
        eb_json_add_bool(probe, "answered", probes[i].answered);
        if (probes[i].answered) {
            eb_json_add_text(probe, "chip", probes[i].id);
            eb_json_add_text(probe, "description", probes[i].description);
            eb_json_add_text(probe, "mac", probes[i].mac);
        } else {
            eb_json_add_text(probe, "code", eb_code_row(probes[i].err.code)->name);
            eb_json_add_text(probe, "message", probes[i].err.message);
        }
    }
}

/* Why there is no answer, in few words: which port it is, the line says. */
static const char *failure_text(const eb_err_t *err, const char *port)
{
    const size_t len = strlen(port);
    const bool named = strncmp(err->message, port, len) == 0;

    return named && strncmp(err->message + len, " is ", 4) == 0 ? err->message + len + 4
                                                                : err->message;
}

static bool render_text(const eb_term_t *term, const eb_port_list_t *list, const eb_probe_t *probes)
{
    static const eb_column_t columns[] = {
        {"Port", false, 0}, {"USB", false, 0},      {"Answer", false, 16},
        {"MAC", false, 0},  {"Product", false, 10}, {"Serial", false, EB_COLUMN_DROP},
    };
    eb_table_t rows;

    eb_table_init(&rows, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < list->count; i++) {
        const eb_port_info_t *port = &list->ports[i];
        eb_table_add(&rows, port->name);
        if (port->vid != 0) {
            eb_table_addf(&rows, "%04x:%04x", (unsigned)port->vid, (unsigned)port->pid);
        } else {
            eb_table_add(&rows, "");
        }
        eb_table_add(&rows, probes[i].answered ? probes[i].name
                                               : failure_text(&probes[i].err, port->name));
        eb_table_add(&rows, probes[i].mac);
        eb_table_add(&rows, port->product);
        eb_table_add(&rows, port->serial);
    }
    bool printed = eb_table_print(&rows, term, 0);
    eb_table_free(&rows);
    return printed;
}

static eb_code_t run(eb_cli_t *cli, eb_err_t *err)
{
    eb_port_list_t list = {0};
    eb_probe_t *probes = NULL;

    eb_code_t code = eb_port_list_get(&list, err);
    if (code != EB_OK) {
        goto done;
    }
    probes = calloc(list.count + 1, sizeof(*probes));
    if (probes == NULL) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory for %zu ports", list.count);
        goto done;
    }
    if (eb_arg_flag(&cli->args, EB_OPT_PROBE)) {
        code = probe_all(cli, &list, probes, err);
    }
    eb_console_end(&cli->console);
    if (code != EB_OK) {
        goto done;
    }
    if (cli->json != NULL) {
        render_json(cli->json, &list, probes);
    } else if (list.count == 0) {
        eb_console_note(
            &cli->console, EB_LEVEL_NOTE,
            "no serial ports found; connect the board with a USB cable that carries data");
    } else if (!render_text(&cli->out, &list, probes)) {
        code = eb_err_set(err, EB_ERR_INTERNAL, "no memory for the table");
    }
done:
    free(probes);
    eb_port_list_free(&list);
    return code;
}

static const eb_opt_t options[] = {EB_OPT_PROBE, EB_OPT_COUNT};

const eb_command_t eb_cmd_ports = {
    .name = "ports",
    .summary = "list the serial ports, likeliest first",
    .args = "",
    .about = "Lists the serial ports of this computer with their USB ids and "
             "products, likeliest first. With --probe it opens each port and "
             "asks which chip answers. This resets the boards, and changes "
             "nothing else on them.",
    .options = options,
    .groups = EB_OPT_GROUP_BOARD,
    .run = run,
};
