/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entrance to every device: ranges are checked here once, so that implementations see only valid ones. */
#include "dev/dev.h"

#include <inttypes.h>

#include "base/msg.h"
#include "base/status.h"

static int dev_check_range(const struct dev *dev, const char *verb, u64 offset, u64 len)
{
	if (offset <= dev->size && len <= dev->size - offset)
		return 0;
	msg_err("%s: cannot %s %" PRIu64 " bytes at %" PRIu64 ": the device ends at %" PRIu64, dev->name, verb, len,
		offset, dev->size);
	return ERR_IO;
}

int dev_read(struct dev *dev, u64 offset, void *buf, size_t len)
{
	int ret = dev_check_range(dev, "read", offset, len);

	if (ret || !len)
		return ret;
	return dev->ops->read(dev, offset, buf, len);
}

int dev_write(struct dev *dev, u64 offset, const void *buf, size_t len)
{
	int ret = dev_check_range(dev, "write", offset, len);

	if (ret || !len)
		return ret;
	if (dev->read_only) {
		msg_err("%s: write of %zu bytes at %" PRIu64 " to a device that was opened only for reading "
			"(this is a bug)", dev->name, len, offset);
		return ERR_BUG;
	}
	return dev->ops->write(dev, offset, buf, len);
}

int dev_flush(struct dev *dev)
{
	return dev->ops->flush(dev);
}

void dev_prefetch(struct dev *dev, u64 offset, u64 len)
{
	if (offset >= dev->size || !len || !dev->ops->prefetch)
		return;
	if (len > dev->size - offset)
		len = dev->size - offset;
	dev->ops->prefetch(dev, offset, len);
}

int dev_close(struct dev *dev)
{
	return dev ? dev->ops->close(dev) : 0;
}
