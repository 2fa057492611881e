/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the kernel's list of power supplies. The machine runs on battery when a battery of its own is being discharged,
 * or when none of its external supplies is on. USB ports alone tell nothing where there is no battery: a desktop has
 * such, too.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/msg.h"
#include "base/status.h"
#include "cli/power.h"

struct supplies {
	bool mains, usb, battery; /* there is such a one */
	bool online;              /* of mains and usb, one is on */
	char discharging[256];    /* a battery that is */
};

/* Reads an attribute of a supply without its line end; empty when there is none. */
static void read_attribute(int dir, const char *supply, const char *name, char *buf, size_t size)
{
	char path[512];
	ssize_t len = 0;
	int fd;

	buf[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", supply, name);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	len = read(fd, buf, size - 1);
	buf[len > 0 ? len : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	close(fd);
}

static void look_at_battery(int dir, const char *name, struct supplies *supplies)
{
	char text[32];

	read_attribute(dir, name, "present", text, sizeof(text));
	if (strcmp(text, "0") == 0)
		return;
	supplies->battery = true;
	read_attribute(dir, name, "status", text, sizeof(text));
	if (strcmp(text, "Discharging") == 0)
		snprintf(supplies->discharging, sizeof(supplies->discharging), "%s", name);
}

static void look_at(int dir, const char *name, struct supplies *supplies)
{
	char type[32], text[32];

	read_attribute(dir, name, "scope", text, sizeof(text));
	if (strcmp(text, "Device") == 0) /* of a mouse, of a headset */
		return;
	read_attribute(dir, name, "type", type, sizeof(type));
	if (strcmp(type, "Battery") == 0 || strcmp(type, "UPS") == 0) {
		look_at_battery(dir, name, supplies);
		return;
	}
	if (strcmp(type, "Mains") == 0)
		supplies->mains = true;
	else if (strncmp(type, "USB", 3) == 0) /* USB_C and others were types once */
		supplies->usb = true;
	else
		return;
	read_attribute(dir, name, "online", text, sizeof(text));
	if (text[0] && strcmp(text, "0") != 0)
		supplies->online = true;
}

int power_require_ac(const char *dir)
{
	struct supplies supplies = { 0 };
	struct dirent *entry;
	DIR *list = opendir(dir);

	if (!list)
		return 0;
	while ((entry = readdir(list)) != NULL) {
		if (entry->d_name[0] != '.')
			look_at(dirfd(list), entry->d_name, &supplies);
	}
	closedir(list);
	if (supplies.discharging[0]) {
		msg_err("the battery %s is being discharged, and require-ac is set; connect the machine to the mains",
			supplies.discharging);
		return ERR_REFUSED;
	}
	if (!supplies.online && (supplies.mains || (supplies.usb && supplies.battery))) {
		msg_err("no external power supply is on, and require-ac is set; connect the machine to the mains");
		return ERR_REFUSED;
	}
	return 0;
}
