# SPDX-License-Identifier: GPL-2.0-or-later
#
# Targets: see `make help`. Knobs, on the command line or in the environment:
#
#     V=1            show the commands
#     JOBS=N         parallel compilations, default: all processors (a -j on the command line wins)
#     MUSL_CC=CC     compiler of the static program, default musl-gcc
#     DEBUG_CC=CC    compiler of the sanitizer build and the unit tests, default gcc
#     EXTRA_CFLAGS=  added to all compilations
#     DEPS=DIR       where the static libraries are built and kept, default build/deps
#     DEPS_PINS=FILE other pinned sources than scripts/deps.pins
#     TESTS="A B"    tests to run instead of all, for check: a unit test's program or a script's path
#     FSCONVERT_CONF=FILE  the configuration inside initramfs, overlay and rescue image, default configs/fsconvert.conf
#     KERNEL_MODULES_DIR=DIR  a kernel's /lib/modules/VERSION whose disk drivers make initramfs adds
#     OVERLAY_MODULES=DIR  the same for btrfs in make overlay, where the initramfs has none
#     RESCUE_KERNEL=, KERNEL_DEB=, RESCUE_ARGUMENTS=, RESCUE_TIMEOUT=   for make rescue-iso: see initramfs/build-iso.sh
#     PREFIX=, DESTDIR=   for install, default PREFIX /usr/local
#     SYSCONFDIR=    where the configuration is installed, default /etc
#     DRACUT_DIR=    where dracut looks for modules, default /usr/lib/dracut
#     UNIT_DIR=      where systemd looks for units, default PREFIX/lib/systemd/system
#
# Two builds live side by side below build/: musl (static, what users get) and debug (glibc, address and undefined
# behaviour sanitizers, fault injection), which the unit tests link too.

VERSION := 0.1.0

MUSL_CC ?= musl-gcc
DEBUG_CC ?= gcc
DEPS ?= build/deps
DEPS_PINS ?= scripts/deps.pins
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DRACUT_DIR ?= /usr/lib/dracut
UNIT_DIR ?= $(PREFIX)/lib/systemd/system
JOBS ?= $(shell nproc)
TESTS ?=

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

ifeq ($(V),1)
quiet = $(2)
else
quiet = @printf '  %-7s %s\n' '$(1)' '$(3)'; $(2)
endif

# --- flags ---

WARNINGS := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wundef -Wwrite-strings -Werror
COMMON := -std=gnu11 -O2 -g $(WARNINGS) -Isrc -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DFSCONVERT_VERSION='"$(VERSION)"' -ffile-prefix-map=$(CURDIR)=.

# musl has no checked variants of string functions, so _FORTIFY_SOURCE would change nothing.
MUSL_CFLAGS := $(COMMON) -fno-pie -fstack-protector-strong -ffunction-sections -fdata-sections \
	-isystem $(DEPS)/include -idirafter $(DEPS)/kernel-headers $(EXTRA_CFLAGS)
MUSL_LDFLAGS := -static -no-pie -Wl,--gc-sections -Wl,-z,noexecstack -Wl,-z,relro -L$(DEPS)/lib
MUSL_LIBS := -lext2fs -lcom_err -luuid -lsodium -lpthread

DEBUG_CFLAGS := $(COMMON) -DFSCONVERT_FAULT -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined $(EXTRA_CFLAGS)
DEBUG_LIBS := -lext2fs -lcom_err -luuid -lsodium -lpthread

# --- files ---

