/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three faces of the report, driven as the job drives them, on a clock of the test's own. The job's functions that
 * the report asks for figures are replaced here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/msg.h"
#include "base/status.h"
#include "cli/report.h"
#include "convert/job.h"

#define UUID_TEXT "30313233-3435-3637-3839-616263646566"

static struct ext_info info = {
	.type = "ext4", .uuid = "0123456789abcdef", .label = "hello", .block_size = 4096, .size = 512 * MIB,
	.free = 384 * MIB, .nr_inodes = 32768, .nr_free_inodes = 32768 - 312, .features = "extent 64bit",
};
static const struct btrfs_chunk chunks[] = {
	{ .logical = MIB, .len = 127 * MIB, .type = BTRFS_BLOCK_GROUP_DATA, .nr_stripes = 1, .physical = { MIB } },
	{ .logical = 600 * MIB, .len = 32 * MIB, .type = BTRFS_BLOCK_GROUP_METADATA | BTRFS_BLOCK_GROUP_DUP,
	  .nr_stripes = 2, .physical = { 256 * MIB, 384 * MIB } },
};
static struct btrfs_params params;
static double now;

const struct ext_info *ext_get_info(const struct ext_fs *fs)
{
	(void)fs;
	return &info;
}

const struct btrfs_chunk *plan_chunks(const struct job *job, size_t *nr)
{
	(void)job;
	*nr = ARRAY_SIZE(chunks);
	return chunks;
}

const u8 *plan_fsid(const struct job *job)
{
	(void)job;
	return info.uuid;
}

const char *plan_label(const struct job *job)
{
	return job->config.label_mode == CONFIG_LABEL_COPY ? info.label : job->config.label;
}

const struct btrfs_params *plan_params(const struct job *job)
{
	params.incompat = job->config.incompat | BTRFS_INCOMPAT_BIG_METADATA;
	params.compat_ro = job->config.compat_ro;
	return &params;
}

static double test_clock(void)
{
	return now;
}

/* One run of a report with its output in memory. */
struct run {
	struct options options;
	struct report report;
	struct job job;
	FILE *out, *err;
	char *out_text, *err_text;
	size_t out_size, err_size;
};

static void run_begin(struct run *run, bool compat, void (*tune)(struct options *options))
{
	memset(run, 0, sizeof(*run));
	run->out = open_memstream(&run->out_text, &run->out_size);
	run->err = open_memstream(&run->err_text, &run->err_size);
	assert_true(run->out && run->err);
	options_init(&run->options, compat);
	run->options.config.device = "disk\x1b";
	if (tune)
		tune(&run->options);
	report_init(&run->report, &run->options, run->out, run->err);
	run->report.clock = test_clock;
	run->job.config = run->options.config;
	run->job.ext = (struct ext_fs *)&info;
	now = 100;
}

/* Four seconds of a phase in steps of an eighth, which add up without an error. */
static void run_phase(struct run *run, const char *name, u64 total)
{
	const struct progress *progress = &run->report.progress;
	u64 i;

	progress_begin(progress, name, total);
	for (i = 1; i <= 32; i++) {
		now += 0.125;
		progress_update(progress, total / 32 * i);
	}
	progress_end(progress);
}

static void run_job(struct run *run)
{
	struct job *job = &run->job;

	run_phase(run, "scan", 40 * MIB);
	msg_warn("odd \x1b name");
	msg_info("a notice");
	msg_debug("a detail");
	job->scan_stats = (struct scan_stats){ .nr_files = 1234, .nr_dirs = 5, .used_bytes = 128 * MIB,
					       .meta_bytes = 10 * MIB, .uninit_bytes = 5 * MIB };
	job->plan_stats = (struct plan_stats){ .nodesize = 16384, .dup = true, .total_bytes = 512 * MIB,
					       .metadata_expected = 3 * MIB, .metadata_reserved = 32 * MIB,
					       .nr_data_chunks = 1, .nr_metadata_chunks = 1 };
	report_plan(&run->report, job);
	run_phase(run, "data", 400 * MIB);
	job->build_stats = (struct build_stats){ .nr_blocks = 1000, .bytes_written = 20 * MIB };
	job->seconds[1] = 4;
	job->seconds[3] = 4;
}

static void run_end(struct run *run, int status)
{
	report_take_end(&run->report, &run->job);
	assert_int_equal(report_result(&run->report, status), 0);
	report_fini(&run->report);
	assert_int_equal(fclose(run->out), 0);
	assert_int_equal(fclose(run->err), 0);
}

