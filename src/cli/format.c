/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, names and the picture of the device. Pure text, no state, no locale. */
#include <stdio.h>
#include <string.h>

#include "base/arith.h"
#include "base/size.h"
#include "cli/format.h"

const char *format_rate(char *buf, size_t size, double bytes_per_second)
{
	char amount[SIZE_TEXT_SIZE];

	if (bytes_per_second >= 1 && bytes_per_second < 1e18)
		snprintf(buf, size, "%s/s", size_format((u64)bytes_per_second, amount));
	else
		snprintf(buf, size, "-");
	return buf;
}

const char *format_clock(char *buf, size_t size, double seconds)
{
	unsigned int whole;

	if (!(seconds >= 0 && seconds < 360000)) {
		snprintf(buf, size, "?");
		return buf;
	}
	whole = (unsigned int)(seconds + 0.5);
	if (whole < 3600)
		snprintf(buf, size, "%u:%02u", whole / 60, whole % 60);
	else
		snprintf(buf, size, "%u:%02u:%02u", whole / 3600, whole / 60 % 60, whole % 60);
	return buf;
}

const char *format_seconds(char *buf, size_t size, double seconds)
{
	u64 whole = (u64)(seconds + 0.5);

	if (seconds < 9.995)
		snprintf(buf, size, "%.2f s", seconds);
	else if (seconds < 99.95)
		snprintf(buf, size, "%.1f s", seconds);
	else if (whole < 3600)
		snprintf(buf, size, "%llu min %llu s", (unsigned long long)(whole / 60),
			 (unsigned long long)(whole % 60));
	else
		snprintf(buf, size, "%llu h %llu min", (unsigned long long)(whole / 3600),
			 (unsigned long long)(whole / 60 % 60));
	return buf;
}

const char *format_count(char *buf, size_t size, u64 count)
{
	char digits[FORMAT_SHORT];
	size_t i, len, used = 0;

	len = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
	for (i = 0; i < len && used + 2 < size; i++) {
		if (i && (len - i) % 3 == 0)
			buf[used++] = ',';
		buf[used++] = digits[i];
	}
	buf[used] = '\0';
	return buf;
}

size_t format_utf8_len(const char *text)
{
	const u8 *p = (const u8 *)text;
	u8 low = 0x80, high = 0xbf; /* limits of the second byte */
	size_t i, len;

	if (p[0] < 0x80)
		return p[0] ? 1 : 0;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

size_t format_printable_len(const char *text)
{
	const u8 *p = (const u8 *)text;
	size_t len = format_utf8_len(text);

	if (len == 1 && (p[0] < 0x20 || p[0] == 0x7f))
		return 0;
	if (len == 2 && p[0] == 0xc2 && p[1] < 0xa0) /* C1 control characters */
		return 0;
	return len;
}

const char *format_printable(char *buf, size_t size, const char *text)
{
	size_t len, used = 0;

	while (*text) {
		len = format_printable_len(text);
		if (used + (len ? len : 4) >= size)
			break;
		if (len) {
			memcpy(buf + used, text, len);
			used += len;
			text += len;
		} else {
			snprintf(buf + used, size - used, "\\x%02x", (unsigned int)(u8)*text++);
			used += 4;
		}
	}
	buf[used] = '\0';
	return buf;
}

/* Bytes of each kind of chunk in one slice. */
struct cell {
	u64 data, metadata, system;
};

static char cell_char(const struct cell *cell, u64 slice)
{
	u64 sum = cell->data + cell->metadata + cell->system;
	bool half = sum >= slice / 2;

	if (!sum)
		return '.';
	if (sum == cell->data)
		return half ? 'D' : 'd';
	if (sum == cell->metadata)
		return half ? 'M' : 'm';
	if (sum == cell->system)
		return half ? 'S' : 's';
	return '+';
}

/* Spreads [start, start + len) over the cells. */
static void cells_add(struct cell cells[FORMAT_CELLS], u64 slice, const struct btrfs_chunk *chunk, u64 start)
{
	u64 end, pos, next;
	size_t i;

	if (add_overflows(start, chunk->len, &end))
		end = UINT64_MAX;
	for (pos = start; pos < end; pos = next) {
		i = (size_t)min_u64(pos / slice, FORMAT_CELLS - 1);
		next = i == FORMAT_CELLS - 1 ? end : min_u64(end, (i + 1) * slice);
		if (chunk->type & BTRFS_BLOCK_GROUP_DATA)
			cells[i].data += next - pos;
		else if (chunk->type & BTRFS_BLOCK_GROUP_METADATA)
			cells[i].metadata += next - pos;
		else
			cells[i].system += next - pos;
	}
}

const char *format_picture(char buf[FORMAT_CELLS + 1], u64 total, const struct btrfs_chunk *chunks, size_t nr)
{
	struct cell cells[FORMAT_CELLS] = { 0 };
	u64 slice = div_up(total, FORMAT_CELLS);
	size_t i;
	u32 stripe;

	for (i = 0; i < nr && slice; i++) {
		for (stripe = 0; stripe < chunks[i].nr_stripes && stripe < ARRAY_SIZE(chunks[i].physical); stripe++)
			cells_add(cells, slice, &chunks[i], chunks[i].physical[stripe]);
	}
	for (i = 0; i < FORMAT_CELLS; i++)
		buf[i] = cell_char(&cells[i], slice);
	buf[FORMAT_CELLS] = '\0';
	return buf;
}
