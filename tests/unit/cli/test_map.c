/* test_map.c: how a map of the flash is laid out, and what of it is drawn. */
#include "map_layout.h"
#include "render_map.h"
#include "screen.h"

#define KB 1024u
#define MB (1024u * KB)

/* Names of one letter, one after the other from 0 on. */
static void make_map(eb_flash_map_t *map, const uint32_t *sizes, size_t count)
{
    *map = (eb_flash_map_t){.areas = calloc(count, sizeof(*map->areas)), .area_count = count};
    assert_non_null(map->areas);
    for (size_t i = 0; i < count; i++) {
        map->areas[i] = (eb_map_area_t){.name = {(char)('A' + i)},
                                        .addr = (uint32_t)map->size_bytes,
                                        .size_bytes = sizes[i]};
        map->size_bytes += sizes[i];
    }
}

static void use(eb_flash_map_t *map, uint32_t addr, uint32_t size)
{
    assert_int_equal(eb_map_ranges_add(&map->used, addr, size, NULL), EB_OK);
}

static void erase(eb_flash_map_t *map, uint32_t addr, uint32_t size)
{
    assert_int_equal(eb_map_ranges_add(&map->erased, addr, size, NULL), EB_OK);
}

/* -- layout ---------------------------------------------------------------------------------- */

static void assert_widths(const eb_flash_map_t *map, size_t cells, size_t narrowest,
                          const size_t *widths)
{
    eb_map_layout_t layout;
    size_t first = 0;

    assert_true(eb_map_layout_make(map, cells, narrowest, &layout));
    for (size_t i = 0; i < map->area_count; i++) {
        assert_int_equal(layout.slots[i].first, first);
        assert_int_equal(layout.slots[i].count, widths[i]);
        first += widths[i];
    }
    assert_int_equal(layout.cell_count, first); /* none is left over */
    eb_map_layout_free(&layout);
}

static void areas_are_to_scale(void **state)
{
    static const uint32_t sizes[] = {1 * MB, 2 * MB, 1 * MB};
    static const size_t ten[] = {3, 5, 2}, eight[] = {2, 4, 2};
    eb_flash_map_t map;
    eb_map_layout_t layout;

    (void)state;
    make_map(&map, sizes, 3);
    assert_widths(&map, 8, 1, eight);
    assert_widths(&map, 10, 1, ten);
    assert_true(eb_map_layout_make(&map, 8, 1, &layout));
    assert_false(layout.widened);
    assert_int_equal(layout.cell_bytes, 512 * KB);
    eb_map_layout_free(&layout);
    eb_flash_map_free(&map);
}

/* The second one is too small only because the first one takes a cell. */
static void small_areas_have_the_narrowest_width(void **state)
{
    static const uint32_t sizes[] = {4 * KB, 1010 * KB, 1 * MB, 1 * MB};
    static const size_t four[] = {1, 1, 1, 1}, nine[] = {1, 3, 2, 3}, wide[] = {3, 6, 6, 6};
    eb_flash_map_t map;
    eb_map_layout_t layout;

    (void)state;
    make_map(&map, sizes, 4);
    assert_widths(&map, 4, 1, four);
    assert_widths(&map, 0, 1, four); /* too few: each gets its own all the same */
    assert_widths(&map, 9, 1, nine);
    assert_widths(&map, 21, 3, wide);
    assert_true(eb_map_layout_make(&map, 9, 1, &layout));
    assert_true(layout.widened);
    assert_int_equal(layout.cell_bytes, (2 * MB + 1010 * KB) / 8);
    eb_map_layout_free(&layout);
    eb_flash_map_free(&map);
}

/* Whatever the sizes are, all cells are given away, and each area has one. */
static void no_cell_is_lost(void **state)
{
    uint32_t sizes[20], seed = 1;

    (void)state;
    for (size_t round = 0; round < 2000; round++) {
        const size_t count = 1 + round % 20;
        eb_flash_map_t map;
        eb_map_layout_t layout;
        size_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            seed = seed * 1664525u + 1013904223u;
            sizes[i] = (1u << (seed >> 28)) * ((seed >> 8) % 1000 + 1);
        }
        make_map(&map, sizes, count);
        assert_true(eb_map_layout_make(&map, count + round % 80, 1, &layout));
        for (size_t i = 0; i < count; i++) {
            assert_true(layout.slots[i].count >= 1);
            assert_int_equal(layout.slots[i].first, sum);
            sum += layout.slots[i].count;
        }
        assert_int_equal(sum, layout.cell_count);
        eb_map_layout_free(&layout);
        eb_flash_map_free(&map);
    }
}

static void cells_show_what_is_known(void **state)
{
    static const uint32_t sizes[] = {32 * KB};
    static const eb_cell_t wanted[] = {EB_CELL_USED,    EB_CELL_PARTLY, EB_CELL_ERASED,
                                       EB_CELL_UNKNOWN, EB_CELL_PARTLY, EB_CELL_DIFFERS,
                                       EB_CELL_DIFFERS, EB_CELL_UNKNOWN};
    eb_flash_map_t map;
    eb_cell_t cells[8];

    (void)state;
    make_map(&map, sizes, 1);
    use(&map, 0, 4 * KB + 1);        /* the second cell has a byte of it */
    erase(&map, 4 * KB + 1, 8 * KB); /* of the fourth one only a byte is known */
    use(&map, 16 * KB, 1);
    use(&map, 20 * KB, 4 * KB);
    erase(&map, 24 * KB, 4 * KB);
    assert_int_equal(eb_flash_map_add_difference(&map, (eb_range_t){24 * KB - 1, 2}, 2, NULL),
                     EB_OK);
    eb_map_area_cells(&map, &map.areas[0], cells, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(cells[i], wanted[i]);
    }
    eb_flash_map_free(&map);
}