static void run_free(struct run *run)
{
	free(run->out_text);
	free(run->err_text);
}

static void assert_shows(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_hides(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in:\n%s", part, text);
}

static void test_text(void **state)
{
	struct run run;

	(void)state;
	run_begin(&run, false, NULL);
	run_job(&run);
	run_end(&run, 0);
	assert_shows(run.out_text, "Source   ext4 on disk\\x1b\n");
	assert_shows(run.out_text, "label     \"hello\"\n");
	assert_shows(run.out_text, "UUID      " UUID_TEXT "\n");
	assert_shows(run.out_text, "size      512.0 MiB, 128.0 MiB used");
	assert_shows(run.out_text, "holds     1,234 files, 5 folders");
	assert_shows(run.out_text, "Target   btrfs, metadata DUP, nodesize 16384, checksum crc32c\n");
	assert_shows(run.out_text, "Device   |DDDDDDDDDDDDDDDD................MMMM............MMMM............|");
	assert_shows(run.out_text, "a notice\n");
	assert_shows(run.out_text, "Done     converted in 8.00 s\n         time      scan 4.00 s, build 4.00 s\n");
	assert_shows(run.out_text, "speed     16.0 MiB/s of used space\n");
	assert_shows(run.out_text, "trees     1,000 blocks");
	assert_shows(run.out_text, "mount -o loop disk\\x1b /mnt\n");
	assert_shows(run.out_text, "gives back 15.0 MiB");
	assert_shows(run.out_text, "go back   fsconvert -r disk\\x1b   (not after ext2_saved is deleted");
	assert_hides(run.out_text, "a detail");
	assert_hides(run.out_text, "without");
	/* not on a terminal: one line every five seconds at most, and one for the end of each phase */
	assert_string_equal(run.err_text, "scan    40.0 MiB in 4.00 s, 10.0 MiB/s\nWARNING: odd \\x1b name\n"
			    "data    400.0 MiB in 4.00 s, 100.0 MiB/s\n");
	run_free(&run);
}

static void set_quiet_check(struct options *options)
{
	options->progress = false;
	options->verbose = true;
	options->config.action = CONFIG_CHECK;
	options->config.datasum = false;
	options->config.offset = MIB;
}

static void test_text_options(void **state)
{
	struct run run;

	(void)state;
	run_begin(&run, false, set_quiet_check);
	run_job(&run);
	run_end(&run, 0);
	assert_shows(run.out_text, "a detail\n");
	assert_shows(run.out_text, "without   data checksums\n");
	assert_shows(run.out_text, "Done     can be converted; nothing was written");
	assert_hides(run.out_text, "Next");
	assert_string_equal(run.err_text, "scan\nWARNING: odd \\x1b name\ndata\n");
	run_free(&run);
}

static void set_offset(struct options *options)
{
	options->config.offset = MIB;
}

static void test_text_offset(void **state)
{
	struct run run;

	(void)state;
	run_begin(&run, false, set_offset);
	run_job(&run);
	run_end(&run, 0);
	assert_shows(run.out_text, "mount -o loop,offset=1048576 disk\\x1b /mnt\n");
	assert_shows(run.out_text, "fsconvert -r --offset 1048576 disk\\x1b   (");
	run_free(&run);
}

static void test_text_slow(void **state)
{
	struct run run;
	int i;

	(void)state;
	run_begin(&run, false, NULL);
	progress_begin(&run.report.progress, "scan", 1000 * MIB);
	for (i = 1; i <= 100; i++) {
		now += 0.125;
		progress_update(&run.report.progress, (u64)i * 10 * MIB / 8);
	}
	progress_update(&run.report.progress, 1);
	run_end(&run, ERR_IO);
	assert_shows(run.err_text, "scan      5%, 50.0 MiB of 1000.0 MiB, 10.0 MiB/s, 1:35 left\n"
		     "scan     10%, 100.0 MiB of 1000.0 MiB, 10.0 MiB/s, 1:30 left\n"
		     "Failed: the file system on disk\\x1b is as it was.\n");
	run_free(&run);
}

static void test_terminal(void **state)
{
	struct run run;
	const char *line;
	size_t len;

	(void)state;
	run_begin(&run, false, NULL);
	run.report.terminal = true;
	run.report.width = 79;
	run_job(&run);
	run_end(&run, 0);
	/* each redrawing begins with \r, covers the line before it, and fits */
	for (line = strchr(run.err_text, '\r'); line; line = strchr(line + 1, '\r')) {
		len = strcspn(line + 1, "\r\n");
		assert_true(len <= 79);
	}
	assert_shows(run.err_text,
		     "\rscan    [#######.......]  50%  20.0 MiB of 40.0 MiB  10.0 MiB/s  0:02 left");
	/* wiped before other text */
	assert_shows(run.err_text, "                                        \rscan    40.0 MiB in 4.00 s");
	run_free(&run);
}

static void test_text_ends(void **state)
{
	static const struct {
		int status;
		const char *words;
	} cases[] = {
		{ ERR_REFUSED, "Refused: disk\\x1b is as it was.\n" },
		{ ERR_CORRUPT, "Refused: " },
		{ ERR_NOROOM, "Refused: " },
		{ ERR_IO, "Failed: the file system on disk\\x1b is as it was.\n" },
		{ ERR_BUG, "Failed: " },
		{ ERR_STOPPED, "Stopped: the file system on" },
		{ ERR_ARMED, "Interrupted: do not mount disk\\x1b before this has finished the switch:\n"
			     "    fsconvert --resume disk\\x1b\n" },
	};
	struct run run;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		run_begin(&run, false, NULL);
		run_end(&run, cases[i].status);
		assert_shows(run.err_text, cases[i].words);
		assert_hides(run.out_text, "Done");
		run_free(&run);
	}
}

