/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Image files and block devices: transfers of all alignments, what is refused and what the user is told. What needs a
 * loop device is skipped without root.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arith.h"
#include "base/status.h"
#include "dev/dev.h"
#include "messages.h"

/* Not a multiple of the sector, so that the last transfer is an odd one. */
#define SIZE (MIB + 700)

static struct messages messages;
static char dir[] = "/var/tmp/fsconvert-test-XXXXXX";
static char path[sizeof(dir) + 8];
static char loop[64]; /* device of the image, "" when there is none */

static const struct dev_file_opts reading = { 0 };
static const struct dev_file_opts writing = { .write = true, .exclusive = true };

/* Runs a shell script in the directory of the image, without its complaints; line receives the first one it prints. */
static bool __printf(3, 4) run(char *line, size_t size, const char *fmt, ...)
{
	char script[1000];
	FILE *pipe = NULL;
	va_list ap;
	int len = snprintf(script, sizeof(script), "exec 2>/dev/null; cd %s && ", dir);
	bool got;

	va_start(ap, fmt);
	vsnprintf(script + len, sizeof(script) - (size_t)len, fmt, ap);
	va_end(ap);
	pipe = popen(script, "r");
	if (!pipe)
		return false;
	got = fgets(line, (int)size, pipe);
	line[got ? strcspn(line, "\n") : 0] = '\0';
	return !pclose(pipe) && got;
}

/* Gives the image a loop device; skips the test where there is none to be had. */
static void attach(const char *options)
{
	if (geteuid())
		skip();
	assert_int_equal(truncate(path, 4 * MIB), 0);
	if (!run(loop, sizeof(loop), "losetup --show -f %s image", options))
		skip();
}

/* Ends all use that a test, also a failed one, may have made of the loop device. A partition would outlive it. */
static void detach(void)
{
	char line[10];

	run(line, sizeof(line), "umount 'a b'; rmdir 'a b'; dmsetup remove fsconvert-test; swapoff %s; delpart %s 1; "
	    "losetup -d %s", loop, loop, loop);
	loop[0] = '\0';
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/image", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static int set_up(void **state)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	(void)state;
	messages_gather(&messages);
	if (fd < 0 || ftruncate(fd, SIZE))
		return -1;
	return close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	msg_set_sink(NULL, NULL);
	if (loop[0])
		detach();
	return unlink(path);
}

static void assert_said(const char *what)
{
	if (!strstr(messages.text, what))
		fail_msg("no '%s' in '%s'", what, messages.text);
}

static void assert_refused(const char *name, const struct dev_file_opts *opts, const char *why)
{
	struct dev *dev = (struct dev *)&messages;

	memset(&messages, 0, sizeof(messages));
	assert_int_equal(dev_file_open(name, opts, &dev), ERR_REFUSED);
	assert_null(dev);
	assert_int_equal(messages.nr[MSG_ERR], 1);
	assert_said(name);
	assert_said(why);
}

static struct dev *open_image(const struct dev_file_opts *opts)
{
	struct dev *dev = NULL;

	assert_int_equal(dev_file_open(path, opts, &dev), 0);
	assert_non_null(dev);
	return dev;
}

