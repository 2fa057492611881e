/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One conversion: what was asked, the handles, and what each phase has found out, grouped by phase. A phase reads the
 * groups of the phases before it and fills its own.
 *
 *     open -> scan -> plan -> build -> verify -> commit
 *
 * A phase may fail at any point before commit, and the disk is as it was: that sentence is the architecture.
 */
#ifndef CONVERT_JOB_H
#define CONVERT_JOB_H

#include "base/progress.h"
#include "btrfs/btrfs.h"
#include "btrfs/btrfs_item.h"
#include "btrfs/btrfs_tree.h"
#include "convert/config.h"
#include "dev/dev.h"
#include "ext/ext.h"
#include "sort/sort.h"

/* What scan counted; shown to people and held against what verify counts. */
struct scan_stats {
	u64 nr_files, nr_dirs, nr_symlinks, nr_nodes; /* inodes by kind; nodes are devices, fifos and sockets */
	u64 nr_names;          /* directory entries without . and .. */
	u64 nr_xattrs;
	u64 nr_inline;         /* files that will be inline */
	u64 data_bytes;        /* written file data */
	u64 prealloc_bytes;    /* unwritten file data */
	u64 meta_bytes;        /* what only ext uses */
	u64 uninit_bytes;      /* what ext reserved and never wrote */
	u64 used_bytes;        /* by the block bitmap */
	u64 nr_used_runs;      /* contiguous used ranges */
};

/* What the machine that boots from the file system needs; shown to people. */
struct machine_stats {
	bool fstab_rewritten;  /* in the result; the old file is kept beside it */
	u32 fstab_lines;       /* that do not suit a btrfs */
	u32 fstab_line;        /* number of the first of them */
	char fstab_old[512], fstab_new[512]; /* that line, cut short if need be */
	char fstab[512];       /* path of the file */
	char fstab_kept[256];  /* name of the old one, in the same directory */
};

/* What the plan decided; shown to people. */
struct plan_stats {
	u32 nodesize;
	bool dup;
	u64 total_bytes;        /* of the btrfs */
	u64 tail_bytes;         /* beyond the ext file system, now used */
	u64 metadata_expected;  /* bytes of tree blocks, one copy */
	u64 metadata_bound;     /* proven upper bound of that */
	u64 metadata_reserved;  /* bytes of metadata chunks, one copy */
	u64 system_reserved;
	u64 moved_bytes;        /* data and metadata moved out of the reserved ranges */
	u64 unallocated_bytes;  /* left to the kernel */
	u64 largest_unallocated;
	u32 nr_data_chunks, nr_metadata_chunks, nr_system_chunks;
};

/* How long the phases behind the plan will take; shown to people, and held against config.max_seconds. */
struct estimate {
	bool known;
	double seconds;
	u64 read_bytes;         /* by the sweep */
	u64 write_bytes;
	u64 rate;               /* bytes a second at which samples were read; 0: there were none */
};

/* What build wrote. */
struct build_stats {
	u64 nr_blocks;          /* tree blocks, one copy */
	u64 nr_items;
	u64 bytes_written;      /* all copies */
	u64 nr_data_extents;
	u64 csum_bytes;         /* data covered by checksums */
	u64 inline_bytes;
};

/* What a roll back found out; shown to people. */
struct rollback_stats {
	u8 fsid[16];         /* of the btrfs */
	char label[256];
	bool ours;           /* converted by fsconvert, not by btrfs-convert */
	char saved_name[256]; /* of the subvolume with the saved image */
	u64 image_size;      /* 0: there is no saved image */
	bool has_ext;        /* ext is set: the file system in the image was opened */
	struct ext_info ext; /* what comes back; its features are NULL */
	u64 pieces_bytes;    /* that are copied home */
	u64 nr_changed;      /* files, folders ... that were changed or made since the conversion */
	u64 nr_removed;      /* that ext has and the btrfs has no more */
};

/* What resume found and reached. */
struct resume_stats {
	bool interrupted;    /* else there was nothing to do */
	bool rolling_back;   /* a roll back was interrupted, not a conversion */
	bool holds_ext;      /* the device holds ext now, else btrfs */
};

enum state_content { STATE_UNKNOWN, STATE_EXT, STATE_BTRFS, STATE_CONVERTED, STATE_INTERRUPTED };

/* One of the two ends that an interrupted switch can be brought to. */
struct state_way {
	bool possible;
	char reason[512];    /* why not */
};

/* What the device holds. */
struct state {
	enum state_content content;
	bool is_ext;         /* type, label and uuid are those of ext; else of btrfs */
	const char *type;    /* "ext2", "ext3", "ext4", "btrfs"; NULL: unknown */
	char label[256];
	u8 uuid[16];

	/* UNKNOWN: what is wrong with what was found, or empty; BTRFS, CONVERTED: why it cannot be rolled back */
	char reason[1024];
	bool can_roll_back;  /* CONVERTED; more is in struct rollback_stats */

	/* INTERRUPTED */
	bool rolling_back;   /* a roll back, else a conversion; known when has_record */
	bool ext_marked, btrfs_marked; /* superblocks that carry the mark */
	bool not_begun;      /* a torn mark only: ext is whole, resume removes the mark */
	bool has_record;     /* the journal record was read */
	u64 record;          /* where it stands; 0: unknown */
	struct state_way forward, undo;
};

struct job;

/* Called once by job_run when everything is known and before the switch, or what leads to it, is written: for a
 * conversion after the plan, for a roll back after its proof. */
typedef void (*job_plan_fn)(void *ctx, const struct job *job);

struct job {
	struct config config;
	job_plan_fn plan_hook;           /* may be NULL */
	void *plan_hook_ctx;
	const struct progress *progress; /* borrowed, may be NULL */
	const volatile int *stop;        /* set by a signal handler: stop at the next safe point; may be NULL */

	/* open */
	struct dev *disk;       /* the file or block device */
	struct dev *fault;      /* on top of it in debug builds that are to fail; else NULL */
	struct dev *dev;        /* what the phases use: the fence on top of these */
	struct ext_fs *ext;

	struct scan *scan;      /* private to the convert layer */
	struct scan_stats scan_stats;

	struct machine *machine; /* private to the convert layer */
	struct machine_stats machine_stats;

	struct plan *plan;
	struct plan_stats plan_stats;
	struct estimate estimate;

	struct build *build;
	struct build_stats build_stats;

	struct rollback_stats rollback_stats;
	struct resume_stats resume_stats;
	struct state state;

	double seconds[6];      /* wall time of open, scan, plan, build, verify, commit */
	double other_seconds;   /* of roll back, resume and status */
};

/* --- pipeline.c --- */

/* Runs the phases that config.action asks for. 0, or the error of the phase that failed (the message was printed).
 * job must be zeroed but for config, hooks, progress and stop. */
int job_run(struct job *job) __must_check;

/* Releases everything; safe after any failure. Returns the first error of closing. */
int job_close(struct job *job) __must_check;

/* --- what others may print of the plan --- */

/* Chunks of the result ascending by logical address. */
const struct btrfs_chunk *plan_chunks(const struct job *job, size_t *nr);
/* fsid of the result. */
const u8 *plan_fsid(const struct job *job);
const char *plan_label(const struct job *job);
/* incompat and compat_ro features in force, and the checksum type, are those of this. */
const struct btrfs_params *plan_params(const struct job *job);

#endif
