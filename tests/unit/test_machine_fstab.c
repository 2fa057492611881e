/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of an fstab: a table of what changes and what stays byte by byte, and random bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/uuid.h"
#include "convert/machine_fstab.h"

#define OURS "11111111-2222-3333-4444-555555555555"
#define OTHER "99999999-2222-3333-4444-555555555555"
#define NEW "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

static struct fstab_identity identity(bool new_uuid, const char *label, const char *new_label)
{
	struct fstab_identity id = { .label = label, .new_label = new_label };

	assert_int_equal(uuid_parse_bytes(OURS, id.uuid), 0);
	assert_int_equal(uuid_parse_bytes(new_uuid ? NEW : OURS, id.new_uuid), 0);
	return id;
}

struct rewrite_case {
	const char *old, *new; /* new NULL: nothing changes */
};

static void check_cases(const struct rewrite_case *cases, size_t nr, const struct fstab_identity *id)
{
	for (size_t i = 0; i < nr; i++) {
		const struct rewrite_case *c = &cases[i];
		struct fstab_rewrite r;
		int ret = fstab_rewrite(c->old, strlen(c->old), id, &r);

		if (!c->new) {
			if (ret)
				fail_msg("case %zu, '%s': changed to '%.*s'", i, c->old, (int)r.len, r.text);
			assert_null(r.text);
			continue;
		}
		if (ret != 1)
			fail_msg("case %zu, '%s': %d", i, c->old, ret);
		if (r.len != strlen(c->new) || memcmp(r.text, c->new, r.len) != 0)
			fail_msg("case %zu: '%.*s' instead of '%s'", i, (int)r.len, r.text, c->new);
		free(r.text);
	}
}