static void set_label(struct options *options)
{
	options->config.label_mode = CONFIG_LABEL_GIVEN;
	strcpy(options->config.label, "My label");
}

static void set_copied_label(struct options *options)
{
	options->config.label_mode = CONFIG_LABEL_COPY;
	options->config.compat_ro |= BTRFS_COMPAT_RO_BLOCK_GROUP_TREE;
	options->config.xattr = false;
	options->progress = false;
}

static const char compat_output[] =
	"btrfs-convert from fsconvert " FSCONVERT_VERSION "\n\n"
	"Source filesystem:\n"
	"  Type:           ext2\n"
	"  Label:          hello\n"
	"  Blocksize:      4096\n"
	"  UUID:           " UUID_TEXT "\n"
	"Target filesystem:\n"
	"  Label:          My label\n"
	"  Blocksize:      4096\n"
	"  Nodesize:       16384\n"
	"  UUID:           " UUID_TEXT "\n"
	"  Checksum:       crc32c\n"
	"  Features:       extref, skinny-metadata, no-holes, free-space-tree (default)\n"
	"    Data csum:    yes\n"
	"    Inline data:  yes\n"
	"    Copy xattr:   yes\n"
	"Reported stats:\n"
	"  Total space:       536870912\n"
	"  Free space:        402653184 (75.00%)\n"
	"  Inode count:           32768\n"
	"  Free inodes:           32456\n"
	"  Block count:          131072\n"
	"Create initial btrfs filesystem\n"
	"Create ext2 image file\n"
	"Create btrfs metadata\n"
	"Copy inodes [o] [        78/       312]\r"
	"Copy inodes [O] [       156/       312]\r"
	"Copy inodes [o] [       234/       312]\r"
	"Copy inodes [.] [       312/       312]\r"
	"Copy inodes [.] [       312/       312]\r"
	"\n"
	"Set label to 'My label'\n"
	"Conversion complete\n";

static void test_compat(void **state)
{
	struct run run;

	(void)state;
	run_begin(&run, true, set_label);
	run_job(&run);
	run_end(&run, 0);
	assert_string_equal(run.err_text, "WARNING: odd \\x1b name\n");
	assert_string_equal(run.out_text, compat_output);
	run_free(&run);
}

static void test_compat_options(void **state)
{
	struct run run;

	(void)state;
	run_begin(&run, true, set_copied_label);
	run_job(&run);
	run_end(&run, 0);
	assert_shows(run.out_text, "free-space-tree, block-group-tree\n");
	assert_shows(run.out_text, "    Copy xattr:   no\n");
	assert_shows(run.out_text, "Create btrfs metadata\nCopy label 'hello'\nConversion complete\n");
	run_free(&run);

	run_begin(&run, true, NULL);
	run_job(&run);
	run_end(&run, 0);
	assert_hides(run.out_text, "label");
	run_free(&run);

	run_begin(&run, true, NULL);
	msg_err("no room");
	run_end(&run, ERR_NOROOM);
	assert_string_equal(run.err_text, "ERROR: no room\n"
			    "WARNING: error during conversion, the original filesystem is not modified\n");
	assert_hides(run.out_text, "complete");
	run_free(&run);

	run_begin(&run, true, NULL);
	run_end(&run, ERR_ARMED);
	assert_shows(run.err_text, "not finalized and not mountable");
	run_free(&run);
}

