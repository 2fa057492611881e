/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GRUB's images, made by hand and packed by xz: what is in them is found; damaged ones do no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/endian.h"
#include "convert/machine_core.h"
#include "convert/machine_private.h"

#define KERNEL 20000u
#define DECOMPRESSOR 2848u

struct image {
	u8 bytes[128 * 1024];
	size_t len;
};

/* --- making --- */

static void put(struct image *image, const void *bytes, size_t len)
{
	assert_true(image->len + len <= sizeof(image->bytes));
	memcpy(image->bytes + image->len, bytes, len);
	image->len += len;
}

static void put_u32(struct image *image, u32 value)
{
	u8 bytes[4];

	put_le32(bytes, value);
	put(image, bytes, 4);
}

static void put_object(struct image *image, u32 type, const void *bytes, size_t len)
{
	put_u32(image, type);
	put_u32(image, 8 + (u32)len);
	put(image, bytes, len);
}

/* An ELF file with the sections .text, which says "btrfs" as well, .modname, and the names of sections. */
static void put_module(struct image *image, bool wide, const char *name)
{
	static const char names[] = "\0.text\0.modname\0.shstrtab";
	u32 head = wide ? 64 : 52, entry = wide ? 64 : 40;
	u32 at_names = head + 4 * entry, at_name = at_names + sizeof(names);
	u8 elf[1024] = "\177ELF";

	elf[4] = wide ? 2 : 1;
	elf[5] = 1;
	put_le32(elf + (wide ? 0x28 : 0x20), head);
	put_le16(elf + (wide ? 0x3a : 0x2e), (u16)entry);
	put_le16(elf + (wide ? 0x3c : 0x30), 4);
	put_le16(elf + (wide ? 0x3e : 0x32), 3);
	for (u32 i = 1; i < 4; i++) {
		static const u32 name_at[] = { 0, 1, 7, 16 };
		u8 *section = elf + head + i * entry;
		u32 size = i == 3 ? sizeof(names) : i == 2 ? (u32)strlen(name) + 1 : 6;

		put_le32(section, name_at[i]);
		put_le32(section + (wide ? 0x18 : 0x10), i == 3 ? at_names : i == 2 ? at_name : 900);
		put_le32(section + (wide ? 0x20 : 0x14), size);
	}
	memcpy(elf + at_names, names, sizeof(names));
	strcpy((char *)elf + at_name, name);
	strcpy((char *)elf + 900, "btrfs");
	put_object(image, 0, elf, sizeof(elf));
}

/* The header and all objects. */
static void put_modules(struct image *image, bool wide, bool btrfs)
{
	size_t begin = image->len;
	u32 head = wide ? 24 : 12;

	put(image, "mimg\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", head);
	put_le32(image->bytes + begin + (wide ? 8 : 4), head);
	put_module(image, wide, "ext2");
	put_module(image, wide, btrfs ? "btrfs" : "btrfs2");
	put_object(image, 2, "search.fs_uuid 1 root\n", 23);
	put_object(image, 3, "(,gpt3)/boot/grub\0\0", 20);
	put_le32(image->bytes + begin + (wide ? 16 : 8), (u32)(image->len - begin));
}

/* Packs what stands in the image as GRUB's core has it. */
static void pack(const struct image *plain, struct image *core)
{
	char command[256], path[] = "/dev/shm/core-test-XXXXXX";
	FILE *file;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, plain->bytes, plain->len), plain->len);
	assert_int_equal(close(fd), 0);
	snprintf(command, sizeof(command), "xz -c --format=raw --lzma1=lc=3,lp=0,pb=2,dict=64KiB %s", path);
	file = popen(command, "r");
	assert_non_null(file);
	memset(core, 0, sizeof(*core));
	memset(core->bytes, 0xcc, 512 + DECOMPRESSOR);
	core->len = 512 + DECOMPRESSOR;
	core->len += fread(core->bytes + core->len, 1, sizeof(core->bytes) - core->len, file);
	assert_int_equal(pclose(file), 0);
	assert_int_equal(unlink(path), 0);
	put_le32(core->bytes + 512 + 8, (u32)core->len - 512 - DECOMPRESSOR);
	put_le32(core->bytes + 512 + 12, (u32)plain->len);
}

