/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io_manager of libext2fs over struct dev, so that all reads go through one device layer; and block reads for the
 * rest of this layer. Writes are refused: nothing here may change the source.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "ext/ext_private.h"

/* An io_manager's open gets only a name; the device to open is handed over here, per thread. */
static _Thread_local struct dev *opening;

/* The first error of the device while opening, which was reported there already. */
static _Thread_local int opening_error;

static errcode_t io_open(const char *name, int flags, io_channel *out);

static errcode_t io_close(io_channel channel)
{
	if (--channel->refcount > 0)
		return 0;
	free(channel);
	return 0;
}

static errcode_t io_set_blksize(io_channel channel, int blksize)
{
	channel->block_size = blksize;
	return 0;
}

/* A negative count gives bytes. */
static errcode_t io_read_blk64(io_channel channel, unsigned long long block, int count, void *buf)
{
	struct dev *dev = channel->private_data;
	u64 offset, len;
	int ret;

	if (mul_overflows(block, (u64)channel->block_size, &offset))
		return EXT2_ET_SHORT_READ;
	len = count < 0 ? -(u64)count : (u64)count * (u64)channel->block_size;
	if (offset > dev->size || len > dev->size - offset)
		return EXT2_ET_SHORT_READ;
	ret = dev_read(dev, offset, buf, len);
	if (ret && !opening_error)
		opening_error = ret;
	return ret ? EIO : 0;
}

static errcode_t io_read_blk(io_channel channel, unsigned long block, int count, void *buf)
{
	return io_read_blk64(channel, block, count, buf);
}

static errcode_t io_write_blk64(io_channel channel, unsigned long long block, int count, const void *buf)
{
	(void)channel;
	(void)block;
	(void)count;
	(void)buf;
	return EROFS;
}

static errcode_t io_write_blk(io_channel channel, unsigned long block, int count, const void *buf)
{
	return io_write_blk64(channel, block, count, buf);
}

static errcode_t io_flush(io_channel channel)
{
	(void)channel;
	return 0;
}

static struct struct_io_manager manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "device layer",
	.open = io_open,
	.close = io_close,
	.set_blksize = io_set_blksize,
	.read_blk = io_read_blk,
	.write_blk = io_write_blk,
	.flush = io_flush,
	.read_blk64 = io_read_blk64,
	.write_blk64 = io_write_blk64,
};

/* Channel and name in one piece, so that one free releases both. */
struct channel {
	struct struct_io_channel io;
	char name[];
};

static errcode_t io_open(const char *name, int flags, io_channel *out)
{
	size_t len = strlen(name) + 1;
	struct channel *channel;

	if (flags & IO_FLAG_RW)
		return EROFS;
	channel = calloc(1, sizeof(*channel) + len);
	if (!channel)
		return ENOMEM;
	memcpy(channel->name, name, len);
	channel->io.magic = EXT2_ET_MAGIC_IO_CHANNEL;
	channel->io.manager = &manager;
	channel->io.name = channel->name;
	channel->io.block_size = EXT_SUPER_SIZE;
	channel->io.refcount = 1;
	channel->io.private_data = opening;
	*out = &channel->io;
	return 0;
}

int ext_io_open(struct dev *dev, ext2_filsys *lib)
{
	errcode_t err;

	initialize_ext2_error_table();
	opening = dev;
	opening_error = 0;
	err = ext2fs_open2("source", NULL, EXT2_FLAG_64BITS, 0, 0, &manager, lib);
	opening = NULL;
	if (!err)
		return 0;
	if (opening_error)
		return opening_error;
	if (err == ENOMEM || err == EXT2_ET_NO_MEMORY)
		return msg_nomem("opening the ext file system");
	msg_err("%s: %s; run e2fsck -f %s. Nothing was written.", dev->name, error_message(err), dev->name);
	return ERR_CORRUPT;
}

int ext_read_block(struct ext_fs *fs, u64 block, void *buf, u32 len)
{
	return dev_read(fs->dev, block << fs->block_bits, buf, len);
}

/* A direct read must be this large, and aligned to it. */
#define FRESH_SIZE (64 * KIB)

int ext_read_fresh(struct ext_fs *fs, u64 offset, void *buf, u32 len)
{
	u64 start = round_down(offset, FRESH_SIZE);
	void *window = NULL;
	int ret;

	if (posix_memalign(&window, FRESH_SIZE, FRESH_SIZE))
		return msg_nomem("reading the ext file system");
	ret = dev_read(fs->dev, start, window, min_u64(FRESH_SIZE, fs->dev->size - start));
	if (!ret)
		memcpy(buf, (const u8 *)window + (offset - start), len);
	free(window);
	return ret;
}