static void set_json(struct options *options)
{
	options->json = true;
}

static size_t count(const char *text, const char *part)
{
	size_t nr = 0;

	for (text = strstr(text, part); text; text = strstr(text + 1, part))
		nr++;
	return nr;
}

static void test_json(void **state)
{
	struct run run;
	const char *last;

	(void)state;
	run_begin(&run, false, set_json);
	run_job(&run);
	run_end(&run, 0);
	assert_string_equal(run.err_text, "");
	assert_int_equal(count(run.out_text, "{\"event\":\"phase\""), 2);
	assert_int_equal(count(run.out_text, "{\"event\":\"plan\",\"device\":\"disk\\u001b\""), 1);
	/* four seconds: one line a second at most, and one at the end */
	assert_in_range(count(run.out_text, "{\"event\":\"progress\",\"phase\":\"data\""), 4, 5);
	assert_shows(run.out_text, "{\"event\":\"message\",\"level\":\"warning\",\"text\":\"odd \\u001b name\"}\n");
	last = strstr(run.out_text, "{\"event\":\"result\"");
	assert_non_null(last);
	assert_int_equal(count(last, "\n"), 1);
	assert_shows(last, "\"status\":\"converted\",\"exit\":0,\"kind\":\"done\",\"reason\":null,");
	assert_shows(last, "\"source\":{\"type\":\"ext4\",\"label\":\"hello\",\"uuid\":\"" UUID_TEXT "\"");
	assert_shows(last, "\"target\":{\"label\":\"hello\"");
	assert_shows(last, "\"build\":{\"tree_blocks\":1000,");
	assert_shows(last, "{\"type\":\"metadata\",\"logical\":629145600,\"length\":33554432,"
		     "\"physical\":[268435456,402653184]}]");
	assert_shows(last, "\"scan\":4.000");
	run_free(&run);
}

static void test_json_refused(void **state)
{
	struct run run;

	(void)state;
	run_begin(&run, false, set_json);
	run.job.ext = NULL;
	msg_err("first \xff \"reason\"");
	msg_err("second reason");
	run_end(&run, ERR_REFUSED);
	assert_shows(run.out_text, "\"status\":\"refused\",\"exit\":3,\"kind\":\"refused\","
		     "\"reason\":\"first \\ufffd \\\"reason\\\"\",");
	assert_hides(run.out_text, "\"source\"");
	assert_hides(run.out_text, "\"target\"");
	run_free(&run);
}

/* --- roll back, resume and status --- */

static enum config_action other_action; /* what set_other asks for */
static bool other_json;

static void set_other(struct options *options)
{
	options->config.action = other_action;
	options->json = other_json;
}

static void begin_other(struct run *run, enum config_action action, bool compat, bool json)
{
	other_action = action;
	other_json = json;
	run_begin(run, compat, set_other);
	run->job.ext = NULL;
	run->job.other_seconds = 2;
}

static void fill_rollback(struct job *job)
{
	struct rollback_stats *stats = &job->rollback_stats;

	*stats = (struct rollback_stats){ .fsid = "0123456789abcdef", .label = "tree", .ours = true,
					  .saved_name = "ext2_saved\x1b", .image_size = 512 * MIB, .has_ext = true,
					  .ext = info, .pieces_bytes = MIB, .nr_changed = 1234, .nr_removed = 5 };
}

static void roll_back(struct run *run)
{
	fill_rollback(&run->job);
	report_plan(&run->report, &run->job);
	run_phase(run, "switch", 0);
}