static void make_bios(struct image *core, bool btrfs)
{
	static struct image plain;
	unsigned int seed = 5;

	memset(&plain, 0, sizeof(plain));
	/* something between text and noise, with a magic number that means nothing */
	for (plain.len = 0; plain.len < KERNEL; plain.len++) {
		u32 r = (u32)rand_r(&seed);

		plain.bytes[plain.len] = r % 5 && plain.len > 700 ? plain.bytes[plain.len - 1 - r % 700] : (u8)(r >> 8);
	}
	memcpy(plain.bytes + 1234, "mimg", 4);
	/* and one that means something, but is not the last thing there */
	put_modules(&plain, false, true);
	plain.len += 100;
	put_modules(&plain, false, btrfs);
	pack(&plain, core);
}

static void make_efi(struct image *image, bool wide, bool btrfs)
{
	u8 *p = image->bytes;

	memset(image, 0, sizeof(*image));
	memcpy(p, "MZ", 2);
	put_le32(p + 0x3c, 0x80);
	memcpy(p + 0x80, "PE\0\0", 4);
	put_le16(p + 0x86, 2);
	put_le16(p + 0x94, 0xf0);
	memcpy(p + 0x188, ".text", 5);
	memcpy(p + 0x1b0, "mods", 4);
	image->len = 0x400;
	put_modules(image, wide, btrfs);
	image->len += 100;
	put_le32(p + 0x1b0 + 16, (u32)image->len - 0x400);
	put_le32(p + 0x1b0 + 20, 0x400);
}

/* --- tests --- */

static struct image image;
static struct machine_core core;

static void check_core(int ret, bool btrfs)
{
	assert_int_equal(ret, 1);
	assert_int_equal(core.has_btrfs, btrfs);
	assert_string_equal(core.prefix, "(,gpt3)/boot/grub");
	assert_string_equal(core.config, "search.fs_uuid 1 root\n");
}

static void test_efi(void **state)
{
	(void)state;
	for (u32 i = 0; i < 4; i++) {
		make_efi(&image, i & 1, i & 2);
		check_core(machine_core_read_efi(image.bytes, image.len, &core), i & 2);
		/* cut short anywhere */
		for (size_t len = 0; len < image.len - 100; len++)
			assert_int_equal(machine_core_read_efi(image.bytes, len, &core), 0);
		image.bytes[0x401] ^= 1;
		assert_int_equal(machine_core_read_efi(image.bytes, image.len, &core), 0);
	}
}

static void test_bios(void **state)
{
	(void)state;
	for (u32 i = 0; i < 2; i++) {
		make_bios(&image, i);
		check_core(machine_core_read_bios(image.bytes, image.len, &core), i);
		/* what follows does not matter, what is missing does */
		check_core(machine_core_read_bios(image.bytes, image.len + 700, &core), i);
		assert_int_equal(machine_core_read_bios(image.bytes, image.len - 1, &core), 0);
		put_le32(image.bytes + 512 + 12, get_le32(image.bytes + 512 + 12) + 1);
		assert_int_equal(machine_core_read_bios(image.bytes, image.len, &core), 0);
	}
}

static void test_lzma(void **state)
{
	static struct image plain, packed;
	static u8 out[sizeof(plain.bytes)];
	unsigned int seed = 9;
	size_t done;

	(void)state;
	for (u32 round = 0; round < 12; round++) {
		size_t start = 512 + DECOMPRESSOR;

		memset(&plain, 0, sizeof(plain));
		plain.len = 1 + (size_t)rand_r(&seed) % 100000;
		for (size_t i = 0; i < plain.len; i++) {
			u32 r = (u32)rand_r(&seed);
			u32 back = 1 + r / 64 % (round < 6 ? 60000 : 5);

			plain.bytes[i] = r % 64 < 5 * round || back > i ? (u8)(r >> 7) : plain.bytes[i - back];
		}
		pack(&plain, &packed);
		assert_int_equal(machine_lzma(packed.bytes + start, packed.len - start, out, plain.len, &done), 1);
		assert_int_equal(done, plain.len);
		assert_memory_equal(out, plain.bytes, plain.len);
		assert_int_equal(machine_lzma(packed.bytes + start, (packed.len - start) / 2, out, plain.len, &done),
				 0);
		assert_int_equal(machine_lzma(packed.bytes + start, 4, out, plain.len, &done), 0);
		/* not one byte more than is asked for */
		for (size_t size = plain.len; size; size /= 2) {
			u8 *exact = malloc(size);

			assert_non_null(exact);
			assert_int_equal(machine_lzma(packed.bytes + start, packed.len - start, exact, size, &done), 1);
			assert_memory_equal(exact, plain.bytes, size);
			free(exact);
		}
		packed.bytes[start] = 1;
		assert_int_equal(machine_lzma(packed.bytes + start, packed.len - start, out, plain.len, &done), 0);
	}
}

