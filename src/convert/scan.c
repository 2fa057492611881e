/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scan phase: reads every piece of ext's metadata once, in inode order, and proves that the source is consistent.
 * It writes nothing to the device: what does not fit in memory goes to a temporary file, because before the proof is
 * complete no block can be believed to be free.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "convert/scan.h"

static int note_fixed(void *ctx, u64 start, u64 len, enum ext_fixed kind)
{
	struct job *job = ctx;
	struct claim claim = { .physical = start, .len = len };

	claim.kind = kind == EXT_FIXED_UNINIT ? CLAIM_UNINIT : CLAIM_FIXED;
	return scan_claim_add(job->scan, &claim);
}

static int scan_new(struct job *job)
{
	size_t share = (size_t)(job->config.memory * 5 / 16);
	struct scan *scan = calloc(1, sizeof(*scan));
	int ret;

	if (!scan)
		return msg_nomem("scan");
	job->scan = scan;
	scan->nr_pages = ext_get_info(job->ext)->nr_inodes / SCAN_PAGE_INODES + 1;
	scan->pages = calloc(scan->nr_pages, sizeof(*scan->pages));
	if (!scan->pages)
		return msg_nomem("scan");
	ret = scratch_new_file(job->config.tmpdir, &scan->scratch);
	if (ret)
		return ret;
	ret = sort_new(sizeof(struct claim_payload), share, scan->scratch, &scan->claims);
	if (ret)
		return ret;
	ret = sort_new(SORT_VARIABLE, share, scan->scratch, &scan->names);
	if (ret)
		return ret;
	return sort_new(SORT_VARIABLE, share / 4, scan->scratch, &scan->bucket);
}

static int scan_inodes(struct job *job)
{
	struct ext_inode_iter *it = NULL;
	struct ext_inode inode;
	u32 count = 0;
	int ret = ext_inode_iter_new(job->ext, 1, &it);

	while (ret >= 0 && (ret = ext_inode_iter_next(it, &inode)) == 1) {
		ret = scan_inode(job, &inode);
		if (ret)
			break;
		if (++count % 4096 == 0) {
			progress_update(job->progress, ext_inode_iter_bytes(it));
			if (job_stopped(job)) {
				ret = ERR_STOPPED;
				break;
			}
		}
	}
	ext_inode_iter_free(it);
	return ret;
}

/* The first of ext2_saved, ext2_saved0 ... that no entry of the root directory has. */
static int choose_saved_name(struct job *job)
{
	struct scan *scan = job->scan;
	u32 nr = 0;

	while (nr < 32 && (scan->saved_taken & (u32)1 << nr))
		nr++;
	if (nr == 32) {
		msg_err("%s: the root directory has all the names ext2_saved, ext2_saved0 ... ext2_saved30: rename one "
			"of them",
			job->config.device);
		return ERR_REFUSED;
	}
	strcpy(scan->saved_name, "ext2_saved");
	if (nr > 0) {
		char *end = scan->saved_name + strlen(scan->saved_name);

		if (nr > 10)
			*end++ = (char)('0' + (nr - 1) / 10);
		*end++ = (char)('0' + (nr - 1) % 10);
		*end = '\0';
	}
	return 0;
}

static void account_metadata(struct job *job)
{
	struct scan_stats *stats = &job->scan_stats;

	stats->meta_bytes = stats->used_bytes - stats->data_bytes - stats->prealloc_bytes - stats->uninit_bytes;
}

int scan_run(struct job *job)
{
	int ret = scan_new(job);

	if (ret)
		return ret;
	progress_begin(job->progress, "scan", ext_inode_table_bytes(job->ext));
	ret = ext_fixed_iterate(job->ext, note_fixed, job);
	if (!ret)
		ret = scan_inodes(job);
	if (!ret)
		ret = sort_finish(job->scan->names);
	if (!ret)
		ret = scan_prove_links(job);
	if (!ret)
		ret = sort_finish(job->scan->claims);
	if (!ret)
		ret = scan_prove_claims(job);
	if (!ret)
		ret = choose_saved_name(job);
	if (!ret)
		ret = ext_check_unchanged(job->ext);
	if (!ret) {
		account_metadata(job);
		progress_update(job->progress, ext_inode_table_bytes(job->ext));
	}
	sort_free(job->scan->bucket);
	job->scan->bucket = NULL;
	progress_end(job->progress);
	return ret;
}

void scan_free(struct scan *scan)
{
	if (!scan)
		return;
	for (u32 i = 0; scan->pages && i < scan->nr_pages; i++)
		free(scan->pages[i]);
	free(scan->pages);
	free(scan->dirs);
	sort_free(scan->claims);
	sort_free(scan->names);
	sort_free(scan->bucket);
	scratch_free(scan->scratch);
	free(scan);
}