static off_t size_of_image(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* ========== Transfers ========== */

static void test_hole_reads_as_zeros(void **state)
{
	struct dev *dev = open_image(&reading);
	u8 *buf = malloc(SIZE);

	(void)state;
	assert_non_null(buf);
	assert_true(dev->size == SIZE);
	assert_true(dev->read_only);
	assert_string_equal(dev->name, path);
	memset(buf, 1, SIZE);
	dev_prefetch(dev, 0, UINT64_MAX);
	assert_int_equal(dev_read(dev, 0, buf, SIZE), 0);
	for (size_t i = 0; i < SIZE; i++)
		assert_int_equal(buf[i], 0);
	assert_int_equal(dev_flush(dev), 0);
	assert_int_equal(dev_close(dev), 0);
	free(buf);
}

/* Random transfers, so that direct and buffered ones alternate on the same bytes, against a copy in memory. */
static void test_random_transfers(void **state)
{
	struct dev *dev = open_image(&writing);
	u8 *copy = calloc(1, SIZE), *buf = NULL;

	(void)state;
	assert_int_equal(posix_memalign((void **)&buf, 4096, round_up(SIZE, 4096)), 0);
	assert_non_null(copy);
	srandom(1729);
	for (int round = 0; round < 300; round++) {
		bool aligned = random() % 2;
		u64 at = (u64)random() % SIZE, len = (u64)random() % (SIZE - at) + 1;
		u8 *from = aligned ? buf : buf + random() % 100;

		if (aligned) {
			at = round_down(at, 4096);
			len = round_down(len, 4096);
		}
		len = min_u64(len, (u64)(buf + SIZE - from));
		if (random() % 2) {
			memset(from, (int)random(), len);
			memcpy(copy + at, from, len);
			assert_int_equal(dev_write(dev, at, from, len), 0);
		} else {
			assert_int_equal(dev_read(dev, at, from, len), 0);
			assert_memory_equal(from, copy + at, len);
		}
	}
	assert_int_equal(dev_flush(dev), 0);
	assert_int_equal(dev_read(dev, 0, buf, SIZE), 0);
	assert_memory_equal(buf, copy, SIZE);
	assert_int_equal(dev_close(dev), 0);
	assert_int_equal(size_of_image(), SIZE);
	free(buf);
	free(copy);
}

static void test_past_end(void **state)
{
	struct dev *dev = open_image(&writing);

	(void)state;
	assert_int_equal(dev_write(dev, SIZE - 1, "xy", 2), ERR_IO);
	assert_int_equal(dev_write(dev, SIZE, "x", 1), ERR_IO);
	assert_int_equal(dev_write(dev, SIZE - 1, "z", 1), 0);
	assert_int_equal(dev_close(dev), 0);
	assert_int_equal(size_of_image(), SIZE);
}

static void test_offset(void **state)
{
	struct dev_file_opts opts = { .write = true, .exclusive = true, .offset = 512 };
	struct dev *dev = open_image(&opts);
	u8 byte = 0;
	int fd = open(path, O_RDONLY);

	(void)state;
	assert_true(dev->size == SIZE - 512);
	assert_int_equal(dev_write(dev, 0, "x", 1), 0);
	assert_int_equal(pread(fd, &byte, 1, 512), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(dev_read(dev, SIZE - 512, &byte, 1), ERR_IO);
	close(fd);
	assert_int_equal(dev_close(dev), 0);

	opts.offset = SIZE / 512 * 512 + 512;
	assert_refused(path, &opts, "it ends at");
	opts.offset = 100;
	assert_int_equal(dev_file_open(path, &opts, &dev), ERR_USAGE);
	assert_said("not a multiple of 512");
}

/* The limit on the size of files stands for a disk that does not take the write. */
static void test_write_fails(void **state)
{
	struct dev *dev = open_image(&writing);
	struct rlimit old, tight;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	tight.rlim_cur = 8192;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_int_equal(dev_write(dev, 4000, "0123456789", 10), 0);
	assert_int_equal(dev_write(dev, 8190, "0123456789", 10), ERR_IO);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_said("cannot write 8 bytes at 8192: File too large");
	assert_int_equal(dev_close(dev), 0);
}

/* Somebody cuts the file while it is open: an error, and no endless loop. */
static void test_file_becomes_shorter(void **state)
{
	struct dev *dev = open_image(&reading);
	u8 byte;

	(void)state;
	assert_int_equal(truncate(path, 1000), 0);
	assert_int_equal(dev_read(dev, 999, &byte, 1), 0);
	assert_int_equal(dev_read(dev, 1000, &byte, 1), ERR_IO);
	assert_said("at 1000: it has become shorter");
	assert_int_equal(dev_close(dev), 0);
}

/* ========== Refusals ========== */

static void test_wrong_kinds(void **state)
{
	struct dev_file_opts opts = writing;

	(void)state;
	assert_refused("/nonexistent/image", &reading, "No such file");
	assert_refused(dir, &reading, "is a directory");
	assert_refused("/dev/null", &opts, "neither a block device nor a regular file");
	opts.write = false;
	opts.exclusive = false;
	assert_int_equal(truncate(path, 0), 0);
	assert_refused(path, &opts, "it ends at 0");
}

static void test_read_only(void **state)
{
	struct dev *dev = open_image(&reading);

	(void)state;
	assert_int_equal(dev_write(dev, 0, "x", 1), ERR_BUG);
	assert_int_equal(dev_close(dev), 0);
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	if (geteuid()) {
		assert_refused(path, &writing, "cannot be opened for writing");
		return;
	}
	/* root may write to everything: be somebody else for a moment */
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(seteuid(65534), 0);
	assert_refused(path, &writing, "cannot be opened for writing");
	assert_int_equal(seteuid(0), 0);
}

static void test_locked(void **state)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 1 };
	struct dev *dev = open_image(&writing);
	int fd = -1;

	(void)state;
	assert_refused(path, &writing, "locked by another program");
	assert_int_equal(dev_close(dev), 0);

	fd = open(path, O_RDWR);
	assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), 0);
	assert_refused(path, &writing, "locked by another program");
	assert_int_equal(flock(fd, LOCK_UN), 0);
	/* as a virtual machine does */
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	assert_refused(path, &writing, "locked by another program");
	assert_int_equal(dev_file_open(path, &reading, &dev), 0);
	assert_int_equal(dev_close(dev), 0);
	close(fd);
	assert_int_equal(dev_file_open(path, &writing, &dev), 0);
	assert_int_equal(dev_close(dev), 0);
}