/* It begins with a match of nothing. */
static void test_lzma_distance(void **state)
{
	u8 in[100], out[4];
	size_t done;

	(void)state;
	memset(in, 0xff, sizeof(in));
	in[0] = 0;
	assert_int_equal(machine_lzma(in, sizeof(in), out, sizeof(out), &done), 0);
	assert_int_equal(done, 0);
}

/* A module too short for the head of an ELF file, at the very end. */
static void test_short_module(void **state)
{
	size_t begin = 0x400, head = 24;
	u8 *exact;

	(void)state;
	make_efi(&image, true, true);
	image.len = begin + head;
	put_object(&image, 0, "\177ELF\2\1", 6);
	put_le32(image.bytes + begin + 16, (u32)(image.len - begin));
	put_le32(image.bytes + 0x1b0 + 16, (u32)(image.len - begin));
	exact = malloc(image.len);
	assert_non_null(exact);
	memcpy(exact, image.bytes, image.len);
	assert_int_equal(machine_core_read_efi(exact, image.len, &core), 1);
	assert_false(core.has_btrfs);
	free(exact);
}

/* Bytes are changed at random; the sanitizers judge. */
static void test_damaged(void **state)
{
	unsigned int seed = 3;
	static struct image good;

	(void)state;
	for (u32 round = 0; round < 3000; round++) {
		u8 *exact;
		bool bios = round >= 2900;
		size_t from = bios ? 512 : 0;

		if (round % 1000 == 0)
			make_efi(&good, round % 2000 != 0, true);
		if (round == 2900)
			make_bios(&good, true);
		image = good;
		for (u32 i = 0; i < 1 + round % 4; i++)
			image.bytes[from + (size_t)rand_r(&seed) % (image.len - from)] = (u8)rand_r(&seed);
		exact = malloc(image.len);
		assert_non_null(exact);
		memcpy(exact, image.bytes, image.len);
		if (bios)
			assert_true(machine_core_read_bios(exact, image.len, &core) >= 0);
		else
			assert_true(machine_core_read_efi(exact, image.len, &core) >= 0);
		free(exact);
	}
}

static void test_sectors(void **state)
{
	struct machine_core_sectors list[MACHINE_CORE_LISTS];
	u8 sector[512] = { 0 };
	u64 first = 0;

	(void)state;
	assert_int_equal(machine_core_list(sector, list), 0);
	put_le32(sector + 500, 77);
	put_le16(sector + 508, 3);
	put_le32(sector + 488, 99);
	put_le16(sector + 496, 4);
	assert_int_equal(machine_core_list(sector, list), 2);
	assert_true(list[0].start == 77 && list[0].nr == 3 && list[1].start == 99 && list[1].nr == 4);
	memset(sector, 0xff, sizeof(sector));
	assert_int_equal(machine_core_list(sector, list), MACHINE_CORE_LISTS);

	memset(sector, 0, sizeof(sector));
	put_le16(sector + 510, 0xaa55);
	assert_false(machine_core_boot_sector(sector, &first));
	memcpy(sector + 0x180, "GRUB ", 6);
	assert_false(machine_core_boot_sector(sector, &first));
	sector[0x5c] = 34;
	assert_true(machine_core_boot_sector(sector, &first));
	assert_int_equal(first, 34);
	sector[510] = 0;
	assert_false(machine_core_boot_sector(sector, &first));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_efi),
		cmocka_unit_test(test_bios),
		cmocka_unit_test(test_lzma),
		cmocka_unit_test(test_lzma_distance),
		cmocka_unit_test(test_short_module),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_sectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
