/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fault injection between a phase and its device, for tests. The order of calls is counted across all threads. */
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/msg.h"
#include "base/status.h"
#include "dev/dev.h"
#include "dev/dev_fault_log.h"

#define DEV_FAULT_SECTOR ((size_t)512)

struct dev_fault {
	struct dev dev;
	struct dev *below;
	struct dev_fault_opts opts;
	struct dev_fault_log *log;
	_Atomic u64 reads, writes, flushes;
};

static struct dev_fault *dev_fault_of(struct dev *dev)
{
	return (struct dev_fault *)dev;
}

static bool dev_fault_due(u64 call, u64 first)
{
	return first && call >= first;
}

static int dev_fault_fail(const struct dev *dev, const char *what, u64 call)
{
	msg_err("%s: injected failure of %s %" PRIu64, dev->name, what, call);
	return ERR_IO;
}

static int dev_fault_read(struct dev *dev, u64 offset, void *buf, size_t len)
{
	struct dev_fault *fault = dev_fault_of(dev);
	u64 call = atomic_fetch_add(&fault->reads, 1) + 1;

	if (dev_fault_due(call, fault->opts.fail_read))
		return dev_fault_fail(dev, "read", call);
	return dev_read(fault->below, offset, buf, len);
}

static int dev_fault_write(struct dev *dev, u64 offset, const void *buf, size_t len)
{
	struct dev_fault *fault = dev_fault_of(dev);
	const struct dev_fault_opts *opts = &fault->opts;
	u64 call = atomic_fetch_add(&fault->writes, 1) + 1;

	if (opts->kill_write && call == opts->kill_write)
		raise(SIGKILL);
	if (dev_fault_due(call, opts->fail_write))
		return dev_fault_fail(dev, "write", call);
	if (dev_fault_due(call, opts->cut_write)) {
		if (call > opts->cut_write || !opts->torn)
			return 0;
		len = len / DEV_FAULT_SECTOR / 2 * DEV_FAULT_SECTOR;
	}
	if (fault->log) {
		int ret = dev_fault_log_write(fault->log, offset, buf, len);

		if (ret)
			return ret;
	}
	return dev_write(fault->below, offset, buf, len);
}

static int dev_fault_flush(struct dev *dev)
{
	struct dev_fault *fault = dev_fault_of(dev);
	u64 call = atomic_fetch_add(&fault->flushes, 1) + 1;

	if (dev_fault_due(call, fault->opts.fail_flush))
		return dev_fault_fail(dev, "flush", call);
	if (dev_fault_due(atomic_load(&fault->writes), fault->opts.cut_write))
		return 0;
	if (fault->log) {
		int ret = dev_fault_log_flush(fault->log);

		if (ret)
			return ret;
	}
	return dev_flush(fault->below);
}

static void dev_fault_prefetch(struct dev *dev, u64 offset, u64 len)
{
	dev_prefetch(dev_fault_of(dev)->below, offset, len);
}

static int dev_fault_close(struct dev *dev)
{
	int ret = dev_fault_log_close(dev_fault_of(dev)->log);

	free(dev_fault_of(dev));
	return ret;
}

static const struct dev_ops dev_fault_ops = {
	.read = dev_fault_read,
	.write = dev_fault_write,
	.flush = dev_fault_flush,
	.prefetch = dev_fault_prefetch,
	.close = dev_fault_close,
};

int dev_fault_new(struct dev *below, const struct dev_fault_opts *opts, struct dev **out)
{
	struct dev_fault *fault = calloc(1, sizeof(*fault));
	int ret = 0;

	*out = NULL;
	if (!fault)
		return msg_nomem("fault device");
	if (opts->log[0])
		ret = dev_fault_log_new(opts->log, &fault->log);
	if (ret) {
		free(fault);
		return ret;
	}
	fault->dev = *below;
	fault->dev.ops = &dev_fault_ops;
	fault->below = below;
	fault->opts = *opts;
	*out = &fault->dev;
	return 0;
}

/* Reads one "name=count", "log=PATH" or "torn" of len characters into opts. */
static bool dev_fault_parse_one(const char *text, size_t len, struct dev_fault_opts *opts)
{
	const struct {
		const char *name;
		u64 *count;
	} counts[] = {
		{ "fail_read=", &opts->fail_read },   { "fail_write=", &opts->fail_write },
		{ "fail_flush=", &opts->fail_flush }, { "cut_write=", &opts->cut_write },
		{ "kill_write=", &opts->kill_write },
	};

	if (len == 4 && !memcmp(text, "torn", 4)) {
		opts->torn = true;
		return true;
	}
	if (len > 4 && len - 4 < sizeof(opts->log) && !memcmp(text, "log=", 4)) {
		memcpy(opts->log, text + 4, len - 4);
		opts->log[len - 4] = '\0';
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		size_t skip = strlen(counts[i].name);
		u64 v = 0;

		if (len <= skip || memcmp(text, counts[i].name, skip))
			continue;
		for (; skip < len; skip++)
			if (text[skip] < '0' || text[skip] > '9' || mul_overflows(v, 10, &v) ||
			    add_overflows(v, (u64)(text[skip] - '0'), &v))
				return false;
		*counts[i].count = v;
		return true;
	}
	return false;
}

int dev_fault_parse(const char *text, struct dev_fault_opts *opts)
{
	const char *p = text;

	memset(opts, 0, sizeof(*opts));
	while (*p) {
		size_t len = strcspn(p, ",");

		if (!dev_fault_parse_one(p, len, opts) || (p[len] == ',' && !p[len + 1])) {
			msg_err("bad fault description '%s': expected fail_read=N, fail_write=N, fail_flush=N, "
				"cut_write=N, kill_write=N, log=PATH or torn, separated by commas", text);
			return ERR_USAGE;
		}
		p += len + (p[len] == ',');
	}
	return 0;
}

u64 dev_fault_writes(struct dev *dev)
{
	return atomic_load(&dev_fault_of(dev)->writes);
}

u64 dev_fault_flushes(struct dev *dev)
{
	return atomic_load(&dev_fault_of(dev)->flushes);
}
