/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The free space in pieces that chunks can use: the gaps between the used ranges, shrunk to multiples of 64 KiB, and
 * the tail of a device that is longer than its file system. Memory is bounded: when there are too many gaps the
 * smallest are dropped, and lie inside data chunks then.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/endian.h"
#include "base/msg.h"
#include "base/status.h"
#include "base/vec.h"
#include "convert/plan.h"

#define MAX_GAPS ((size_t)1 << 20)

struct gap_walk {
	struct job *job;
	u64 pos; /* end of the last used range */
};

/* Keeps the gaps of at least twice the length. */
static void drop_small(struct plan *plan)
{
	size_t kept = 0;

	plan->gap_min *= 2;
	for (size_t i = 0; i < plan->nr_gaps; i++)
		if (plan->gaps[i].len >= plan->gap_min)
			plan->gaps[kept++] = plan->gaps[i];
	plan->nr_gaps = kept;
}

static int add_gap(struct plan *plan, u64 start, u64 end)
{
	void *grown;

	start = round_up(max_u64(start, MIB), PLAN_ALIGN);
	end = round_down(end, PLAN_ALIGN);
	if (end <= start || end - start < plan->gap_min)
		return 0;
	while (plan->nr_gaps == MAX_GAPS)
		drop_small(plan);
	grown = vec_grow(plan->gaps, &plan->cap_gaps, plan->nr_gaps, sizeof(*plan->gaps));
	if (!grown)
		return msg_nomem("plan");
	plan->gaps = grown;
	plan->gaps[plan->nr_gaps++] = (struct range){ start, end - start };
	return 0;
}

static void note_reserved(struct plan *plan, u64 start, u64 end)
{
	u32 bit = 0;

	for (size_t i = 0; i < PLAN_NR_RESERVED; i++) {
		for (u64 pos = 0; pos < plan_reserved[i].len; pos += PLAN_ALIGN, bit++) {
			u64 unit = plan_reserved[i].start + pos;

			if (start < unit + PLAN_ALIGN && end > unit)
				plan->reserved_used |= (u32)1 << bit;
		}
	}
}

static int note_used(void *ctx, u64 start, u64 len)
{
	struct gap_walk *w = ctx;
	struct plan *plan = w->job->plan;
	int ret = add_gap(plan, w->pos, start);

	note_reserved(plan, start, start + len);
	w->pos = start + len;
	plan->last_used = w->pos;
	return ret;
}

int plan_find_gaps(struct job *job)
{
	struct gap_walk w = { .job = job };
	struct plan *plan = job->plan;
	int ret;

	plan->gap_min = PLAN_ALIGN;
	ret = ext_used_iterate(job->ext, note_used, &w);
	if (!ret)
		ret = add_gap(plan, w.pos, plan->total_bytes);
	return ret;
}

/* What may live in the last MiB of a device and mark it as somebody else's. */
struct tail_mark {
	const char *what;
	u64 from_end;    /* of the mark, bytes before the end of the device */
	u64 from_end_64k; /* or before the end rounded down to 64 KiB; 0: not this form */
	const char *magic;
	u32 len;
};

static const struct tail_mark tail_marks[] = {
	{ "a GPT backup header", 512, 0, "EFI PART", 8 },
	{ "an md superblock (1.0)", 8192, 0, "\xfc\x4e\x2b\xa9", 4 },
	{ "an md superblock (1.0)", 12288, 0, "\xfc\x4e\x2b\xa9", 4 },
	{ "an md superblock (0.90)", 0, 65536, "\xfc\x4e\x2b\xa9", 4 },
	{ "a DDF RAID header", 512, 0, "\xde\x11\xde\x11", 4 },
	{ "an Intel RAID signature", 1024, 0, "Intel Raid ISM Cfg. Sig. ", 25 },
	{ "DRBD metadata", 4096 - 60, 0, "\x83\x74\x02", 3 },
};

/* What may stand at the beginning of the tail: another file system or container that was made there. */
static const struct {
	const char *what;
	u32 offset;
	const char *magic;
	u32 len;
} head_marks[] = {
	{ "LUKS", 0, "LUKS\xba\xbe", 6 },         { "LVM2", 512, "LABELONE", 8 },
	{ "XFS", 0, "XFSB", 4 },                  { "ext", 1080, "\x53\xef", 2 },
	{ "btrfs", 65600, "_BHRfS_M", 8 },        { "swap", 4086, "SWAPSPACE2", 10 },
	{ "GPT", 512, "EFI PART", 8 },            { "md", 0, "\xfc\x4e\x2b\xa9", 4 },
	{ "md", 4096, "\xfc\x4e\x2b\xa9", 4 },    { "NTFS", 3, "NTFS    ", 8 },
	{ "FAT", 510, "\x55\xaa", 2 },            { "F2FS", 1024, "\x10\x20\xf5\xf2", 4 },
};

static const char *find_tail_mark(const u8 *end, u64 size, u64 len)
{
	for (size_t i = 0; i < ARRAY_SIZE(tail_marks); i++) {
		const struct tail_mark *m = &tail_marks[i];
		u64 back = m->from_end_64k ? size - (round_down(size, 64 * KIB) - m->from_end_64k) : m->from_end;

		if (back <= len && memcmp(end + len - back, m->magic, m->len) == 0)
			return m->what;
	}
	return NULL;
}

static const char *find_head_mark(const u8 *head, u64 len)
{
	for (size_t i = 0; i < ARRAY_SIZE(head_marks); i++)
		if (head_marks[i].offset + head_marks[i].len <= len &&
		    memcmp(head + head_marks[i].offset, head_marks[i].magic, head_marks[i].len) == 0)
			return head_marks[i].what;
	return NULL;
}

/* Looks into both ends of the tail. */
static int look_at_tail(struct job *job, u64 ext_size, u64 size, const char **found)
{
	u64 len = min_u64(size - ext_size, MIB);
	u8 *buf = malloc(MIB);
	int ret;

	if (!buf)
		return msg_nomem("plan");
	ret = dev_read(job->dev, size - len, buf, len);
	if (!ret)
		*found = find_tail_mark(buf, size, len);
	if (!ret && !*found) {
		ret = dev_read(job->dev, ext_size, buf, len);
		if (!ret)
			*found = find_head_mark(buf, len);
	}
	free(buf);
	return ret;
}

int plan_find_size(struct job *job)
{
	u64 ext_size = ext_get_info(job->ext)->size;
	u64 size = job->dev->size;
	const char *found = NULL;
	int ret;

	job->plan->total_bytes = ext_size;
	/* with an offset the end of the partition is not known: what follows may be another one */
	if (job->config.offset || size - ext_size < SECTOR)
		return 0;
	ret = look_at_tail(job, ext_size, size, &found);
	if (ret)
		return ret;
	if (found) {
		msg_warn("%s: %llu bytes behind the file system are left alone: there is %s", job->config.device,
			 (unsigned long long)(size - ext_size), found);
		return 0;
	}
	job->plan->total_bytes = round_down(size, SECTOR);
	job->plan_stats.tail_bytes = job->plan->total_bytes - ext_size;
	return 0;
}
