#include "map_output.h"

#include "fs_atomic.h"
#include "paths.h"
#include "render_map.h"
#include "standard_streams.h"

#include <stdlib.h>
#include <string.h>

eb_code_t eb_map_check(const eb_args_t *args, eb_err_t *err)
{
    const char *path = eb_arg_text(args, EB_OPT_SVG);
    const bool force = eb_arg_flag(args, EB_OPT_FORCE);

    if (path == NULL) {
        return force ? eb_err_set(err, EB_ERR_USAGE, "--force needs --svg") : EB_OK;
    }
    if (eb_path_check_output(path, err) != EB_OK) {
        return EB_ERR_USAGE;
    }
    if (eb_fs_exists(path) && !force) {
        return eb_err_set(err, EB_ERR_FILE_EXISTS, "%s already exists", path);
    }
    return EB_OK;
}

bool eb_map_on_terminal(const eb_cli_t *cli)
{
    return cli->out.width > 0 && cli->json == NULL;
}

bool eb_map_wanted(const eb_cli_t *cli)
{
    return eb_map_on_terminal(cli) || eb_arg_text(&cli->args, EB_OPT_SVG) != NULL;
}

static eb_code_t write_picture(eb_cli_t *cli, const eb_flash_map_t *map, const char *title,
                               eb_err_t *err)
{
    const char *path = eb_arg_text(&cli->args, EB_OPT_SVG);
    eb_text_stream_t stream;

    if (!eb_streams_open_text(&stream)) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the picture");
    }
    const bool good = eb_svg_map(stream.file, map, title);
    char *text = eb_streams_close_text(&stream);
    eb_code_t code =
        good && text != NULL
            ? eb_fs_write_file(path, text, strlen(text), eb_arg_flag(&cli->args, EB_OPT_FORCE), err)
            : eb_err_set(err, EB_ERR_INTERNAL, "no memory for the picture");
    free(text);
    if (code == EB_ERR_FILE_ACCESS) {
        eb_err_hint(err,
                    "check that the folder of the picture exists and that you may write to it");
    }
    if (code == EB_OK) {
        eb_console_note(&cli->console, EB_LEVEL_NOTE, "%s has a map of the flash", path);
    }
    return code;
}

eb_code_t eb_map_put(eb_cli_t *cli, const eb_flash_map_t *map, const char *title, eb_err_t *err)
{
    if (eb_map_on_terminal(cli) && !eb_text_map(&cli->out, map)) {
        return eb_err_set(err, EB_ERR_INTERNAL, "no memory for the map");
    }
    return eb_arg_text(&cli->args, EB_OPT_SVG) != NULL ? write_picture(cli, map, title, err)
                                                       : EB_OK;
}
