/* docs/sidecar-format.md says what is written, field for field. */
#include "format_vectors.h"
#include "sample_sidecar.h"
#include "sidecar.h"
#include "sidecar_rules.h"

#define DOCS       "../docs/sidecar-format.md"
#define FIELDS_MAX 200
#define PATH_BYTES 128

typedef struct fields {
    char path[FIELDS_MAX][PATH_BYTES];
    size_t count;
} fields_t;

static fields_t documented, written;

static void add_field(fields_t *f, const char *path)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->path[i], path) == 0) {
            return;
        }
    }
    assert_true(f->count < FIELDS_MAX);
    snprintf(f->path[f->count++], PATH_BYTES, "%s", path);
}

static bool has_field(const fields_t *f, const char *path)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->path[i], path) == 0) {
            return true;
        }
    }
    return false;
}

static char *sample_text(void)
{
    static eb_sidecar_t sample;
    char *text = NULL;

    sample_sidecar(&sample);
    assert_int_equal(eb_sidecar_write(&sample, &text, NULL), EB_OK);
    return text;
}

/* Rows "| `path` | ..." of the tables. */
static void collect_documented(void)
{
    size_t len;
    char *docs = (char *)load_file(DOCS, &len);

    for (char *row = strstr(docs, "\n| `"); row != NULL; row = strstr(row + 1, "\n| `")) {
        char path[PATH_BYTES];
        char *end = strchr(row + 4, '`');

        assert_non_null(end);
        snprintf(path, sizeof(path), "%.*s", (int)(end - row - 4), row + 4);
        assert_false(has_field(&documented, path)); /* once is enough */
        add_field(&documented, path);
    }
    free(docs);
}

static const char *past_text(const char *p)
{
    for (p++; *p != '"'; p++) {
        p += *p == '\\';
    }
    return p + 1;
}

/* A reader of our own, so that the test does not believe the code under test: collects the paths of
 * all values but objects (their fields stand for them) into `written`. Gives the end of the value.
 */
static const char *walk(const char *p, const char *path)
{
    char below[PATH_BYTES];

    p += strspn(p, " \t\n,");
    if (*p == '"') {
        add_field(&written, path);
        return past_text(p);
    }
    if (*p == '[') {
        snprintf(below, sizeof(below), "%s[]", path);
        for (p++; *(p += strspn(p, " \t\n,")) != ']';) {
            p = walk(p, below);
        }
        return p + 1;
    }
    if (*p != '{') {
        add_field(&written, path);
        return p + strcspn(p, ",}]\n");
    }
    for (p++; *(p += strspn(p, " \t\n,")) != '}';) {
        const char *end = past_text(p);

        snprintf(below, sizeof(below), "%.60s%s%.*s", path, path[0] != '\0' ? "." : "",
                 (int)(end - p - 2), p + 1);
        p = walk(end + strspn(end, ": \t"), below);
    }
    return p + 1;
}

static void every_field_is_documented(void **state)
{
    char *text = sample_text();

    (void)state;
    collect_documented();
    assert_string_equal(walk(text, ""), "\n");
    assert_true(written.count > 90);
    for (size_t i = 0; i < written.count; i++) {
        if (!has_field(&documented, written.path[i])) {
            fail_msg("%s is written, but not documented", written.path[i]);
        }
    }
    for (size_t i = 0; i < documented.count; i++) {
        /* Objects that may be null have a row, though the sample fills them. */
        bool is_object =
            strcmp(documented.path[i], "partition_table.partitions[].app.description") == 0;

        if (!is_object && !has_field(&written, documented.path[i])) {
            fail_msg("%s is documented, but not written", documented.path[i]);
        }
    }
    free(text);
}

static void the_example_is_what_is_written(void **state)
{
    size_t len;
    char *docs = (char *)load_file(DOCS, &len);
    char *text = sample_text();
    char *begin = strstr(docs, "```json\n");
    char *end = begin == NULL ? NULL : strstr(begin, "\n```\n");

    (void)state;
    assert_non_null(end);
    end[1] = '\0';
    assert_string_equal(begin + strlen("```json\n"), text);
    free(text);
    free(docs);
}

/* A kind without a word would be written as "unknown", which no reader takes. */
static void each_kind_of_port_is_documented(void **state)
{
    size_t len;
    char *docs = (char *)load_file(DOCS, &len);
    const char *row = strstr(docs, "| `connection.kind` |");
    const char *end = row == NULL ? NULL : strchr(row, '\n');

    (void)state;
    assert_non_null(end);
    for (int kind = 0; kind < EB_PORT_KIND_COUNT; kind++) {
        char word[32];
        snprintf(word, sizeof(word), "`%s`", eb_name_of(&eb_port_kind_names, kind));
        const char *at = strstr(row, word);
        if (at == NULL || at > end) {
            fail_msg("%s is not documented", word);
        }
    }
    free(docs);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_documented),
        cmocka_unit_test(the_example_is_what_is_written),
        cmocka_unit_test(each_kind_of_port_is_documented),
    };

    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        fputs(sample_text(), stdout);
        return 0;
    }
    return cmocka_run_group_tests_name("sidecar_docs", tests, NULL, NULL);
}