static void test_text_rollback(void **state)
{
	struct run run;

	(void)state;
	begin_other(&run, CONFIG_ROLLBACK, false, false);
	roll_back(&run);
	run_end(&run, 0);
	assert_shows(run.out_text, "Now      btrfs on disk\\x1b, made by fsconvert\n         label     \"tree\"\n"
		     "         UUID      " UUID_TEXT "\n");
	assert_shows(run.out_text, "Back     ext4, kept in ext2_saved\\x1b/image\n         label     \"hello\"\n"
		     "         UUID      " UUID_TEXT "\n         size      512.0 MiB\n");
	assert_shows(run.out_text, "lost      1,234 files and folders");
	assert_shows(run.out_text, "back too  5 files and folders");
	assert_shows(run.out_text, "moved     1.0 MiB");
	assert_shows(run.out_text, "Done     rolled back in 2.00 s: disk\\x1b holds ext4 again\n");
	assert_shows(run.out_text, "fsconvert disk\\x1b   (to btrfs again)");
	assert_string_equal(run.err_text, "switch  4.00 s\n");
	run_free(&run);

	begin_other(&run, CONFIG_ROLLBACK_CHECK, false, false);
	fill_rollback(&run.job);
	run.job.rollback_stats.ours = false;
	run.job.rollback_stats.nr_changed = run.job.rollback_stats.nr_removed = 0;
	report_plan(&run.report, &run.job);
	run_end(&run, 0);
	assert_shows(run.out_text, "made by btrfs-convert");
	assert_shows(run.out_text, "lost      nothing");
	assert_shows(run.out_text, "Done     can be rolled back; nothing was written (2.00 s)\n");
	assert_hides(run.out_text, "again");
	run_free(&run);

	begin_other(&run, CONFIG_ROLLBACK, false, false);
	msg_err("it was balanced");
	run_end(&run, ERR_REFUSED);
	assert_string_equal(run.err_text, "ERROR: it was balanced\nRefused: disk\\x1b is as it was.\n");
	assert_hides(run.out_text, "Done");
	run_free(&run);
}

static void test_compat_rollback(void **state)
{
	static const char begin[] = "btrfs-convert from fsconvert " FSCONVERT_VERSION "\n\n"
				    "Open filesystem for rollback:\n";
	static const char middle[] = "  Label:           tree\n  UUID:            " UUID_TEXT "\n"
				     "  Restoring from:  ext2_saved\\x1b/image\n";
	char whole[512];
	struct run run;

	(void)state;
	begin_other(&run, CONFIG_ROLLBACK, true, false);
	roll_back(&run);
	run_end(&run, 0);
	snprintf(whole, sizeof(whole), "%s%sRollback succeeded\n", begin, middle);
	assert_string_equal(run.out_text, whole);
	assert_string_equal(run.err_text, "");
	run_free(&run);

	begin_other(&run, CONFIG_ROLLBACK, true, false);
	msg_err("it was balanced");
	run_end(&run, ERR_REFUSED);
	assert_string_equal(run.out_text, begin);
	assert_string_equal(run.err_text, "ERROR: it was balanced\nERROR: rollback failed\n");
	run_free(&run);

	begin_other(&run, CONFIG_ROLLBACK_CHECK, true, false);
	roll_back(&run);
	run_end(&run, 0);
	assert_shows(run.out_text, "image\nCheck complete, nothing was written\n");
	run_free(&run);

	begin_other(&run, CONFIG_RESUME, true, false);
	run_end(&run, ERR_ARMED);
	assert_string_equal(run.err_text, "ERROR: failed\n");
	run_free(&run);

	begin_other(&run, CONFIG_STATUS, true, false);
	run_end(&run, ERR_REFUSED);
	assert_shows(run.out_text, "Holds    nothing");
	assert_string_equal(run.err_text, "");
	run_free(&run);
}

static void test_json_rollback(void **state)
{
	static const char object[] = "\"rollback\":{\"made_by\":\"fsconvert\",\"saved_name\":\"ext2_saved\\u001b\","
		"\"size\":536870912,\"type\":\"ext4\",\"label\":\"hello\",\"uuid\":\"" UUID_TEXT "\","
		"\"moved\":1048576,\"changed\":1234,\"removed\":5}";
	struct run run;

	(void)state;
	begin_other(&run, CONFIG_ROLLBACK, false, true);
	roll_back(&run);
	run_end(&run, 0);
	assert_shows(run.out_text, "{\"event\":\"rollback\",\"device\":\"disk\\u001b\",");
	assert_int_equal(count(run.out_text, object), 2);
	assert_shows(run.out_text, "\"status\":\"rolled-back\",\"exit\":0,");
	assert_shows(run.out_text, "\"seconds\":{\"total\":2.000}}\n");
	run_free(&run);

	/* refused before anything was found */
	begin_other(&run, CONFIG_ROLLBACK, false, true);
	run_end(&run, ERR_REFUSED);
	assert_hides(run.out_text, "\"rollback\"");
	run_free(&run);
}

