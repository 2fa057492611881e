/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small ext4 with a bit of everything, made by mke2fs and debugfs and converted as a configuration says, for tests of
 * what a conversion writes.
 */
#ifndef TEST_CONVERTED_H
#define TEST_CONVERTED_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "btrfs/btrfs_read.h"
#include "convert/job.h"
#include "convert/verify.h"
#include "messages.h"

#define IMAGE_SIZE (160 * MIB)
#define FILE_LEN 53248     /* blocks of "file"; nothing else has this length */
#define BIG_LEN 2002944    /* of "big" */
#define PREALLOC_LEN 65536
#define INO(ext) ((u64)(ext) + 254)

/* Stand for the address of the first chunk of each kind. */
#define DATA_CHUNK ((u64)-32)
#define SYSTEM_CHUNK ((u64)-33)
#define META_CHUNK ((u64)-34)

static char dir[] = "/tmp/test_verify.XXXXXX";
static struct dev *image;
static u8 super[BTRFS_SUPER_SIZE];
static struct messages said;

/* The inodes of the source, in the order in which debugfs makes them; the first free inode is 12. */
enum { FIRST = 12, SECOND, SUBDIR, THE_FILE, BIG, FIFO, LINK, PREALLOCATED, SMALL, DEVICE };

/* Every kind of inode, two names of equal hash, a hard link, an attribute, a preallocated file, and inode tables that
 * were never written. The short journal makes every tree fit a leaf. */
static const char make_source[] =
	"cd %s && : >empty && seq 99999 | head -c 53000 >file && seq 999999 | head -c 2000000 >big && "
	"echo small >small && truncate -s %llu source && "
	"mke2fs -q -t ext4 -b 4096 -N 8192 -J size=4 -E lazy_itable_init=1 source && "
	"printf '%%s\\n' 'write empty aiyifwg' 'write empty dlpjrry' 'mkdir dir' 'write file file' 'ln file dir/hard' "
	"'set_inode_field file links_count 2' 'ea_set file user.test value' 'write big big' 'mknod fifo p' "
	"'symlink link dir/hard' 'write empty prealloc' 'fallocate prealloc 0 15' "
	"'set_inode_field prealloc size 65000' 'write small small' 'mknod null c 1 3' >commands && "
	"debugfs -w -f commands source >log 2>&1";

static inline void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

/* --- making --- */

static inline int make_dir(void **state)
{
	char command[1000];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(command, sizeof(command), make_source, dir, (unsigned long long)IMAGE_SIZE);
	run(command);
	return 0;
}

static inline int remove_dir(void **state)
{
	char command[200];

	(void)state;
	msg_set_sink(NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	run(command);
	return 0;
}

static inline void unload(void)
{
	if (image)
		assert_int_equal(dev_close(image), 0);
	image = NULL;
}

/* Converts a copy of the source; image and super are then the result. */
static inline void load(void (*configure)(struct config *config))
{
	char command[200], path[100];
	struct job *job = calloc(1, sizeof(*job));
	int fd;

	assert_non_null(job);
	unload();
	messages_gather(&said);
	snprintf(path, sizeof(path), "%s/image", dir);
	snprintf(command, sizeof(command), "cp --sparse=always %s/source %s", dir, path);
	run(command);
	config_init(&job->config);
	job->config.device = path;
	if (configure)
		configure(&job->config);
	if (job_run(job) != 0)
		fail_msg("not converted: %s", said.text);
	assert_int_equal(job_close(job), 0);
	free(job);
	assert_int_equal(dev_mem_new(IMAGE_SIZE, &image), 0);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, dev_mem_data(image), IMAGE_SIZE), IMAGE_SIZE);
	assert_int_equal(close(fd), 0);
	memcpy(super, dev_mem_data(image) + BTRFS_SUPER_PRIMARY, sizeof(super));
}

static inline void load_default(void)
{
	if (!image)
		load(NULL);
}

/* The address of the chunk that is meant. */
static inline u64 resolve(u64 value)
{
	u64 type = value == DATA_CHUNK ? BTRFS_BLOCK_GROUP_DATA :
		   value == SYSTEM_CHUNK ? BTRFS_BLOCK_GROUP_SYSTEM : BTRFS_BLOCK_GROUP_METADATA;
	const struct btrfs_chunk *chunks;
	struct btrfs_reader *r;
	size_t i, nr;

	if (value != DATA_CHUNK && value != SYSTEM_CHUNK && value != META_CHUNK)
		return value;
	assert_int_equal(btrfs_reader_new(image, super, false, &r), 0);
	chunks = btrfs_reader_chunks(r, &nr);
	for (i = 0; !(chunks[i].type & type); i++)
		assert_true(i < nr);
	value = chunks[i].logical;
	btrfs_reader_free(r);
	return value;
}

/* Verify fails, and says this among other things. */
static inline bool is_noticed(const u8 *with_super, const char *text)
{
	messages_gather(&said);
	if (verify_trees(image, with_super, NULL, NULL, NULL) == ERR_BUG && strstr(said.text, text) &&
	    strstr(said.text, "this is a bug of fsconvert, the source is untouched"))
		return true;
	print_error("not noticed: %s\nbut said: %s", text, said.text);
	return false;
}

#endif
