/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proven bound of the trees' size against trees that are really built, for folders that are hard to plan for and
 * all forms of metadata; and what the plan counted against what was written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "phase_job.h"
#include "plan_trees.h"

static void check_chunks(const struct job *job)
{
	const struct plan *plan = job->plan;
	u64 used = 0;

	for (size_t i = 0; i < plan->nr_data; i++) {
		assert_true(plan->chunk_used[i] <= plan->chunks[i].len);
		used += plan->chunk_used[i];
	}
	assert_true(used == plan->count.used);
	assert_true(job->build_stats.nr_data_extents == plan->count.nr_pieces);
	assert_true(job->build_stats.csum_bytes == (job->config.datasum ? plan->count.csum_bytes : 0));
	assert_true(job->build->super.bytes_used ==
		    used + (job->build->meta.blocks.nr + job->build->sys.blocks.nr) * plan->params.nodesize);
}

static void check_form(struct dev *disk, const struct config *config, const char *name)
{
	struct job *job = phase_job_new(disk, config);
	u64 nodesize = config->nodesize, bytes, system;

	phase_build(job);
	bytes = job->build->meta.blocks.nr * nodesize;
	system = job->build->sys.blocks.nr * nodesize;
	if (getenv("PLAN_NEED_SHOW"))
		print_message("%-20s %5u: %6llu blocks, bound %6llu\n", name, config->nodesize,
			      (unsigned long long)(bytes / nodesize),
			      (unsigned long long)(job->plan->need.bound / nodesize));
	if (bytes > job->plan->need.bound || system > job->plan->need.system)
		fail_msg("%s with nodes of %u: %llu bytes of trees and %llu of chunk tree, bounds %llu and %llu", name,
			 config->nodesize, (unsigned long long)bytes, (unsigned long long)system,
			 (unsigned long long)job->plan->need.bound, (unsigned long long)job->plan->need.system);
	assert_true(job->plan->need.expected <= job->plan->need.bound);
	assert_true(job->build_stats.nr_blocks * nodesize == bytes + system);
	assert_true(arena_blocks_equal(&job->build->forecast, &job->build->meta.blocks));
	check_chunks(job);
	phase_job_free(job);
}

/* Every node size from the first one on, with the forms of metadata in turn. */
static void check_image(struct dev *disk, const char *name, u32 first_nodesize)
{
	static u32 turn;

	for (u32 nodesize = first_nodesize; nodesize <= 65536; nodesize *= 4) {
		for (u32 i = 0; i < (nodesize == 4096 ? 2 : 1); i++, turn++) {
			struct config config;

			config_init(&config);
			config.nodesize = nodesize;
			config.csum_type = (enum btrfs_csum_type)(turn % 4);
			config.datasum = turn % 5 != 4;
			config.inline_files = turn % 3 != 2;
			if (turn & 1)
				config.incompat &= ~BTRFS_INCOMPAT_NO_HOLES;
			if (turn & 4)
				config.incompat &= ~BTRFS_INCOMPAT_SKINNY_METADATA;
			if (turn % 8 == 2)
				config.compat_ro |= BTRFS_COMPAT_RO_BLOCK_GROUP_TREE;
			check_form(disk, &config, name);
		}
	}
}

static void check_tree(void (*make)(void), const char *name, u32 first_nodesize, const char *commands)
{
	char dir[64], command[200];
	struct image image;
	int back = open(".", O_RDONLY);

	assert_true(back >= 0);
	snprintf(dir, sizeof(dir), "%s/plan-tree-XXXXXX", image_parent());
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	make();
	assert_int_equal(fchdir(back), 0);
	assert_int_equal(close(back), 0);
	snprintf(command, sizeof(command), "mv %s/* . && rmdir %s", dir, dir);
	image = image_make(160, "-t ext4 -b 4096 -N 8192 -J size=4", command, commands);
	check_image(image.dev, name, first_nodesize);
	image_free(&image);
}

#define TREE_TEST(tree, nodesize)                               \
	static void test_##tree(void **state)                   \
	{                                                       \
		(void)state;                                    \
		check_tree(tree_##tree, #tree, nodesize, NULL); \
	}

TREE_TEST(small_files, 4096)
TREE_TEST(inline_files, 4096)
TREE_TEST(long_names, 4096)
TREE_TEST(symlinks, 4096)
TREE_TEST(fragmented, 4096)
TREE_TEST(links_quarter, 4096)
TREE_TEST(links_half, 4096)
TREE_TEST(links_many, 4096)
TREE_TEST(collisions_small, 4096)
TREE_TEST(collisions_large, 16384)

/* Attributes of about half a leaf of the smallest nodes. */
static void test_attributes(void **state)
{
	static char commands[200 * 400];
	size_t used = 0;
	char value[200];

	(void)state;
	memset(value, 'v', sizeof(value));
	for (u32 i = 0; i < 300; i++)
		used += (size_t)snprintf(commands + used, sizeof(commands) - used, "ea_set %s user.a%u %.*s\n",
					 long_name(i, 11), i, (int)(100 + i % 90), value);
	check_tree(tree_inline_files, "attributes", 4096, commands);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_files),
		cmocka_unit_test(test_inline_files),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_symlinks),
		cmocka_unit_test(test_fragmented),
		cmocka_unit_test(test_links_quarter),
		cmocka_unit_test(test_links_half),
		cmocka_unit_test(test_links_many),
		cmocka_unit_test(test_collisions_small),
		cmocka_unit_test(test_collisions_large),
		cmocka_unit_test(test_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