/* ========== Block devices ========== */

static void test_loop_device(void **state)
{
	struct dev *dev = NULL, *other = NULL;
	u8 *buf = NULL;

	(void)state;
	attach("");
	assert_int_equal(posix_memalign((void **)&buf, 4096, MIB), 0);
	assert_refused(path, &writing, "in use by the loop device");
	assert_said(loop);
	assert_int_equal(dev_file_open(path, &reading, &other), 0);
	assert_int_equal(messages.nr[MSG_WARN], 1);
	assert_int_equal(dev_close(other), 0);

	assert_int_equal(dev_file_open(loop, &writing, &dev), 0);
	assert_true(dev->size == 4 * MIB);
	assert_refused(loop, &writing, "is busy");
	memset(buf, 0x77, MIB);
	assert_int_equal(dev_write(dev, MIB, buf, MIB), 0);
	assert_int_equal(dev_write(dev, 1000, "small", 5), 0);
	assert_int_equal(dev_flush(dev), 0);
	memset(buf, 0, MIB);
	assert_int_equal(dev_read(dev, MIB, buf, MIB), 0);
	assert_int_equal(buf[0], 0x77);
	assert_int_equal(buf[MIB - 1], 0x77);
	assert_int_equal(dev_read(dev, 0, buf, MIB), 0);
	assert_memory_equal(buf + 1000, "small", 6);
	assert_int_equal(dev_close(dev), 0);
	free(buf);
}

static void test_read_only_device(void **state)
{
	struct dev *dev = NULL;

	(void)state;
	attach("-r");
	assert_refused(loop, &writing, "make it writable first");
	assert_int_equal(dev_file_open(loop, &reading, &dev), 0);
	assert_int_equal(dev_close(dev), 0);
}

