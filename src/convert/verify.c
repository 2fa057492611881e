/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drives the verify phase. Superblock and root tree come first; then one thread walks the file trees and one the trees
 * that account for space, so that one computes while the other waits for the device; then what both have summed up must
 * agree, and must be what scan and plan promised.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/status.h"
#include "convert/verify_private.h"

int verify_bug(const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	msg_err("verify: %s: this is a bug of fsconvert, the source is untouched", text);
	return ERR_BUG;
}

bool verify_all_zero(const void *bytes, size_t len)
{
	const u8 *p = bytes;

	while (len > 0 && *p == 0) {
		p++;
		len--;
	}
	return len == 0;
}

const struct verify_root *verify_find_root(const struct verify *v, u64 id)
{
	size_t i;

	for (i = 0; i < v->nr_roots; i++)
		if (v->roots[i].id == id)
			return &v->roots[i];
	return NULL;
}

/* --- the two threads --- */

static int walk_accounts(struct verify *v)
{
	int ret = verify_chunks(v);

	return ret ? ret : verify_space(v);
}

struct thread_job {
	struct verify *v;
	int ret;
};

static void *walk_accounts_thread(void *arg)
{
	struct thread_job *job = arg;

	job->ret = walk_accounts(job->v);
	return NULL;
}

static int walk_all(struct verify *v)
{
	struct thread_job job = { v, 0 };
	pthread_t thread;
	bool threaded = pthread_create(&thread, NULL, walk_accounts_thread, &job) == 0;
	int ret = verify_files(v);

	if (threaded)
		pthread_join(thread, NULL);
	else if (!ret)
		job.ret = walk_accounts(v);
	return ret ? ret : job.ret;
}

/* --- the equations --- */

struct equation {
	size_t left, right; /* in struct verify_tally */
	const char *text;
};

#define EQUATION(left, right, text) { offsetof(struct verify_tally, left), offsetof(struct verify_tally, right), text }

static const struct equation equations[] = {
	EQUATION(blocks_met, blocks_listed, "the tree blocks and those in the extent tree"),
	EQUATION(refs_made, refs_listed, "the file extents and the references in the extent tree"),
	EQUATION(csums_wanted, csums_listed, "the file extents that need checksums and the extents that have them"),
	EQUATION(plain_wanted, plain_listed, "the file extents that must have no checksums and the extents without"),
	EQUATION(names_indexed, names_hashed, "the DIR_INDEX and the DIR_ITEM entries"),
	EQUATION(links_indexed, links_back, "the DIR_INDEX entries and the names that inodes have"),
	EQUATION(types_named, types_had, "the types in directory entries and those of the inodes"),
};

static struct verify_sum *sum_of(struct verify_tally *tally, size_t offset)
{
	return (struct verify_sum *)((char *)tally + offset);
}

/* Joins what both threads have summed up, in v->files. */
static int check_equations(struct verify *v)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(equations); i++) {
		struct verify_sum *left = sum_of(&v->files, equations[i].left);
		struct verify_sum *right = sum_of(&v->files, equations[i].right);

		verify_sum_join(left, sum_of(&v->space, equations[i].left));
		verify_sum_join(right, sum_of(&v->space, equations[i].right));
		if (!verify_sum_equal(left, right))
			ret = verify_bug("%s differ (%llu and %llu)", equations[i].text, (unsigned long long)left->nr,
					 (unsigned long long)right->nr);
	}
	return ret;
}

/* --- what was promised --- */

struct promise {
	size_t offset; /* in struct verify_expect */
	const char *name;
};

#define PROMISE(field, what) { offsetof(struct verify_expect, field), what }