SOURCES := $(sort $(wildcard src/*/*.c))
UNIT_SOURCES := $(sort $(wildcard tests/unit/test_*.c))
# Faults are injected in debug builds only.
MUSL_OBJECTS := $(patsubst src/%.c,build/musl/%.o,$(filter-out src/dev/dev_fault%,$(SOURCES)))
DEBUG_OBJECTS := $(SOURCES:src/%.c=build/debug/%.o)
UNIT_LINKED := $(filter-out build/debug/cli/main.o,$(DEBUG_OBJECTS))
UNIT_PROGRAMS := $(UNIT_SOURCES:tests/unit/%.c=build/unit/%)

all: build/fsconvert

help:
	@sed -n 's/^#: //p' Makefile

#: make                the static program build/fsconvert
#: make deps           the static libraries it needs, and a static e2fsck, below build/deps (once)
#: make prereqs        installs the Debian packages that building and testing need
#: make demo           converts an image of this machine's own files, judges the result, and rolls it back
#: make check          static, boot, unit, crash, tools and image tests; installs missing Debian packages first
#: make check-long     power cuts, faults and more boots, for hours if need be
#: make bench          measures speed beside btrfs-convert
#: make debug          build/debug/fsconvert, with sanitizers and fault injection
#: make unit           builds and runs the unit tests
#: make objs           compiles everything, links nothing
#: make initramfs      build/fsconvert-initramfs.cpio.gz, a system of its own for any kernel
#: make overlay        build/fsconvert-overlay.cpio.gz, to append to an initramfs that dracut has made
#: make rescue-iso     build/fsconvert-rescue.iso, for a CD or a USB stick, BIOS or UEFI
#: make install        to $(DESTDIR)$(PREFIX), and the configuration where there is none
#: make clean          removes what was built, keeps build/deps; distclean removes that too

# --- prerequisites and libraries ---

prereqs:
	@scripts/install-packages.sh build debug demo check initramfs rescue

tools-build:
	@scripts/install-packages.sh --check build

tools-debug:
	@scripts/install-packages.sh --check build debug

# The script itself knows what is still good, and leaves the file alone when nothing changed.
$(DEPS)/ready: $(DEPS_PINS) scripts/build-deps.sh | tools-build
	@DEPS_PINS='$(DEPS_PINS)' DEPS_JOBS='$(JOBS)' scripts/build-deps.sh '$(DEPS)'

deps:
	@scripts/install-packages.sh build
	@$(MAKE) $(DEPS)/ready

# --- compiling ---

# A stamp holds the flags; it changes only when they do, and everything compiled with them depends on it.
build/%/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(FLAGS))' > $@

build/musl/flags: FLAGS = $(MUSL_CC) $(MUSL_CFLAGS) $(MUSL_LDFLAGS) $(MUSL_LIBS)
build/debug/flags: FLAGS = $(DEBUG_CC) $(DEBUG_CFLAGS) $(DEBUG_LIBS)

build/musl/%.o: src/%.c build/musl/flags $(DEPS)/ready | tools-build
	@mkdir -p $(@D)
	$(call quiet,CC,$(MUSL_CC) $(MUSL_CFLAGS) -MMD -MP -c -o $@ $<,$<)

build/debug/%.o: src/%.c build/debug/flags | tools-debug
	@mkdir -p $(@D)
	$(call quiet,CC,$(DEBUG_CC) $(DEBUG_CFLAGS) -MMD -MP -c -o $@ $<,debug $<)

build/unit/%.o: tests/unit/%.c build/debug/flags | tools-debug
	@mkdir -p $(@D)
	$(call quiet,CC,$(DEBUG_CC) $(DEBUG_CFLAGS) -Itests/unit -MMD -MP -c -o $@ $<,$<)

objs: $(MUSL_OBJECTS) $(DEBUG_OBJECTS)

# --- linking ---

build/musl/fsconvert: $(MUSL_OBJECTS)
	$(call quiet,LD,$(MUSL_CC) $(MUSL_LDFLAGS) -o $@ $(MUSL_OBJECTS) $(MUSL_LIBS),$@)

build/fsconvert: build/musl/fsconvert
	$(call quiet,STRIP,strip -o $@.new $< && mv $@.new $@,$@)

build/debug/fsconvert: $(DEBUG_OBJECTS)
	$(call quiet,LD,$(DEBUG_CC) $(DEBUG_CFLAGS) -o $@ $(DEBUG_OBJECTS) $(DEBUG_LIBS),$@)

debug: build/debug/fsconvert

# A static archive: a unit test pulls in what it uses, so that one unfinished module does not stop the others' tests.
build/debug/all.a: $(UNIT_LINKED)
	@rm -f $@
	$(call quiet,AR,ar rc $@ $(UNIT_LINKED),$@)

build/unit/%: build/unit/%.o build/debug/all.a
	$(call quiet,LD,$(DEBUG_CC) $(DEBUG_CFLAGS) -o $@ $< build/debug/all.a $(DEBUG_LIBS) -lcmocka,$@)

unit-programs: $(UNIT_PROGRAMS)

# --- tests ---

unit: unit-programs
	@tests/run.sh $(UNIT_PROGRAMS)

STATIC_TESTS := $(sort $(wildcard tests/static/check-*.sh))
IMAGE_TESTS := $(sort $(wildcard tests/image/[0-9]*.sh))
CRASH_TESTS := $(sort $(wildcard tests/crash/[0-9]*.sh))
TOOLS_TESTS := $(sort $(wildcard tests/tools/[0-9]*.sh))
BOOT_TESTS := $(sort $(wildcard tests/boot/[0-9]*.sh))
RESCUE_TESTS := $(sort $(wildcard tests/rescue/[0-9]*.sh))
ifeq ($(wildcard .git),)
STATIC_TESTS := $(filter-out %/check-untracked.sh,$(STATIC_TESTS))
endif

check:
	@scripts/install-packages.sh build debug demo check initramfs rescue
	@$(MAKE) all debug unit-programs
	@tests/run.sh $(or $(TESTS),$(STATIC_TESTS) $(BOOT_TESTS) $(RESCUE_TESTS) $(UNIT_PROGRAMS) $(CRASH_TESTS) \
		$(TOOLS_TESTS) $(IMAGE_TESTS))

# A line "# packages: GROUP..." in a test names further packages that it needs.
check-long: LONG_TESTS = $(or $(TESTS),$(sort $(wildcard tests/long/[0-9]*.sh)))
check-long:
	@scripts/install-packages.sh build debug demo check initramfs rescue \
		$$(sed -n 's/^# packages: //p' $(LONG_TESTS))
	@$(MAKE) all debug
	@TEST_TIMEOUT=$${TEST_TIMEOUT:-7200} tests/run.sh $(LONG_TESTS)

demo:
	@scripts/install-packages.sh build demo
	@$(MAKE) all
	@scripts/demo.sh build/fsconvert

bench:
	@scripts/install-packages.sh build demo check
	@$(MAKE) all
	@tests/bench/run.sh

# --- for machines that cannot convert themselves ---

initramfs overlay rescue-iso: export DEPS := $(DEPS)
initramfs overlay rescue-iso: export FSCONVERT_CONF := $(FSCONVERT_CONF)

initramfs:
	@scripts/install-packages.sh build initramfs
	@$(MAKE) all
	@initramfs/fetch.sh pinned
	@KERNEL_MODULES_DIR='$(KERNEL_MODULES_DIR)' initramfs/build-initramfs.sh build/fsconvert-initramfs.cpio.gz

overlay:
	@scripts/install-packages.sh build initramfs
	@$(MAKE) all
	@initramfs/fetch.sh pinned
	@OVERLAY_MODULES='$(OVERLAY_MODULES)' initramfs/build-overlay.sh build/fsconvert-overlay.cpio.gz

rescue-iso:
	@scripts/install-packages.sh build initramfs rescue
	@$(MAKE) all
	@RESCUE_KERNEL='$(RESCUE_KERNEL)' KERNEL_DEB='$(KERNEL_DEB)' RESCUE_ARGUMENTS='$(RESCUE_ARGUMENTS)' \
		RESCUE_TIMEOUT='$(RESCUE_TIMEOUT)' initramfs/build-iso.sh build/fsconvert-rescue.iso

# --- installation and cleaning ---

install: all
	install -D -m 0755 build/fsconvert '$(DESTDIR)$(PREFIX)/sbin/fsconvert'
	install -D -m 0755 $(DEPS)/sbin/e2fsck '$(DESTDIR)$(PREFIX)/libexec/fsconvert/e2fsck'
	install -D -m 0755 -t '$(DESTDIR)$(PREFIX)/sbin' tools/fsconvert-prepare tools/fsconvert-finalize \
		tools/fsconvert-cloud-image
	install -D -m 0644 -t '$(DESTDIR)$(PREFIX)/libexec/fsconvert' tools/lib/*.sh
	install -D -m 0755 -t '$(DESTDIR)$(PREFIX)/share/fsconvert/initramfs-tools' tools/initramfs-tools/*
	for section in 5 7 8; do for page in docs/*.$$section; do test ! -e "$$page" || \
		install -D -m 0644 -t '$(DESTDIR)$(PREFIX)/share/man/'man$$section "$$page" || exit 1; done; done
	install -D -m 0644 -t '$(DESTDIR)$(DRACUT_DIR)/modules.d/90fsconvert' dracut-module/90fsconvert/*.sh
	chmod 0755 '$(DESTDIR)$(DRACUT_DIR)/modules.d/90fsconvert/module-setup.sh'
	install -D -m 0644 -t '$(DESTDIR)$(UNIT_DIR)' configs/systemd/fsconvert.service
	install -d '$(DESTDIR)$(UNIT_DIR)/multi-user.target.wants'
	ln -sf ../fsconvert.service '$(DESTDIR)$(UNIT_DIR)/multi-user.target.wants/fsconvert.service'
	test -e '$(DESTDIR)$(SYSCONFDIR)/fsconvert.conf' || \
		install -D -m 0644 configs/fsconvert.conf '$(DESTDIR)$(SYSCONFDIR)/fsconvert.conf'

clean:
	@for entry in build/*; do case "$$entry" in build/deps) ;; *) rm -rf "$$entry" ;; esac; done

distclean:
	@rm -rf build

.PHONY: all help prereqs tools-build tools-debug deps objs debug unit unit-programs check check-long demo bench \
	initramfs overlay rescue-iso install clean distclean FORCE
.SECONDARY:

-include $(MUSL_OBJECTS:.o=.d) $(DEBUG_OBJECTS:.o=.d) $(UNIT_PROGRAMS:=.d)