static void test_resume(void **state)
{
	static const struct {
		struct resume_stats stats;
		const char *words, *json;
	} cases[] = {
		{ { false, false, false }, "Done     nothing to resume: no switch was interrupted on disk\\x1b\n",
		  "\"resume\":{\"interrupted\":false}" },
		{ { true, false, false },
		  "Done     the interrupted conversion is finished (2.00 s): disk\\x1b holds btrfs\n",
		  "\"resume\":{\"interrupted\":true,\"what\":\"conversion\",\"holds\":\"btrfs\"}" },
		{ { true, false, true },
		  "Done     the interrupted conversion is undone (2.00 s): disk\\x1b holds ext\n",
		  "\"what\":\"conversion\",\"holds\":\"ext\"}" },
		{ { true, true, true },
		  "Done     the interrupted roll back is finished (2.00 s): disk\\x1b holds ext\n",
		  "\"what\":\"rollback\",\"holds\":\"ext\"}" },
		{ { true, true, false },
		  "Done     the interrupted roll back is undone (2.00 s): disk\\x1b holds btrfs\n",
		  "\"what\":\"rollback\",\"holds\":\"btrfs\"}" },
	};
	struct run run;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		begin_other(&run, CONFIG_RESUME, i == 1, false);
		run.job.resume_stats = cases[i].stats;
		run_end(&run, 0);
		assert_shows(run.out_text, cases[i].words);
		run_free(&run);
		begin_other(&run, CONFIG_RESUME, false, true);
		run.job.resume_stats = cases[i].stats;
		run_end(&run, 0);
		assert_shows(run.out_text, "\"status\":\"resumed\"");
		assert_shows(run.out_text, cases[i].json);
		run_free(&run);
	}
	begin_other(&run, CONFIG_RESUME, false, false);
	msg_err("damaged");
	run_end(&run, ERR_ARMED);
	assert_string_equal(run.err_text, "ERROR: damaged\nNot finished: do not mount disk\\x1b.\n");
	run_free(&run);
}

static const struct state states[] = {
	{ .content = STATE_UNKNOWN },
	{ .content = STATE_UNKNOWN, .reason = "odd" },
	{ .content = STATE_EXT, .is_ext = true, .type = "ext3", .label = "old\x1b", .uuid = "0123456789abcdef" },
	{ .content = STATE_BTRFS, .type = "btrfs", .reason = "no image\x1b" },
	{ .content = STATE_CONVERTED, .type = "btrfs", .label = "tree", .can_roll_back = true },
	{ .content = STATE_CONVERTED, .type = "btrfs", .label = "tree", .reason = "balanced" },
	{ .content = STATE_INTERRUPTED, .is_ext = true, .type = "ext4", .label = "old", .ext_marked = true,
	  .has_record = true, .record = 65536, .forward = { .possible = true }, .undo = { .possible = true } },
	{ .content = STATE_INTERRUPTED, .is_ext = true, .type = "ext4", .rolling_back = true, .ext_marked = true,
	  .btrfs_marked = true, .has_record = true, .forward = { .reason = "broken\x1b" },
	  .undo = { .possible = true } },
	{ .content = STATE_INTERRUPTED, .btrfs_marked = true, .forward = { .reason = "lost" },
	  .undo = { .reason = "lost" } },
	{ .content = STATE_INTERRUPTED, .is_ext = true, .type = "ext2", .not_begun = true,
	  .forward = { .possible = true }, .undo = { .possible = true } },
};

/* The answer of a status goes to standard output, whatever it is. */
static void end_status(struct run *run, const struct state *found, bool json)
{
	begin_other(run, CONFIG_STATUS, false, json);
	run_phase(run, "scan", MIB);
	run->job.state = *found;
	if (found->content == STATE_CONVERTED)
		fill_rollback(&run->job);
	run_end(run, found->content == STATE_UNKNOWN ? ERR_REFUSED :
		found->content == STATE_INTERRUPTED ? ERR_ARMED : 0);
	assert_string_equal(run->err_text, "");
}

