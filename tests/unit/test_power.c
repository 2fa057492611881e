/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power supplies as machines of all kinds show them, and which of them run on battery. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/status.h"
#include "cli/power.h"
#include "messages.h"

static char top[] = "/tmp/fsconvert-unit.XXXXXX";
static struct messages messages;

static void attribute(const char *supply, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", top, supply, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%s\n", text);
	assert_int_equal(fclose(file), 0);
}

/* A supply as "NAME type=Battery status=Full"; its attributes are files in a folder. */
static void add_supply(const char *text)
{
	char copy[256], path[128], *word, *rest, *value, *name;

	snprintf(copy, sizeof(copy), "%s", text);
	name = strtok_r(copy, " ", &rest);
	snprintf(path, sizeof(path), "%s/%s", top, name);
	assert_int_equal(mkdir(path, 0700), 0);
	while ((word = strtok_r(NULL, " ", &rest)) != NULL) {
		value = strchr(word, '=');
		assert_non_null(value);
		*value = '\0';
		attribute(name, word, value + 1);
	}
}

static void clear_supplies(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s/*", top);
	assert_int_equal(system(command), 0);
}

static void test_supplies(void **state)
{
	static const struct {
		const char *supplies[5];
		bool battery;
	} cases[] = {
		{ { NULL }, false },
		/* laptops */
		{ { "AC type=Mains online=1", "BAT0 type=Battery status=Charging" }, false },
		{ { "AC type=Mains online=1", "BAT0 type=Battery status=Full scope=System" }, false },
		{ { "AC type=Mains online=1", "BAT0 type=Battery status=Unknown" }, false },
		{ { "AC type=Mains online=0", "BAT0 type=Battery status=Discharging present=1" }, true },
		{ { "AC type=Mains online=0", "BAT0 type=Battery status=Unknown" }, true },
		{ { "AC type=Mains online=1", "BAT0 type=Battery status=Discharging scope=System" }, true },
		{ { "BAT0 type=Battery status=Full", "BAT1 type=Battery status=Discharging" }, true },
		{ { "BAT0 type=Battery status=Discharging", "BAT1 type=Battery status=Full" }, true },
		{ { "BAT0 type=Battery status=Charging" }, false },
		{ { "BAT0 type=Battery status=Discharging present=0" }, false },
		{ { "AC type=Mains online=0" }, true },
		{ { "AC0 type=Mains online=0", "AC1 type=Mains online=1" }, false },
		{ { "ucsi1 type=USB online=0", "ucsi2 type=USB online=1", "BAT0 type=Battery status=Full" }, false },
		{ { "ucsi1 type=USB online=0", "usb2 type=USB_C online=0", "BAT0 type=Battery status=Unknown" }, true },
		{ { "AC type=Mains online=0", "ucsi1 type=USB online=1", "BAT0 type=Battery status=Full" }, false },
		/* desktops: USB ports, mice and headsets, an uninterruptible supply */
		{ { "ucsi1 type=USB online=0" }, false },
		{ { "mouse type=Battery status=Discharging scope=Device" }, false },
		{ { "ucsi1 type=USB online=0", "mouse type=Battery status=Discharging scope=Device" }, false },
		{ { "pad type=Mains online=0 scope=Device" }, false },
		{ { "ups type=UPS status=Discharging" }, true },
		{ { "ups type=UPS status=Full" }, false },
		{ { "qi type=Wireless online=0", "x type=" }, false },
		{ { "empty" }, false },
		{ { "AC type=Mains" }, true },
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		clear_supplies();
		for (j = 0; cases[i].supplies[j]; j++)
			add_supply(cases[i].supplies[j]);
		messages_gather(&messages);
		if (power_require_ac(top) != (cases[i].battery ? ERR_REFUSED : 0))
			fail_msg("case %zu (%s): %s", i, cases[i].supplies[0], messages.text);
		assert_int_equal(messages.nr[MSG_ERR], cases[i].battery);
		assert_true(!cases[i].battery || strstr(messages.text, "require-ac"));
	}
}

static void test_no_directory(void **state)
{
	char path[64];

	(void)state;
	messages_gather(&messages);
	snprintf(path, sizeof(path), "%s/missing", top);
	assert_int_equal(power_require_ac(path), 0);
	assert_string_equal(messages.text, "");
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(top) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	clear_supplies();
	msg_set_sink(NULL, NULL);
	return rmdir(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_supplies),
		cmocka_unit_test(test_no_directory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
