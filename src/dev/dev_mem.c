/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device in memory, for tests. */
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "dev/dev.h"

struct dev_mem {
	struct dev dev;
	u8 *data;
};

static struct dev_mem *dev_mem_of(struct dev *dev)
{
	return (struct dev_mem *)dev;
}

static int dev_mem_read(struct dev *dev, u64 offset, void *buf, size_t len)
{
	memcpy(buf, dev_mem_of(dev)->data + offset, len);
	return 0;
}

static int dev_mem_write(struct dev *dev, u64 offset, const void *buf, size_t len)
{
	memcpy(dev_mem_of(dev)->data + offset, buf, len);
	return 0;
}

static int dev_mem_flush(struct dev *dev)
{
	(void)dev;
	return 0;
}

static int dev_mem_close(struct dev *dev)
{
	struct dev_mem *mem = dev_mem_of(dev);

	free(mem->data);
	free(mem);
	return 0;
}

static const struct dev_ops dev_mem_ops = {
	.read = dev_mem_read,
	.write = dev_mem_write,
	.flush = dev_mem_flush,
	.close = dev_mem_close,
};

int dev_mem_new(u64 size, struct dev **out)
{
	struct dev_mem *mem = calloc(1, sizeof(*mem));

	*out = NULL;
	if (mem && size <= SIZE_MAX)
		mem->data = calloc(1, size ? size : 1);
	if (!mem || !mem->data) {
		free(mem);
		return msg_nomem("memory device");
	}
	mem->dev.ops = &dev_mem_ops;
	mem->dev.name = "memory";
	mem->dev.size = size;
	*out = &mem->dev;
	return 0;
}

u8 *dev_mem_data(struct dev *dev)
{
	return dev_mem_of(dev)->data;
}
