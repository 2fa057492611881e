/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modules inside GRUB's images. Behind the kernel stands a header with the magic number "mimg", then objects, each
 * with type and size: modules (ELF, with their name in the section .modname), a configuration, a prefix. Images for
 * UEFI have all that in a section "mods" of the PE; those for a BIOS are packed.
 */
#include "convert/machine_core.h"

#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/endian.h"
#include "base/msg.h"
#include "convert/machine_private.h"

#define MODULES_MAGIC 0x676d696du /* "mimg" */

enum object_type { OBJECT_ELF = 0, OBJECT_CONFIG = 2, OBJECT_PREFIX = 3 };

/* A part of an image. */
struct bytes {
	const u8 *p;
	size_t len;
};

/* [offset, offset + len) of b; empty when it is not all there. */
static struct bytes part(struct bytes b, u64 offset, u64 len)
{
	if (offset > b.len || len > b.len - offset)
		return (struct bytes){ NULL, 0 };
	return (struct bytes){ b.p + offset, (size_t)len };
}

static bool is_text(struct bytes b, u64 offset, const char *text)
{
	struct bytes at = part(b, offset, strlen(text) + 1);

	return at.p && memcmp(at.p, text, at.len) == 0;
}

/* --- modules --- */

/* The parts of an ELF header and of its section headers that are needed. */
struct elf {
	struct bytes file;
	bool wide;
	u64 table;
	u32 entry, nr, names;
};

static bool elf_open(struct bytes file, struct elf *e)
{
	const u8 *p = file.p;

	if (file.len < 64 || memcmp(p, "\177ELF", 4) != 0 || (p[4] != 1 && p[4] != 2) || p[5] != 1)
		return false;
	e->file = file;
	e->wide = p[4] == 2;
	e->table = e->wide ? get_le64(p + 0x28) : get_le32(p + 0x20);
	p += e->wide ? 0x3a : 0x2e;
	e->entry = get_le16(p);
	e->nr = get_le16(p + 2);
	e->names = get_le16(p + 4);
	return e->entry >= (e->wide ? 64u : 40u) && e->names < e->nr && part(file, e->table, (u64)e->entry * e->nr).p;
}

/* The content of a section; *name gets the offset of its name. */
static struct bytes elf_section(const struct elf *e, u32 nr, u32 *name)
{
	const u8 *p = e->file.p + e->table + (size_t)nr * e->entry;

	*name = get_le32(p);
	if (e->wide)
		return part(e->file, get_le64(p + 0x18), get_le64(p + 0x20));
	return part(e->file, get_le32(p + 0x10), get_le32(p + 0x14));
}

static bool is_module(struct bytes file, const char *name)
{
	struct bytes names, section;
	struct elf e;
	u32 at;

	if (!elf_open(file, &e))
		return false;
	names = elf_section(&e, e.names, &at);
	for (u32 i = 0; i < e.nr; i++) {
		section = elf_section(&e, i, &at);
		if (section.p && is_text(names, at, ".modname") && is_text(section, 0, name))
			return true;
	}
	return false;
}

static void copy_text(char *to, size_t size, struct bytes from)
{
	size_t len = strnlen((const char *)from.p, min_u64(from.len, size - 1));

	memcpy(to, from.p, len);
	to[len] = '\0';
}

static void take_object(u32 type, struct bytes object, struct machine_core *core)
{
	if (type == OBJECT_ELF && is_module(object, "btrfs"))
		core->has_btrfs = true;
	else if (type == OBJECT_CONFIG)
		copy_text(core->config, sizeof(core->config), object);
	else if (type == OBJECT_PREFIX)
		copy_text(core->prefix, sizeof(core->prefix), object);
}

/* All of the objects, when the header at the begin of area is one: their sizes must add up. */
static bool take_modules(struct bytes area, bool wide, struct machine_core *core)
{
	u64 head = wide ? 24 : 12, pos, end;

	if (area.len < head || get_le32(area.p) != MODULES_MAGIC)
		return false;
	pos = wide ? get_le64(area.p + 8) : get_le32(area.p + 4);
	end = wide ? get_le64(area.p + 16) : get_le32(area.p + 8);
	if (pos < head || pos >= end || end > area.len)
		return false;
	*core = (struct machine_core){ 0 };
	while (pos < end) {
		struct bytes object = part(area, pos, 8);
		u32 size = object.p ? get_le32(object.p + 4) : 0;

		if (size < 8 || size > end - pos)
			return false;
		take_object(get_le32(object.p), part(area, pos + 8, size - 8), core);
		pos += size;
	}
	return true;
}