static const struct promise promises[] = {
	PROMISE(nr_files, "files"), PROMISE(nr_dirs, "directories"), PROMISE(nr_symlinks, "symlinks"),
	PROMISE(nr_nodes, "devices, fifos and sockets"), PROMISE(nr_names, "names"),
	PROMISE(nr_xattrs, "extended attributes"), PROMISE(nr_inline, "inline files"),
	PROMISE(inline_bytes, "bytes of inline data"), PROMISE(data_bytes, "bytes of data"),
	PROMISE(prealloc_bytes, "bytes preallocated"), PROMISE(image_size, "bytes of image size"),
	PROMISE(image_bytes, "bytes in the image"), PROMISE(uninit_bytes, "bytes never written"),
	PROMISE(csum_bytes, "bytes with checksums"),
};

static u64 promise_of(const struct verify_expect *expect, size_t i)
{
	u64 value;

	memcpy(&value, (const char *)expect + promises[i].offset, sizeof(value));
	return value;
}

void verify_expect_init(struct verify_expect *expect)
{
	memset(expect, 0xff, sizeof(*expect));
}

static int check_promises(const struct verify_expect *expect, const struct verify_expect *found)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(promises); i++) {
		u64 wanted = promise_of(expect, i);

		if (wanted != VERIFY_UNKNOWN && wanted != promise_of(found, i))
			ret = verify_bug("%llu %s were promised, %llu are there", (unsigned long long)wanted,
					 promises[i].name, (unsigned long long)promise_of(found, i));
	}
	return ret;
}

/* --- */

static void sum_up(struct verify *v, struct verify_result *result)
{
	const struct verify_result *space = &v->space.counts;
	u32 copies = 1;
	size_t i, nr;
	const struct btrfs_chunk *chunks = btrfs_reader_chunks(v->reader, &nr);

	*result = v->files.counts;
	result->found.csum_bytes = space->found.csum_bytes;
	result->nr_blocks += space->nr_blocks;
	result->nr_items += space->nr_items;
	result->nr_extents = space->nr_extents;
	result->nr_refs = v->space.refs_listed.nr;
	result->extent_bytes = space->extent_bytes;
	for (i = 0; i < nr; i++)
		if (chunks[i].nr_stripes > copies)
			copies = chunks[i].nr_stripes;
	result->bytes_read = result->nr_blocks * v->info->nodesize * copies;
}

static u64 total_work(const struct verify *v)
{
	u64 total = 2 * (u64)v->info->nodesize;
	size_t i;

	for (i = 0; i < v->nr_roots; i++)
		total += v->roots[i].bytes_used;
	return total;
}

static int run(struct verify *v, const struct verify_expect *expect, struct verify_result *result)
{
	struct verify_result sums;
	int ret;

	ret = verify_super(v);
	if (!ret)
		ret = verify_roots(v);
	if (ret)
		return ret;
	progress_begin(v->watch.progress, "verify", total_work(v));
	ret = walk_all(v);
	if (!ret)
		ret = check_equations(v);
	if (!ret) {
		sum_up(v, &sums);
		progress_update(v->watch.progress, total_work(v));
	}
	progress_end(v->watch.progress);
	if (!ret && result)
		*result = sums;
	return ret || !expect ? ret : check_promises(expect, &sums.found);
}

int verify_trees(struct dev *dev, const u8 super[BTRFS_SUPER_SIZE], const struct verify_expect *expect,
		 const struct verify_watch *watch, struct verify_result *result)
{
	struct verify *v = calloc(1, sizeof(*v));
	int ret;

	if (!v)
		return msg_nomem("verify");
	if (watch)
		v->watch = *watch;
	v->super = (const struct btrfs_super_disk *)super;
	ret = btrfs_reader_new(dev, super, true, &v->reader);
	if (!ret) {
		v->info = btrfs_reader_super(v->reader);
		ret = run(v, expect, result);
	}
	/* The reader has said what is wrong, but not whose fault it is. */
	if (ret == ERR_CORRUPT || ret == ERR_REFUSED)
		ret = verify_bug("what was written does not read back as a sound file system");
	btrfs_reader_free(v->reader);
	free(v);
	return ret;
}