static void test_lines(void **state)
{
	static const struct rewrite_case cases[] = {
		/* Debian's own */
		{ "UUID=" OURS " /               ext4    errors=remount-ro 0       1\n",
		  "UUID=" OURS " /               btrfs    defaults 0       0\n" },
		{ "/dev/sda1 / ext4 defaults 0 1\n", "/dev/sda1 / btrfs defaults 0 0\n" },
		{ "/dev/sda1\t/\text3\trw,data=ordered,noatime\t1\t1", "/dev/sda1\t/\tbtrfs\trw,noatime\t1\t0" },
		{ "PARTUUID=12-01 / ext2 noatime,errors=continue 0 1\n", "PARTUUID=12-01 / btrfs noatime 0 0\n" },
		/* all but the line of the root stays */
		{ "# x\n\n  # / ext4\n/dev/sda1 / ext4 ro 0 1 # why\n/dev/sdb1 /home ext4 errors=panic 0 2",
		  "# x\n\n  # / ext4\n/dev/sda1 / btrfs ro 0 0 # why\n/dev/sdb1 /home ext4 errors=panic 0 2" },
		{ "/dev/sda1 / ext4 defaults 0 1\r\nx y z\r\n", "/dev/sda1 / btrfs defaults 0 0\r\nx y z\r\n" },
		{ "/dev/sda1 / ext4 errors=panic\r\n", "/dev/sda1 / btrfs defaults\r\n" },
		{ "  \t/dev/sda1 / ext4\t\t barrier=1 \t", "  \t/dev/sda1 / btrfs\t\t defaults \t" },
		/* short lines */
		{ "/dev/sda1 / ext4", "/dev/sda1 / btrfs" },
		{ "/dev/sda1 / ext4 user_xattr,acl", "/dev/sda1 / btrfs acl" },
		{ "/dev/sda1 / ext4 defaults 0\n", "/dev/sda1 / btrfs defaults 0\n" },
		{ "/dev/sda1 /", NULL },
		{ "/dev/sda1", NULL },
		{ "", NULL },
		{ "\n", NULL },
		{ "#/dev/sda1 / ext4 defaults 0 1", NULL },
		/* types */
		{ "/dev/sda1 / auto errors=remount-ro 0 1\n", "/dev/sda1 / auto defaults 0 0\n" },
		{ "/dev/sda1 / auto defaults 0 0\n", NULL },
		{ "/dev/sda1 / ext4,ext3 defaults 0 0\n", "/dev/sda1 / btrfs defaults 0 0\n" },
		{ "/dev/sda1 / btrfs,ext4 defaults 0 0\n", NULL },
		{ "/dev/sda1 / ext4,auto noload 0 0\n", "/dev/sda1 / ext4,auto defaults 0 0\n" },
		{ "/dev/sda1 / btrfs errors=remount-ro 0 1\n", NULL },
		{ "/dev/sda1 / xfs defaults 0 1\n", NULL },
		{ "/dev/sda1 / ext4dev defaults 0 1\n", NULL },
		{ "/dev/sda1 / EXT4 defaults 0 1\n", NULL },
		/* mount points */
		{ "/dev/sda1 \\057 ext4 defaults 0 1\n", "/dev/sda1 \\057 btrfs defaults 0 0\n" },
		{ "/dev/sda1 // ext4 defaults 0 1\n", "/dev/sda1 // btrfs defaults 0 0\n" },
		{ "/dev/sda1 /. ext4 defaults 0 1\n", NULL },
		{ "/dev/sda1 /a ext4 defaults 0 1\n", NULL },
		{ "/ /srv none bind 0 0\nUUID=" OURS " /mnt ext4 errors=panic 0 2\n", NULL },
		/* devices */
		{ "UUID=" OTHER " / ext4 defaults 0 1\n", NULL },
		{ "UUID=\"" OURS "\" / ext4 defaults 0 0\n", "UUID=\"" OURS "\" / btrfs defaults 0 0\n" },
		{ "/dev/disk/by-uuid/" OURS " / ext4\n", "/dev/disk/by-uuid/" OURS " / btrfs\n" },
		{ "/dev/disk/by-uuid/" OTHER " / ext4\n", NULL },
		{ "LABEL=root\\040fs / ext4\n", "LABEL=root\\040fs / btrfs\n" },
		{ "LABEL='root\\040fs' / ext4\n", "LABEL='root\\040fs' / btrfs\n" },
		{ "LABEL=root / ext4\n", NULL },
		{ "/dev/disk/by-label/root\\x20fs / ext4\n", "/dev/disk/by-label/root\\x20fs / btrfs\n" },
		{ "/dev/disk/by-label/root / ext4\n", NULL },
		/* options */
		{ "/dev/a / ext4 barrier,barrier=0,nobarrier,commit=5,discard 0 0",
		  "/dev/a / btrfs barrier,nobarrier,commit=5,discard 0 0" },
		{ "/dev/a / ext4 x-systemd.growfs,errors=remount-ro,x-a=errors=b,_netdev,zzz 0 0",
		  "/dev/a / btrfs x-systemd.growfs,x-a=errors=b,_netdev,zzz 0 0" },
		{ "/dev/a / ext4 context=\"a,data=b,c\",data=d,ro 0 0",
		  "/dev/a / btrfs context=\"a,data=b,c\",ro 0 0" },
		{ "/dev/a / ext4 ,,ro,, 0 0", "/dev/a / btrfs ,,ro,, 0 0" },
		{ "/dev/a / ext4 ,,ro,data=x,, 0 0", "/dev/a / btrfs ro 0 0" },
		{ "/dev/a / ext4 errors,error=1,errorsx,xerrors 0 0", "/dev/a / btrfs error=1,errorsx,xerrors 0 0" },
		{ "/dev/a / ext4 usrjquota=aquota.user,grpjquota=aquota.group,jqfmt=vfsv0,usrquota 0 0",
		  "/dev/a / btrfs defaults 0 0" },
		/* the pass */
		{ "/dev/a / ext4 ro 0 x", "/dev/a / btrfs ro 0 x" },
		{ "/dev/a / ext4 ro 1 2 3", "/dev/a / btrfs ro 1 0 3" },
		/* further places for the root's file system, where it is sure that it is the same */
		{ "UUID=" OURS " / ext4 ro 0 1\nUUID=" OURS " /all ext4 errors=panic 0 2\nLABEL=x /x ext4 ro 0 2\n",
		  "UUID=" OURS " / btrfs ro 0 0\nUUID=" OURS " /all btrfs defaults 0 0\nLABEL=x /x ext4 ro 0 2\n" },
		{ "LABEL=root\\040fs /all ext3 data=journal,ro 0 2\n/dev/a / ext4\n",
		  "LABEL=root\\040fs /all btrfs ro 0 0\n/dev/a / btrfs\n" },
		{ "/dev/a / ext4\n/dev/a /a ext4\n/dev/ab /b ext4\nPARTUUID=1 /c ext4\n/dev/a /d xfs\n",
		  "/dev/a / btrfs\n/dev/a /a btrfs\n/dev/ab /b ext4\nPARTUUID=1 /c ext4\n/dev/a /d xfs\n" },
		{ "UUID=" OTHER " / ext4\nUUID=" OURS " /data ext4\n", NULL },
		/* two of them */
		{ "/dev/a / ext4\n/dev/b / ext3\n", "/dev/a / btrfs\n/dev/b / btrfs\n" },
	};
	struct fstab_identity id = identity(false, "root fs", "root fs");

	(void)state;
	check_cases(cases, ARRAY_SIZE(cases), &id);
}

