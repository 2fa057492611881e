/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides by the superblock, runs e2fsck -p, and decides again: its exit status alone is not believed. What it prints
 * is passed on line by line, and its end stands in the message of a refusal.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/msg.h"
#include "base/status.h"
#include "cli/preen.h"
#include "convert/journal.h"
#include "dev/dev.h"
#include "ext/ext.h"

#define POLL_MS 200
#define LINE_SIZE 512
#define KEPT_LINES 4

/* Bits of e2fsck's exit status. */
#define FSCK_REPAIRED 3  /* errors corrected; the machine should be restarted, if that was its root */
#define FSCK_CANCELED 32

struct output {
	char line[LINE_SIZE];
	size_t len;
	char kept[KEPT_LINES][LINE_SIZE]; /* the last lines, a ring */
	unsigned int nr;
};

/* What is pending on the device, NULL when nothing is. */
static int look(const struct config *config, const char **reason)
{
	bool check = config->action == CONFIG_CHECK;
	struct dev_file_opts opts = { .exclusive = !check, .offset = config->offset };
	struct dev *dev;
	int ret, err;

	*reason = NULL;
	msg_set_quiet(true); /* the conversion will warn */
	ret = dev_file_open(config->device, &opts, &dev);
	msg_set_quiet(false);
	if (ret)
		return ret;
	ret = journal_refuse_armed(dev, config->device);
	if (!ret)
		ret = ext_probe_pending(dev, reason);
	err = dev_close(dev);
	return ret ? ret : err;
}

static void end_line(struct output *output)
{
	output->line[output->len] = '\0';
	if (output->len) {
		msg_info("e2fsck: %s", output->line);
		memcpy(output->kept[output->nr++ % KEPT_LINES], output->line, output->len + 1);
	}
	output->len = 0;
}

static void take_output(struct output *output, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] == '\n' || text[i] == '\r' || output->len == LINE_SIZE - 1)
			end_line(output);
		if (text[i] != '\n' && text[i] != '\r')
			output->line[output->len++] = text[i];
	}
}

/* The lines kept, in one. */
static const char *last_words(const struct output *output, char *buf, size_t size)
{
	unsigned int i = output->nr < KEPT_LINES ? 0 : output->nr - KEPT_LINES;
	size_t used = 0;

	snprintf(buf, size, "nothing");
	for (; i < output->nr && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? " | " : "",
					 output->kept[i % KEPT_LINES]);
	return buf;
}

/* Reads all that the program prints; asks it to stop when we were asked to. */
static int read_output(const struct preen *preen, pid_t pid, int fd, struct output *output)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char buf[1024];
	bool asked = false;
	ssize_t len;
	int ready;

	for (;;) {
		if (!asked && preen->stop && *preen->stop) {
			kill(pid, SIGTERM);
			asked = true;
		}
		ready = poll(&wait, 1, POLL_MS);
		if (ready == 0 || (ready < 0 && errno == EINTR))
			continue;
		len = ready < 0 ? -1 : read(fd, buf, sizeof(buf));
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			break;
		take_output(output, buf, (size_t)len);
	}
	end_line(output);
	return len < 0 ? ERR_IO : 0;
}

static int set_up_child(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int out)
{
	sigset_t defaults;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE); /* which we ignore */
	if (posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ||
	    posix_spawn_file_actions_adddup2(files, out, STDOUT_FILENO) ||
	    posix_spawn_file_actions_adddup2(files, out, STDERR_FILENO) ||
	    posix_spawnattr_setsigdefault(attributes, &defaults) ||
	    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF))
		return ERR_NOMEM;
	return 0;
}

/* Starts e2fsck -p with its output going to out; errno tells why it could not. */
static int start(const struct preen *preen, const char *device, int out, pid_t *pid)
{
	extern char **environ;
	static char name[] = "e2fsck", flag[] = "-p", end[] = "--";
	char *argv[] = { name, flag, end, (char *)device, NULL }; /* which posix_spawn does not change */
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int ret;

	if (posix_spawn_file_actions_init(&files))
		return ERR_NOMEM;
	if (posix_spawnattr_init(&attributes)) {
		posix_spawn_file_actions_destroy(&files);
		return ERR_NOMEM;
	}
	ret = set_up_child(&files, &attributes, out);
	if (!ret) {
		errno = posix_spawnp(pid, preen->e2fsck ? preen->e2fsck : name, &files, &attributes, argv, environ);
		ret = errno ? ERR_REFUSED : 0;
	}
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return ret;
}

