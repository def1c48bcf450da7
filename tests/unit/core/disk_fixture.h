/* disk_fixture.h: a board in memory, and a folder on a disk with faults. */
#ifndef DISK_FIXTURE_H
#define DISK_FIXTURE_H

#include "backup_fixture.h"
#include "faulty_disk.h"

static inline int set_up_disk(void **state)
{
    faulty_disk_reset();
    return set_up(state);
}

static inline int tear_down_disk(void **state)
{
    faulty_disk_reset();
    return tear_down(state);
}

#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_disk, tear_down_disk)

#endif