static void test_text_status(void **state)
{
	static const char *const shown[][4] = {
		{ "Holds    nothing that fsconvert knows\n" },
		{ "Holds    nothing that fsconvert knows: odd\n" },
		{ "Holds    ext3\n         label     \"old\\x1b\"\n         UUID      " UUID_TEXT "\n",
		  "fsconvert --check disk\\x1b" },
		{ "Holds    btrfs\n", "Back     no image\\x1b\n" },
		{ "Holds    btrfs, made by fsconvert\n         label     \"tree\"\n",
		  "Back     ext4, kept in ext2_saved", "lost      1,234 files",
		  "Next     go back   fsconvert -r disk\\x1b\n" },
		{ "Holds    btrfs, made by fsconvert\n", "Back     balanced\n" },
		{ "Holds    an interrupted conversion from ext to btrfs\n         label     \"old\"\n",
		  "marked    the superblock of ext\n",
		  "Next     finish    fsconvert --resume disk\\x1b   (btrfs)\n"
		  "         undo      fsconvert --resume --undo disk\\x1b   (ext4)\n",
		  "Nothing may mount disk\\x1b before.\n" },
		{ "Holds    an interrupted roll back from btrfs to ext\n",
		  "marked    the superblocks of ext and btrfs\n", "finish    not possible: broken\\x1b\n",
		  "undo      fsconvert --resume --undo disk\\x1b   (btrfs)\n" },
		{ "Holds    an interrupted switch between ext and btrfs\n", "marked    the superblock of btrfs\n",
		  "finish    not possible: lost\n         undo      not possible: lost\n", "copy the device first" },
		{ "Holds    ext2; a switch to btrfs was interrupted before it began\n",
		  "marked    a part of the superblock of ext\n",
		  "finish    fsconvert --resume disk\\x1b   (ext2)\n         Nothing may" },
	};
	struct run run;
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		end_status(&run, &states[i], false);
		for (k = 0; k < ARRAY_SIZE(shown[i]) && shown[i][k]; k++)
			assert_shows(run.out_text, shown[i][k]);
		if (states[i].content != STATE_CONVERTED || !states[i].can_roll_back)
			assert_hides(run.out_text, "fsconvert -r");
		run_free(&run);
	}
	assert_int_equal(ARRAY_SIZE(shown), ARRAY_SIZE(states));
	/* a device that cannot be opened is a failure as everywhere */
	begin_other(&run, CONFIG_STATUS, false, false);
	msg_err("not there");
	run_end(&run, ERR_REFUSED);
	assert_hides(run.out_text, "Holds");
	assert_shows(run.err_text, "ERROR: not there\n");
	run_free(&run);
}

static void test_json_status(void **state)
{
	static const char *const shown[][2] = {
		{ "\"state\":{\"content\":\"unknown\"}" },
		{ "\"state\":{\"content\":\"unknown\",\"reason\":\"odd\"}" },
		{ "\"state\":{\"content\":\"ext\",\"type\":\"ext3\",\"label\":\"old\\u001b\",\"uuid\":\"" UUID_TEXT
		  "\"}" },
		{ "\"content\":\"btrfs\"", "\"rollback\":{\"possible\":false,\"reason\":\"no image\\u001b\"}" },
		{ "\"content\":\"converted\",\"type\":\"btrfs\",\"label\":\"tree\"",
		  "\"rollback\":{\"possible\":true,\"reason\":null,\"made_by\":\"fsconvert\"" },
		{ "\"rollback\":{\"possible\":false,\"reason\":\"balanced\",\"made_by\":\"fsconvert\"" },
		{ "\"interrupted\":{\"what\":\"conversion\",\"begun\":true,\"ext_marked\":true,\"btrfs_marked\":false,"
		  "\"record\":65536,\"resume\":{\"possible\":true,\"reason\":null,\"holds\":\"btrfs\"},"
		  "\"undo\":{\"possible\":true,\"reason\":null,\"holds\":\"ext\"}}",
		  "\"status\":\"interrupted\",\"exit\":4" },
		{ "\"what\":\"rollback\"",
		  "\"resume\":{\"possible\":false,\"reason\":\"broken\\u001b\",\"holds\":\"ext\"},"
		  "\"undo\":{\"possible\":true,\"reason\":null,\"holds\":\"btrfs\"}}" },
		{ "\"what\":null", "\"undo\":{\"possible\":false,\"reason\":\"lost\",\"holds\":null}" },
		{ "\"what\":\"conversion\",\"begun\":false",
		  "\"undo\":{\"possible\":true,\"reason\":null,\"holds\":\"ext\"}" },
	};
	struct run run;
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		end_status(&run, &states[i], true);
		for (k = 0; k < ARRAY_SIZE(shown[i]) && shown[i][k]; k++)
			assert_shows(run.out_text, shown[i][k]);
		assert_int_equal(count(run.out_text, "\n"), 1);
		run_free(&run);
	}
	assert_int_equal(ARRAY_SIZE(shown), ARRAY_SIZE(states));
}