/* The mount point has a blank, which the kernel writes as \040. */
static void test_mounted(void **state)
{
	char point[sizeof(dir) + 8], line[10];
	struct dev *dev = NULL;

	(void)state;
	attach("");
	snprintf(point, sizeof(point), "%s/a b", dir);
	snprintf(point, sizeof(point), "%s/a b", dir);
	if (!run(line, sizeof(line), "mkfs.ext2 -q %s >&2 && mkdir 'a b' && mount -t ext4 %s 'a b' && echo ok", loop,
		 loop))
		skip();
	assert_refused(loop, &writing, point);
	assert_said("it is mounted on");
	memset(&messages, 0, sizeof(messages));
	assert_int_equal(dev_file_open(loop, &reading, &dev), 0);
	assert_int_equal(messages.nr[MSG_WARN], 1);
	assert_int_equal(messages.nr[MSG_ERR], 0);
	assert_said("only read");
	assert_int_equal(dev_close(dev), 0);
}

/* btrfs shows a device number of its own: the name is what counts. */
static void test_mounted_btrfs(void **state)
{
	char line[10];

	(void)state;
	attach("");
	assert_int_equal(truncate(path, 128 * MIB), 0);
	if (!run(line, sizeof(line), "losetup -c %s && mkfs.btrfs -q %s >&2 && mkdir 'a b' && mount %s 'a b' && "
		 "echo ok", loop, loop, loop))
		skip();
	assert_refused(loop, &writing, "it is mounted on");
}

/* The name under which it was mounted is gone: the device number is what counts. */
static void test_mounted_by_another_name(void **state)
{
	char line[10];

	(void)state;
	attach("");
	if (!run(line, sizeof(line), "mkfs.ext2 -q %s >&2 && mkdir 'a b' && mknod node b 7 %s && "
		 "mount -t ext4 -o dev node 'a b' && echo ok; rm -f node", loop, loop + strlen("/dev/loop")))
		skip();
	assert_refused(loop, &writing, "it is mounted on");
}

static void test_swap(void **state)
{
	char line[10];

	(void)state;
	attach("");
	if (!run(line, sizeof(line), "mkswap %s >&2 && swapon %s && echo ok", loop, loop))
		skip();
	assert_refused(loop, &writing, "in use as swap");
}

static void test_partitioned(void **state)
{
	char line[10];

	(void)state;
	attach("");
	if (!run(line, sizeof(line), "addpart %s 1 2048 1024 && echo ok", loop))
		skip();
	assert_refused(loop, &writing, "whole disk with partitions");
}

/* Not every kernel has the device mapper: its mark in sysfs is put there, in a mount namespace of our own. */
static void test_mapped(void **state)
{
	char line[10], holders[80];

	(void)state;
	attach("");
	snprintf(holders, sizeof(holders), "/sys/block/%s/holders", loop + strlen("/dev/"));
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	/* in a chroot / is no mount point, but /sys is one */
	assert_true(run(line, sizeof(line), "{ mount --make-rprivate / || mount --make-rprivate /sys; } && "
			"mount -t tmpfs none %s && mkdir -p %s/dm-0/dm && "
			"echo fsconvert-test > %s/dm-0/dm/name && echo ok", holders, holders, holders));
	assert_refused(loop, &writing, "/dev/mapper/fsconvert-test");
	assert_int_equal(umount(holders), 0);
}

#define WITH_IMAGE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_IMAGE(test_hole_reads_as_zeros),
		WITH_IMAGE(test_random_transfers),
		WITH_IMAGE(test_past_end),
		WITH_IMAGE(test_offset),
		WITH_IMAGE(test_write_fails),
		WITH_IMAGE(test_file_becomes_shorter),
		WITH_IMAGE(test_wrong_kinds),
		WITH_IMAGE(test_read_only),
		WITH_IMAGE(test_locked),
		WITH_IMAGE(test_loop_device),
		WITH_IMAGE(test_read_only_device),
		WITH_IMAGE(test_mounted),
		WITH_IMAGE(test_mounted_btrfs),
		WITH_IMAGE(test_mounted_by_another_name),
		WITH_IMAGE(test_swap),
		WITH_IMAGE(test_partitioned),
		WITH_IMAGE(test_mapped),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