static void test_new_names(void **state)
{
	static const struct rewrite_case both[] = {
		{ "UUID=" OURS " / ext4\n", "UUID=" NEW " / btrfs\n" },
		{ "UUID=\"" OURS "\" / auto\n", "UUID=" NEW " / auto\n" },
		{ "/dev/disk/by-uuid/" OURS " / ext4\n", "/dev/disk/by-uuid/" NEW " / btrfs\n" },
		{ "LABEL=old / ext4\n", "LABEL=new / btrfs\n" },
		{ "/dev/disk/by-label/old / ext4\n", "LABEL=new / btrfs\n" },
		{ "/dev/sda1 / ext4\n", "/dev/sda1 / btrfs\n" },
		{ "UUID=" NEW " / ext4\n", NULL },
		{ "LABEL=new / ext4\n", NULL },
	};
	static const struct rewrite_case odd[] = {
		{ "/dev/disk/by-label/a\\x4 / ext4\n", "/dev/disk/by-label/a\\x4 / btrfs\n" },
		{ "LABEL=a\\134x4 / ext4\n", "LABEL=a\\134x4 / btrfs\n" },
	};
	static const struct rewrite_case half_quoted[] = { { "LABEL=\"a' / ext4\n", "LABEL=\"a' / btrfs\n" } };
	static const struct rewrite_case by_uuid[] = { { "LABEL=old / ext4\n", "UUID=" OURS " / btrfs\n" } };
	struct fstab_identity id = identity(true, "old", "new");

	(void)state;
	check_cases(both, ARRAY_SIZE(both), &id);
	id = identity(false, "a\\x4", "a\\x4");
	check_cases(odd, ARRAY_SIZE(odd), &id);
	id = identity(false, "\"a'", "\"a'");
	check_cases(half_quoted, 1, &id);
	/* a label that is gone, or could not be written without escapes */
	id = identity(false, "old", "");
	check_cases(by_uuid, 1, &id);
	id = identity(false, "old", "new label");
	check_cases(by_uuid, 1, &id);
	id = identity(false, "old", "\"new\"");
	check_cases(by_uuid, 1, &id);
}

static void test_what_is_told(void **state)
{
	static const char text[] = "# first\n/dev/b /home ext4\n/dev/a / ext4 ro 0 1\r\n/dev/c / ext4\n";
	struct fstab_identity id = identity(false, "", "");
	struct fstab_rewrite r;

	(void)state;
	assert_int_equal(fstab_rewrite(text, strlen(text), &id, &r), 1);
	assert_int_equal(r.nr_lines, 2);
	assert_int_equal(r.line, 3);
	assert_memory_equal(text + r.was.start, "/dev/a / ext4 ro 0 1", r.was.len);
	assert_int_equal(r.was.len, strlen("/dev/a / ext4 ro 0 1"));
	assert_memory_equal(r.text + r.is.start, "/dev/a / btrfs ro 0 0", r.is.len);
	assert_int_equal(r.is.len, strlen("/dev/a / btrfs ro 0 0"));
	free(r.text);
}

