/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole disks below a device, in a tree as sysfs has it, and looks at a disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "dev/dev_disk.h"

static char top[] = "/dev/shm/disk-test-XXXXXX";
static struct dev_disk disks[DEV_DISKS_MAX];

/* sda with sda1 (8:1) and sda3 (8:3), sdb whole (8:16); md0 (9:0) of sda3 and sdb; crypt dm-0 (253:0) on md0, volume
 * dm-1 (253:1) on it; md1 (9:1) of sda1 and sda3; cciss!c0d0 with its second partition (104:2); two devices that are
 * made of each other. */
static const char *const tree =
	"set -e; mkdir -p dev/block\n"
	"disk() { mkdir -p \"devices/$1/slaves\"; ln -s \"../../devices/$1\" \"dev/block/$2\"; }\n"
	"part() { mkdir \"devices/$1/$2\"; echo \"$4\" > \"devices/$1/$2/partition\"\n"
	"	ln -s \"../../devices/$1/$2\" \"dev/block/$3\"; }\n"
	"slave() { ln -s \"../../$2\" \"devices/$1/slaves/${2##*/}\"; }\n"
	"disk sda 8:0; part sda sda1 8:1 1; part sda sda3 8:3 3; disk sdb 8:16; disk md0 9:0; slave md0 sda/sda3\n"
	"slave md0 sdb; disk dm-0 253:0; slave dm-0 md0; disk dm-1 253:1; slave dm-1 dm-0\n"
	"disk 'cciss!c0d0' 104:0; part 'cciss!c0d0' 'cciss!c0d0p2' 104:2 2\n"
	"disk md1 9:1; slave md1 sda/sda1; slave md1 sda/sda3\n"
	"disk x 1:1; disk y 1:2; slave x y; slave y x\n"
	"disk many 1:3; i=0; while [ $i -lt 40 ]; do disk d$i 2:$i; slave many d$i; i=$((i + 1)); done\n";

static int make_tree(void **state)
{
	char command[4096];

	(void)state;
	if (!mkdtemp(top))
		return -1;
	snprintf(command, sizeof(command), "cd %s && { %s }", top, tree);
	return system(command);
}

static int remove_tree(void **state)
{
	char command[256];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static void test_partitions(void **state)
{
	(void)state;
	assert_int_equal(dev_disks_below(8, 3, top, disks), 1);
	assert_string_equal(disks[0].path, "/dev/sda");
	assert_int_equal(disks[0].partition, 3);
	assert_false(disks[0].same);
	assert_int_equal(dev_disks_below(104, 2, top, disks), 1);
	assert_string_equal(disks[0].path, "/dev/cciss/c0d0");
	assert_int_equal(disks[0].partition, 2);
	assert_int_equal(dev_disks_below(8, 16, top, disks), 1);
	assert_string_equal(disks[0].path, "/dev/sdb");
	assert_true(disks[0].same && !disks[0].partition);
	assert_int_equal(dev_disks_below(8, 99, top, disks), 0);
}

static void test_stacks(void **state)
{
	bool a, b;

	(void)state;
	assert_int_equal(dev_disks_below(253, 1, top, disks), 2);
	a = strcmp(disks[0].path, "/dev/sda") == 0 || strcmp(disks[1].path, "/dev/sda") == 0;
	b = strcmp(disks[0].path, "/dev/sdb") == 0 || strcmp(disks[1].path, "/dev/sdb") == 0;
	assert_true(a && b);
	for (size_t i = 0; i < 2; i++)
		assert_true(!disks[i].same && !disks[i].partition);
	/* two partitions of one disk */
	assert_int_equal(dev_disks_below(9, 1, top, disks), 1);
	/* no disk at all, and more than there is room for */
	assert_int_equal(dev_disks_below(1, 1, top, disks), 0);
	assert_int_equal(dev_disks_below(1, 3, top, disks), DEV_DISKS_MAX);
}

static void test_files(void **state)
{
	char path[256], text[8];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/file", top);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("0123456789", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(dev_disks_find(path, disks), 1);
	assert_true(disks[0].same && strcmp(disks[0].path, path) == 0);
	assert_int_equal(dev_disks_find(top, disks), 0);
	assert_int_equal(dev_disks_find("/nowhere", disks), 0);

	assert_true(dev_disk_peek(path, 3, text, 4));
	assert_memory_equal(text, "3456", 4);
	assert_true(dev_disk_peek(path, 2, text, 8));
	assert_false(dev_disk_peek(path, 3, text, 8));
	assert_false(dev_disk_peek(path, 100, text, 1));
	assert_false(dev_disk_peek(path, UINT64_MAX, text, 1));
	assert_false(dev_disk_peek("/nowhere", 0, text, 1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_partitions),
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