static void an_area_may_have_more_cells_than_bytes(void **state)
{
    static const uint32_t sizes[] = {3};
    eb_flash_map_t map;
    eb_cell_t cells[12];

    (void)state;
    make_map(&map, sizes, 1);
    use(&map, 0, 1);
    erase(&map, 1, 2);
    eb_map_area_cells(&map, &map.areas[0], cells, 12);
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(cells[i], i < 4 ? EB_CELL_USED : EB_CELL_ERASED);
    }
    eb_flash_map_free(&map);
}

static void assert_state(const eb_flash_map_t *map, const char *text)
{
    char state_text[EB_MAP_STATE_BYTES];

    eb_map_state_text(map, &map->areas[0], state_text);
    assert_string_equal(state_text, text);
}

static void the_state_is_told_only_if_known(void **state)
{
    static const uint32_t sizes[] = {1 * MB};
    eb_flash_map_t map;

    (void)state;
    make_map(&map, sizes, 1);
    assert_state(&map, "");
    erase(&map, 0, 1 * MB - 1);
    assert_state(&map, "");
    use(&map, 1 * MB - 1, 1);
    assert_state(&map, "1 % used"); /* never 0 of what is not erased */
    map.areas[0].differing_bytes = 3;
    assert_state(&map, "3 bytes differ");
    eb_flash_map_free(&map);
}

/* -- drawn ----------------------------------------------------------------------------------- */

static void example_map(eb_flash_map_t *map)
{
    static const uint32_t sizes[] = {4 * KB, 512 * KB, 508 * KB};

    make_map(map, sizes, 3);
    map->areas[1].boots = true;
    map->areas[2].name[0] = '\0';
    use(map, 0, 4 * KB);
    use(map, 4 * KB, 256 * KB);
    erase(map, 260 * KB, 256 * KB);
}

static void a_terminal_gets_a_bar(void **state)
{
    eb_flash_map_t map;

    (void)state;
    example_map(&map);
    term.width = 40;
    assert_true(eb_text_map(&term, &map));
    assert_string_equal(shown(), "\nMap\n"
                                 "   A * B 50 % used\n"
                                 "  |#|########........|???????????????|\n"
                                 "  0x0                0x81000  0x100000\n"
                                 "  # used  . erased  ? not known\n"
                                 "  One column is 32.9 KB. Smaller areas\n"
                                 "  have one column, too.\n");
    eb_flash_map_free(&map);
}

static void blocks_and_colours_are_for_who_can_show_them(void **state)
{
    eb_flash_map_t map;

    (void)state;
    example_map(&map);
    term.width = 40;
    term.utf8 = term.color = true;
    assert_true(eb_text_map(&term, &map));
    assert_shown("│\033[36m█\033[0m│\033[36m████████\033[0m\033[2m░░░░░░░░\033[0m│");
    assert_not_shown("#");
    eb_flash_map_free(&map);
}

/* A row ends where the terminal does, and each sign is used once. */
static void too_many_for_one_row_are_drawn_in_more(void **state)
{
    uint32_t sizes[26];
    eb_flash_map_t map;
    char *line;

    (void)state;
    for (size_t i = 0; i < 26; i++) {
        sizes[i] = 64 * KB;
    }
    make_map(&map, sizes, 26);
    for (size_t i = 0; i < 26; i++) {
        memcpy(map.areas[i].name, "long", 5);
    }
    term.width = 40;
    assert_true(eb_text_map(&term, &map));
    assert_shown("  |???|???|");
    assert_shown("  w long\n");
    assert_shown("\n   0x90000\n");
    assert_not_shown("+");
    (void)shown();
    for (line = strtok(screen_text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_true(strlen(line) <= 40);
    }
    eb_flash_map_free(&map);
}

static void a_picture_has_names_as_xml_has_them(void **state)
{
    eb_flash_map_t map;

    (void)state;
    example_map(&map);
    memcpy(map.areas[1].name, "<&>\x01\x80", 6);
    assert_true(eb_svg_map(term.file, &map, "a < b.bin"));
    assert_shown("<title>a &lt; b.bin</title>");
    assert_shown("A: 0x0, 4 KB, 100 % used; &lt;&amp;&gt;??: 0x1000, 512 KB, 50 % used, boots "
                 "next; (no partition): 0x81000, 508 KB, not known</desc>");
    assert_shown("class=\"boots\">&lt;&amp;&gt;?\?</text>");
    eb_flash_map_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(areas_are_to_scale),
        cmocka_unit_test(small_areas_have_the_narrowest_width),
        cmocka_unit_test(no_cell_is_lost),
        cmocka_unit_test(cells_show_what_is_known),
        cmocka_unit_test(an_area_may_have_more_cells_than_bytes),
        cmocka_unit_test(the_state_is_told_only_if_known),
        SCREEN_TEST(a_terminal_gets_a_bar),
        SCREEN_TEST(blocks_and_colours_are_for_who_can_show_them),
        SCREEN_TEST(too_many_for_one_row_are_drawn_in_more),
        SCREEN_TEST(a_picture_has_names_as_xml_has_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