static void test_fields(void **state)
{
	static const char text[] = "/swap\\040file none swap sw,pri=1 0 0 more\n \t# no\n\nlast";
	const char *pos = text, *end = text + strlen(text);
	struct fstab_line line;
	char name[11];

	(void)state;
	assert_true(fstab_next(&pos, end, &line));
	assert_int_equal(line.nr_fields, FSTAB_NR_FIELDS);
	assert_true(fstab_list_has(&line.field[FSTAB_TYPE], "swap"));
	assert_true(fstab_list_has(&line.field[FSTAB_OPTIONS], "pri=1"));
	assert_false(fstab_list_has(&line.field[FSTAB_OPTIONS], "pri"));
	assert_true(fstab_decode(&line.field[FSTAB_DEVICE], name, sizeof(name)));
	assert_string_equal(name, "/swap file");
	assert_false(fstab_decode(&line.field[FSTAB_DEVICE], name, sizeof(name) - 1));
	assert_true(fstab_next(&pos, end, &line));
	assert_int_equal(line.nr_fields, 0);
	assert_true(fstab_next(&pos, end, &line));
	assert_int_equal(line.nr_fields, 0);
	assert_true(fstab_next(&pos, end, &line));
	assert_int_equal(line.nr_fields, 1);
	assert_false(fstab_next(&pos, end, &line));
	line.field[0] = (struct fstab_field){ "a\\000b", 6 };
	assert_false(fstab_decode(&line.field[0], name, sizeof(name)));
	line.field[0] = (struct fstab_field){ "a\\040", 4 };
	assert_true(fstab_decode(&line.field[0], name, sizeof(name)));
	assert_string_equal(name, "a\\04");
}

/* Each line of the new text is that of the old one, but for lines of the root; a second time nothing changes. */
static void check_any(const char *text, size_t len, const struct fstab_identity *id)
{
	struct fstab_rewrite r, again;
	struct fstab_line was, is;
	const char *old = text, *new;
	int ret = fstab_rewrite(text, len, id, &r);

	assert_true(ret == 0 || ret == 1);
	if (!ret)
		return;
	new = r.text;
	while (fstab_next(&old, text + len, &was)) {
		assert_true(fstab_next(&new, r.text + r.len, &is));
		if (was.whole == is.whole && memcmp(was.text, is.text, is.whole) == 0)
			continue;
		assert_true(fstab_is_root(&was));
		assert_int_equal(is.nr_fields, was.nr_fields);
		assert_int_equal(is.whole - is.len, was.whole - was.len);
	}
	assert_false(fstab_next(&new, r.text + r.len, &is));
	assert_int_equal(fstab_rewrite(r.text, r.len, id, &again), 0);
	free(r.text);
}

static void test_random(void **state)
{
	static const char *const words[] = {
		"/", "ext4", "auto", "btrfs", " ", "\t", "\n", "\r\n", "#", "UUID=" OURS, "UUID=", "LABEL=\"",
		"LABEL=l", "/dev/disk/by-label/", "/dev/disk/by-uuid/", "\\x", "\\x2", "\\040", "\\", ",", "\"", "'",
		"=", "errors=a", "data", "barrier=1", "0", "1", "/dev/a / ext4 ", "/dev/a / ext4 ro,noload 0 1", "",
	};
	struct fstab_identity id = identity(false, "l", "l");
	unsigned int seed = 1;
	char text[512];

	(void)state;
	for (u32 round = 0; round < 30000; round++) {
		size_t len = 0, limit = (size_t)rand_r(&seed) % sizeof(text);
		char *exact;

		while (len < limit) {
			size_t nr = (size_t)rand_r(&seed) % (ARRAY_SIZE(words) + 1);

			if (nr == ARRAY_SIZE(words)) {
				text[len++] = (char)rand_r(&seed);
			} else if (len + strlen(words[nr]) <= sizeof(text)) {
				memcpy(text + len, words[nr], strlen(words[nr]));
				len += strlen(words[nr]);
			} else {
				break;
			}
		}
		/* a buffer of its own, so that a byte too far is noticed */
		exact = malloc(len ? len : 1);
		assert_non_null(exact);
		memcpy(exact, text, len);
		check_any(exact, len, &id);
		free(exact);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_new_names),
		cmocka_unit_test(test_what_is_told),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