/* Who waits sees a bar, which is gone in the end. */
static void test_terminal_status(void **state)
{
	struct run run;

	(void)state;
	begin_other(&run, CONFIG_STATUS, false, false);
	run.report.terminal = true;
	run.report.width = 79;
	run_phase(&run, "scan", 40 * MIB);
	run_end(&run, 0);
	assert_shows(run.err_text, "\rscan    [");
	assert_hides(run.err_text, "\n");
	assert_int_equal(run.err_text[strlen(run.err_text) - 1], '\r');
	run_free(&run);
}

static void test_outcome(void **state)
{
	(void)state;
	assert_string_equal(report_outcome(CONFIG_CONVERT, 0), "converted");
	assert_string_equal(report_outcome(CONFIG_CHECK, 0), "checked");
	assert_string_equal(report_outcome(CONFIG_REHEARSE, 0), "rehearsed");
	assert_string_equal(report_outcome(CONFIG_ROLLBACK, 0), "rolled-back");
	assert_string_equal(report_outcome(CONFIG_ROLLBACK_CHECK, 0), "checked");
	assert_string_equal(report_outcome(CONFIG_RESUME, 0), "resumed");
	assert_string_equal(report_outcome(CONFIG_STATUS, 0), "examined");
	assert_string_equal(report_outcome(CONFIG_STATUS, ERR_ARMED), "interrupted");
	assert_string_equal(report_outcome(CONFIG_ROLLBACK, ERR_REFUSED), "refused");
	assert_string_equal(report_outcome(CONFIG_CONVERT, ERR_NOROOM), "refused");
	assert_string_equal(report_outcome(CONFIG_CONVERT, ERR_STOPPED), "stopped");
	assert_string_equal(report_outcome(CONFIG_CONVERT, ERR_ARMED), "interrupted");
	assert_string_equal(report_outcome(CONFIG_CONVERT, ERR_IO), "failed");
	assert_int_equal(report_exit(false, 0), 0);
	assert_int_equal(report_exit(false, ERR_IO), 1);
	assert_int_equal(report_exit(false, ERR_USAGE), 2);
	assert_int_equal(report_exit(false, ERR_REFUSED), 3);
	assert_int_equal(report_exit(false, ERR_ARMED), 4);
	assert_int_equal(report_exit(true, 0), 0);
	assert_int_equal(report_exit(true, ERR_USAGE), 1);
	assert_int_equal(report_exit(true, ERR_REFUSED), 1);
	assert_int_equal(report_exit(true, ERR_ARMED), 1);
}

static void test_lost_output(void **state)
{
	struct options options;
	struct report report;
	FILE *full = fopen("/dev/full", "w");
	char *text = NULL;
	size_t size = 0;
	FILE *err = open_memstream(&text, &size);

	(void)state;
	assert_true(full && err);
	options_init(&options, false);
	options.config.device = "disk";
	report_init(&report, &options, full, err);
	assert_int_equal(report_result(&report, 0), ERR_IO);
	report_fini(&report);
	fclose(full);
	assert_int_equal(fclose(err), 0);
	assert_shows(text, "ERROR: standard output cannot be written");
	free(text);
}

static void *update_often(void *ctx)
{
	const struct progress *progress = ctx;
	u64 i;

	for (i = 0; i < 20000; i++)
		progress_update(progress, i);
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[4];
	struct run run;
	size_t i;

	(void)state;
	run_begin(&run, false, NULL);
	progress_begin(&run.report.progress, "data", 20000);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, update_often, &run.report.progress), 0);
	for (i = 0; i < 100; i++)
		msg_warn("beside it");
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(run.report.meter.done, 19999);
	progress_end(&run.report.progress);
	progress_update(&run.report.progress, 20000); /* late: between phases nothing is drawn */
	assert_int_equal(run.report.meter.done, 19999);
	run_end(&run, 0);
	assert_int_equal(count(run.err_text, "WARNING: beside it\n"), 100);
	run_free(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text), cmocka_unit_test(test_text_options), cmocka_unit_test(test_text_offset),
		cmocka_unit_test(test_text_slow), cmocka_unit_test(test_terminal), cmocka_unit_test(test_text_ends),
		cmocka_unit_test(test_compat), cmocka_unit_test(test_compat_options), cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_refused), cmocka_unit_test(test_text_rollback),
		cmocka_unit_test(test_compat_rollback), cmocka_unit_test(test_json_rollback),
		cmocka_unit_test(test_resume), cmocka_unit_test(test_text_status),
		cmocka_unit_test(test_json_status), cmocka_unit_test(test_terminal_status),
		cmocka_unit_test(test_outcome),
		cmocka_unit_test(test_lost_output), cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