/* Runs it to its end; *status is that of waitpid. */
static int run_e2fsck(struct preen *preen, const char *device, struct output *output, int *status)
{
	int fds[2], ret, out;
	pid_t pid = -1;

	if (pipe2(fds, O_CLOEXEC)) {
		msg_err("e2fsck cannot be started: %s", strerror(errno));
		return ERR_NOMEM;
	}
	ret = start(preen, device, fds[1], &pid);
	if (ret)
		msg_err("%s cannot be started: %s; install it, name it with --e2fsck, or run e2fsck -p %s yourself",
			preen->e2fsck ? preen->e2fsck : "e2fsck",
			ret == ERR_REFUSED ? strerror(errno) : "out of memory", device);
	close(fds[1]);
	if (!ret) {
		preen->ran = true;
		out = read_output(preen, pid, fds[0], output);
		while ((ret = waitpid(pid, status, 0)) < 0 && errno == EINTR)
			;
		ret = ret < 0 ? ERR_IO : out;
		if (ret)
			msg_err("what became of e2fsck cannot be found out");
	}
	close(fds[0]);
	return ret;
}

static int judge(const struct preen *preen, const struct config *config, int status, const struct output *output)
{
	char words[2 * LINE_SIZE], how[64];
	const char *reason;
	int ret;

	if ((preen->stop && *preen->stop) || (WIFEXITED(status) && WEXITSTATUS(status) & FSCK_CANCELED)) {
		msg_err("%s: e2fsck was stopped", config->device);
		return ERR_STOPPED;
	}
	if (WIFEXITED(status) && !(WEXITSTATUS(status) & ~FSCK_REPAIRED)) {
		ret = look(config, &reason);
		if (ret || !reason)
			return ret;
		snprintf(how, sizeof(how), "has left it unclean");
	} else if (WIFEXITED(status)) {
		snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
	} else {
		snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(status));
	}
	msg_err("%s: e2fsck -p %s; run e2fsck -f %s and answer its questions. Its last words: %s", config->device, how,
		config->device, last_words(output, words, sizeof(words)));
	return ERR_REFUSED;
}

/* Whether e2fsck can be run here, and may be. */
static int check_run(const struct config *config, const char *reason)
{
	if (config->action != CONFIG_CONVERT) {
		msg_err("%s: %s, which a conversion with fsck = preen has e2fsck do, and this run does not, as it "
			"leaves the file system alone; run e2fsck -p %s first. Nothing was written.",
			config->device, reason, config->device);
		return ERR_REFUSED;
	}
	/* it loses the offset when it opens the device again behind the replay */
	if (config->offset) {
		msg_err("%s: %s, and e2fsck cannot do that at an offset; attach it with losetup --offset %llu, and "
			"name the loop device. Nothing was written.",
			config->device, reason, (unsigned long long)config->offset);
		return ERR_REFUSED;
	}
	/* libext2fs takes what stands behind it for options */
	if (strchr(config->device, '?')) {
		msg_err("%s: %s, and e2fsck cannot open a path with a question mark; use another name. Nothing was "
			"written.",
			config->device, reason);
		return ERR_REFUSED;
	}
	return 0;
}

int preen_run(struct preen *preen, const struct config *config)
{
	struct output output = { .len = 0 };
	const char *reason;
	int ret, status = 0;

	ret = look(config, &reason);
	if (ret || !reason)
		return ret;
	ret = check_run(config, reason);
	if (ret)
		return ret;
	msg_info("%s: %s: running e2fsck -p", config->device, reason);
	ret = run_e2fsck(preen, config->device, &output, &status);
	return ret ? ret : judge(preen, config, status, &output);
}
