/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a file or of --set become values of keys; each fault is told with its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/msg.h"
#include "base/status.h"
#include "cli/conf_file.h"
#include "cli/conf_line.h"
#include "cli/format.h"
#include "cli/json.h"

#define FILE_MAX (64 * KIB)

struct reader {
	struct options *options;
	struct key_place place;
	unsigned int seen[NR_KEYS]; /* the line that gave the key, 0: none */
};

/* The key of line, which must be new in a file. */
static int find_key(struct reader *reader, const struct conf_line *line, enum conf_key *key)
{
	*key = conf_key_find(line->key, line->key_len);
	if (*key == NR_KEYS) {
		msg_err("unknown key %.*s", (int)line->key_len, line->key);
		return ERR_USAGE;
	}
	if (reader->seen[*key]) {
		msg_err("%s was given in line %u already", conf_key_name(*key), reader->seen[*key]);
		return ERR_USAGE;
	}
	reader->seen[*key] = reader->place.line;
	return 0;
}

/* Messages have no place. */
static int read_line(struct reader *reader, const char *text, size_t len)
{
	char buf[CONF_LINE_MAX + 1];
	struct conf_line line;
	enum conf_key key;
	int ret;

	if (len > CONF_LINE_MAX) {
		msg_err("longer than %u bytes", CONF_LINE_MAX);
		return ERR_USAGE;
	}
	memcpy(buf, text, len);
	buf[len] = '\0';
	ret = conf_line_split(buf, len, reader->place.origin == ORIGIN_FILE, &line);
	if (ret || !line.key)
		return ret;
	ret = find_key(reader, &line, &key);
	if (ret)
		return ret;
	return conf_key_apply(reader->options, key, (struct key_value){ line.value, line.quoted }, reader->place);
}

int conf_file_parse(struct options *options, const char *name, const char *text, size_t len)
{
	struct reader reader = { .options = options, .place = { ORIGIN_FILE, 0 } };
	const char *end = text + len, *stop;
	char reason[1024];
	int ret;

	for (; text < end; text = stop + 1) {
		stop = memchr(text, '\n', (size_t)(end - text));
		if (!stop)
			stop = end;
		reader.place.line++;
		msg_capture(reason, sizeof(reason));
		ret = read_line(&reader, text, (size_t)(stop - text));
		msg_capture(NULL, 0);
		if (ret) {
			msg_err("%s:%u: %s", name, reader.place.line, reason);
			return ret;
		}
	}
	return 0;
}

int conf_file_set(struct options *options, const char *text)
{
	struct reader reader = { .options = options, .place = { ORIGIN_SET, 0 } };
	char reason[1024], shown[256];
	int ret;

	msg_capture(reason, sizeof(reason));
	ret = read_line(&reader, text, strlen(text));
	msg_capture(NULL, 0);
	if (ret)
		msg_err("--set %s: %s", format_printable(shown, sizeof(shown), text), reason);
	return ret;
}

static int read_error(const char *path, const char *reason)
{
	msg_err("the configuration %s cannot be read: %s", path, reason);
	return ERR_USAGE;
}

/* Reads to the end of the file, as what /proc and /sys hold has no length. buf holds FILE_MAX bytes. */
static int read_whole(int fd, const char *path, char *buf, size_t *len)
{
	ssize_t got = 1;

	for (*len = 0; got; *len += (size_t)got) {
		if (*len == FILE_MAX)
			return read_error(path, "it is too long");
		do {
			got = read(fd, buf + *len, FILE_MAX - *len);
		} while (got < 0 && errno == EINTR);
		if (got < 0)
			return read_error(path, strerror(errno));
	}
	return 0;
}

/* O_NONBLOCK: a FIFO that nobody writes to must not stop a boot. */
static int open_regular(const char *path, int *fd)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0)
		return read_error(path, strerror(errno));
	if (fstat(*fd, &st))
		return read_error(path, strerror(errno));
	return S_ISREG(st.st_mode) ? 0 : read_error(path, "it is not a regular file");
}

int conf_file_read(struct options *options, const char *path)
{
	char *buf = NULL;
	size_t len = 0;
	int fd = -1, ret;

	ret = open_regular(path, &fd);
	if (ret)
		goto out;
	buf = malloc(FILE_MAX);
	ret = buf ? read_whole(fd, path, buf, &len) : msg_nomem(path);
	if (!ret)
		ret = conf_file_parse(options, path, buf, len);
out:
	free(buf);
	if (fd >= 0 && close(fd) && !ret)
		ret = read_error(path, strerror(errno));
	return ret;
}

/* "default", "FILE:LINE", "--set" or "option"; returns buf. */
static const char *format_place(const struct options *options, enum conf_key key, char *buf, size_t size)
{
	static const char *const names[] = {
		[ORIGIN_DEFAULT] = "default", [ORIGIN_SET] = "--set", [ORIGIN_OPTION] = "option",
	};
	const struct key_place *place = &options->places[key];
	char path[FORMAT_NAME];

	if (place->origin == ORIGIN_FILE)
		snprintf(buf, size, "%s:%u", format_printable(path, sizeof(path), options->conf_file), place->line);
	else
		snprintf(buf, size, "%s", names[place->origin]);
	return buf;
}

static void print_json(FILE *out, const struct options *options)
{
	char value[KEY_VALUE_SIZE], place[FORMAT_NAME + FORMAT_SHORT];
	struct json json;
	enum conf_key key;

	json_begin(&json, out);
	json_string(&json, "event", "config");
	json_object(&json, "keys");
	for (key = 0; key < NR_KEYS; key++) {
		json_object(&json, conf_key_name(key));
		json_string(&json, "value", conf_key_format(options, key, value));
		json_string(&json, "from", format_place(options, key, place, sizeof(place)));
		json_object_end(&json);
	}
	json_object_end(&json);
	json_end(&json);
}

void conf_file_print(FILE *out, const struct options *options)
{
	char value[KEY_VALUE_SIZE], place[FORMAT_NAME + FORMAT_SHORT];
	enum conf_key key;

	if (options->json) {
		print_json(out, options);
		return;
	}
	for (key = 0; key < NR_KEYS; key++)
		fprintf(out, "%s = %s   # %s\n", conf_key_name(key), conf_key_format(options, key, value),
			format_place(options, key, place, sizeof(place)));
}