/* --- images for UEFI --- */

int machine_core_read_efi(const u8 *image, size_t len, struct machine_core *core)
{
	struct bytes file = { image, len }, head, section;
	u64 pe, table;
	u32 nr;

	if (len < 0x40 || memcmp(image, "MZ", 2) != 0)
		return 0;
	pe = get_le32(image + 0x3c);
	head = part(file, pe, 24);
	if (!head.p || memcmp(head.p, "PE\0\0", 4) != 0)
		return 0;
	nr = get_le16(head.p + 6);
	table = pe + 24 + get_le16(head.p + 20);
	for (u32 i = 0; i < nr; i++) {
		section = part(file, table + (u64)i * 40, 40);
		if (!section.p || memcmp(section.p, "mods\0\0\0\0", 8) != 0)
			continue;
		section = part(file, get_le32(section.p + 20), get_le32(section.p + 16));
		return section.p && (take_modules(section, true, core) || take_modules(section, false, core));
	}
	return 0;
}

/* --- images for a BIOS --- */

#define SECTOR_SIZE 512u
#define PACKED_SIZE 8u        /* in the decompressor */
#define UNPACKED_SIZE 12u
#define MAX_DECOMPRESSOR 0xe00u
#define MAX_UNPACKED (8 * MIB)
#define MAX_WORK (64 * MIB)   /* bytes unpacked in all attempts */

/* The kernel does not say where its objects begin, but they are the last part of it. */
static bool find_modules(struct bytes kernel, struct machine_core *core)
{
	for (size_t at = 0; at + 12 <= kernel.len; at++)
		if (get_le32(kernel.p + at) == MODULES_MAGIC && get_le32(kernel.p + at + 8) == kernel.len - at &&
		    take_modules(part(kernel, at, kernel.len - at), false, core))
			return true;
	return false;
}

int machine_core_read_bios(const u8 *image, size_t len, struct machine_core *core)
{
	struct bytes file = { image, len }, kernel;
	u32 packed, unpacked;
	u64 work = 0;
	u8 *out;
	int ret = 0;

	if (len < 2 * SECTOR_SIZE)
		return 0;
	packed = get_le32(image + SECTOR_SIZE + PACKED_SIZE);
	unpacked = get_le32(image + SECTOR_SIZE + UNPACKED_SIZE);
	if (!packed || unpacked < packed || unpacked > MAX_UNPACKED)
		return 0;
	out = malloc(unpacked);
	if (!out)
		return msg_nomem("boot loader");
	kernel = (struct bytes){ out, unpacked };
	/* nor does the decompressor say where it ends: it is where unpacking gives something that makes sense */
	for (u32 at = SECTOR_SIZE + 32; !ret && at <= SECTOR_SIZE + MAX_DECOMPRESSOR && work < MAX_WORK; at++) {
		struct bytes stream = part(file, at, packed);
		size_t done;

		if (!stream.p)
			break;
		ret = machine_lzma(stream.p, stream.len, out, unpacked, &done);
		work += done;
		if (ret == 1 && !find_modules(kernel, core))
			ret = 0;
	}
	free(out);
	return ret;
}

u32 machine_core_list(const u8 diskboot[512], struct machine_core_sectors list[MACHINE_CORE_LISTS])
{
	u32 nr = 0;

	for (u32 at = SECTOR_SIZE - 12; nr < MACHINE_CORE_LISTS && get_le16(diskboot + at + 8); at -= 12) {
		list[nr].start = get_le64(diskboot + at);
		list[nr++].nr = get_le16(diskboot + at + 8);
	}
	return nr;
}

bool machine_core_boot_sector(const u8 sector[512], u64 *core)
{
	static const char name[] = "GRUB ";

	if (get_le16(sector + 510) != 0xaa55)
		return false;
	for (u32 at = 0x100; at + sizeof(name) <= 440; at++) {
		if (memcmp(sector + at, name, sizeof(name)) == 0) {
			*core = get_le64(sector + 0x5c);
			return *core > 0;
		}
	}
	return false;
}
