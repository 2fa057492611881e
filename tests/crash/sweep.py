#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Tries the states that a power cut can leave during a run whose writes were logged.

    sweep.py --base IMAGE --log LOG --source EXT --unwritten RANGES [--btrfs IMAGE] --work DIRECTORY [...]

IMAGE is the device before the run, LOG its writes, EXT the ext file system that the judge compares with, RANGES what it
never wrote (usedblocks.py unwritten). --btrfs is the btrfs before a roll back; without it the log must end in one.

Every state gets what a machine does after the power is back: fsconvert --resume where nothing is said, --resume --undo
too. Afterwards exactly one of the two file systems must be whole: the one the run was going to, or with --undo the one
it came from. From some armed states the writes of the resume itself are logged, and the same is done with these: by the
debug build, or with --outside by QEMU, below the program as it is shipped.

The last line counts: states tried, old and new (whole before the resume), resumed
(and undone), lost and ambiguous, and how many the kernel judged. The exit status
is 0 when none was lost or ambiguous. --state tries one state again; PATH is its name as it was printed.
"""
import argparse
import collections
import os
import random
import shutil
import subprocess
import sys

import export
import judge
import writelog

FULL_EVERY = 50
COUNTS = ("tried", "old", "new", "resumed", "undone", "lost", "ambiguous", "judged")


def copy(source, target):
    subprocess.run(["cp", "--sparse=always", source, target], check=True)


class Counter:
    """Counts what happened to the states, and ends the program with the sum."""

    def __init__(self, options):
        self.options = options
        self.counts = collections.Counter()

    def complain(self, kind, name, text):
        self.counts[kind] += 1
        print("%s: state %s: %s" % (kind.upper(), name, text))
        if self.counts["lost"] + self.counts["ambiguous"] >= self.options.stop:
            self.finish(False)

    def finish(self, good):
        print("%s: %s" % (self.options.name, ", ".join("%s %d" % (name, self.counts[name]) for name in COUNTS)))
        if self.options.counts:
            with open(self.options.counts, "a", encoding="ascii") as f:
                print(self.options.name.replace(" ", "_"), *(self.counts[name] for name in COUNTS), file=f)
        shutil.rmtree(self.options.work, ignore_errors=True)
        sys.exit(0 if good and not self.counts["lost"] and not self.counts["ambiguous"] else 1)


def common_options(parser):
    parser.add_argument("--base", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--unwritten", required=True)
    parser.add_argument("--btrfs")
    parser.add_argument("--work", required=True)
    parser.add_argument("--name", default="states")
    parser.add_argument("--fsconvert", default="build/fsconvert")
    parser.add_argument("--debug", default="build/debug/fsconvert")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stop", type=int, default=10, help="ends after so many lost states")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--counts", help="a file that gets a line with the counts")


class Sweep(Counter):
    def __init__(self, options):
        super().__init__(options)
        self.rng = random.Random(options.seed)
        self.epochs = writelog.read_log(options.log)
        self.path = os.path.join(options.work, "state")
        self.sublog = os.path.join(options.work, "sublog")
        mountpoint = os.path.join(options.work, "mnt")
        os.makedirs(mountpoint, exist_ok=True)
        copy(options.base, self.path)
        self.image = judge.Image(self.path)
        self.record = judge.record_of(self.epochs, self.image)
        if self.record is None:
            raise SystemExit("the log has no journal record")
        self.homes = judge.homes(self.image, self.record)
        self.kernel = judge.Kernel(mountpoint, options.judge)
        self.prepare()

    def prepare(self):
        """The two references. The result of the whole run is one of them, and must be sound."""
        options = self.options
        result = os.path.join(options.work, "result")
        written = [(at, at + len(data)) for writes in self.epochs for at, data in writes]
        copy(options.base, result)
        last = judge.Image(result)
        for writes in self.epochs:
            last.write(writes)
        self.to_btrfs = options.btrfs is None
        btrfs = result if self.to_btrfs else options.btrfs
        switched = self.homes
        self.plain = judge.Image(btrfs).read(64 * judge.KIB, 4096)
        if not self.to_btrfs:
            outside = list(judge.subtract(written, switched))
            if outside:
                raise SystemExit("the roll back writes to %s" % outside)
        self.old = judge.Old(options.source, options.unwritten, switched)
        self.new = judge.New(btrfs, written, switched, self.record)
        ext_sound = self.kernel.learn("ext4", options.source, options.unmountable)
        if not ext_sound or not self.kernel.learn("btrfs", btrfs):
            raise SystemExit("the references are not sound")
        end = judge.Probe(last)
        wrong = (self.new if self.to_btrfs else self.old).difference(last, True)
        if end.armed or wrong is not None or (end.btrfs and not end.ext) != self.to_btrfs:
            raise SystemExit("the complete run does not end as it should (byte %s)" % wrong)

    # --- one state ---

    def resume(self, undo, device, log=None):
        command = [self.options.debug if log else self.options.fsconvert, "--resume"]
        command += ["--undo"] if undo else []
        environment = dict(os.environ)
        if log:
            environment["FSCONVERT_FAULT"] = "log=" + log
        return subprocess.run(command + [device], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              stdin=subprocess.DEVNULL, env=environment, check=False)

    def read_homes(self):
        return [self.image.read(start, end - start) for start, end in self.homes]

    def write_homes(self, contents):
        for (start, _), want, now in zip(self.homes, contents, self.read_homes()):
            if want != now:
                self.image.write([(start, want)])

    def verdict(self, full):
        probe = judge.Probe(self.image)
        found = []
        if probe.armed:
            return "armed"
        if probe.ext and self.old.difference(self.image, full) is None:
            found.append("ext4")
        if probe.btrfs and self.new.difference(self.image, full) is None:
            found.append("btrfs")
        if len(found) == 1 and (found[0] == "btrfs") == probe.ext:
            return "both"
        return found[0] if len(found) == 1 else "both" if found else "none"

    def wanted(self, before, target, undo):
        """Which file systems may be there after the resume."""
        if before.stale:
            return {"ext4"}
        return {"btrfs"} if (target == "btrfs") != undo else {"ext4"}

    def judge_state(self, name, undo, target):
        """The image holds the state. Returns the probe before the resume; the homes are written by it."""
        self.counts["tried"] += 1
        before = judge.Probe(self.image)
        state = self.read_homes()
        first = None if before.armed else self.verdict(False)
        if before.armed and self.kernel.wants("armed", [state[0][:68 * judge.KIB]]):
            text = self.kernel.mounts_armed(before, self.path)
            if text:
                self.complain("ambiguous", name, text)
        if before.armed and self.image.read(64 * judge.KIB, 4096) == self.plain:
            self.complain("ambiguous", name, "a superblock of btrfs without a mark stands beside a mark")
        done = self.resume(undo, self.path)
        full = self.counts["tried"] % FULL_EVERY == 1 or self.options.state is not None
        after = self.verdict(full)
        allowed = self.wanted(before, target, undo) if before.armed else {first}
        if done.returncode or after not in allowed or after not in ("ext4", "btrfs"):
            self.complain("ambiguous" if after == "both" else "lost", name,
                          "%s before the resume, which ended with %d, then %s: %s" %
                          ("armed" if before.armed else first, done.returncode, after, done.stdout.decode()))
            return before
        if before.armed:
            self.counts["undone" if undo else "resumed"] += 1
        else:
            self.counts["old" if (first == "btrfs") != self.to_btrfs else "new"] += 1
            if state != self.read_homes():
                self.complain("lost", name, "the resume has changed a device that was whole")
        if self.kernel.wants(after, self.read_homes()):
            text = self.kernel.complaint(after, self.path)
            if text:
                self.complain("lost", name, "%s: %s" % (after, text))
        return before

    # --- all states of a log ---

    def log_resume(self, undo):
        """The epochs that a resume writes from here; the image is as before in the end."""
        state = self.read_homes()
        if self.options.outside:
            with export.logged(self.path, self.sublog, self.options.work) as device:
                done = self.resume(undo, device)
        else:
            done = self.resume(undo, self.path, self.sublog)
        self.write_homes(state)
        if done.returncode:
            raise SystemExit("the resume whose writes are logged fails: %s" % done.stdout.decode())
        epochs = writelog.read_log(self.sublog)
        written = [(at, at + len(data)) for writes in epochs for at, data in writes]
        if list(judge.subtract(written, self.homes)):
            raise SystemExit("the resume writes to %s" % list(judge.subtract(written, self.homes)))
        return epochs

    def budget(self, epochs, number):
        """The epochs from the record on get the most."""
        first = next((i for i, writes in enumerate(epochs) if judge.record_in([writes]) is not None), 0)
        return self.options.count if number >= first else self.options.before

    def walk(self, epochs, prefix, target, depth):
        """Tries the states of a log that begins at what the image holds, and leaves the image as it was."""
        undo_list = []
        for number, writes in enumerate(epochs):
            epoch = writelog.Epoch(number, writes, self.image)
            budget = self.budget(epochs, number) if not prefix else self.options.nested
            for change in self.choose(epoch, budget, prefix):
                self.try_state(epoch, change, prefix, target, depth)
            undo_list.append([(at, data) for at, data in sorted(epoch.old.items())])
            self.image.write(epoch.all())
        for old in reversed(undo_list):
            self.image.write(writelog.merge(old))

    def choose(self, epoch, budget, prefix):
        if self.options.state is not None:
            wanted = self.options.state.split(",")[len(prefix)]
            return [wanted.split("+")[0]] if wanted.split("/")[0] == str(epoch.number) else []
        names = epoch.names(budget, self.rng)
        if prefix and len(names) > budget:
            names = self.rng.sample(names, budget)
        return names

    def try_state(self, epoch, change, prefix, target, depth):
        pieces = epoch.state(change)
        old = [(at, b"".join(epoch.old[i] for i in range(at, at + len(data), writelog.SECTOR)))
               for at, data in pieces]
        homes = self.read_homes()
        self.image.write(pieces)
        state = self.read_homes()
        armed = judge.Probe(self.image).armed
        for undo in (False, True) if armed else (False,):
            name = ",".join(prefix + [change + ("+undo" if undo else "")])
            self.judge_state(name, undo, target)
            self.write_homes(state)
        if armed and depth and self.nests(epoch, len(prefix)):
            for undo in (False, True):
                self.walk(self.log_resume(undo), prefix + [change + ("+undo" if undo else "")], target, depth - 1)
        self.write_homes(homes)
        self.image.write(old)

    def nests(self, epoch, level):
        if self.options.state is not None:
            return len(self.options.state.split(",")) > level + 1
        share = self.options.share / (1 + len(epoch.changed) / 4)
        return self.rng.random() < max(share, 0.02)

    # --- the whole ---

    def run(self):
        target = self.options.target or ("btrfs" if self.to_btrfs else "ext4")
        self.walk(self.epochs, [], target, self.options.depth)
        if self.image_changed():
            raise SystemExit("the image is not as it was: this is a bug of the test")
        self.counts["judged"] = self.kernel.judged
        self.finish(self.counts["resumed"] > 0)

    def image_changed(self):
        base = judge.Image(self.options.base)
        ranges = [(at, at + len(data)) for writes in self.epochs for at, data in writes] + self.homes
        return any(self.image.read(a, b - a) != base.read(a, b - a) for a, b in ranges)


def main():
    parser = argparse.ArgumentParser(description="Tries the states that a power cut can leave.")
    common_options(parser)
    parser.add_argument("--before", type=int, default=20, help="states of each epoch before the switch")
    parser.add_argument("--count", type=int, default=60, help="states of each epoch of the switch, if not all")
    parser.add_argument("--nested", type=int, default=12, help="states of each epoch of a resume")
    parser.add_argument("--depth", type=int, default=1, help="resumes of resumes")
    parser.add_argument("--share", type=float, default=0.3, help="of the armed states whose resume is logged")
    parser.add_argument("--judge", type=int, default=3, help="states of each kind that the kernel judges")
    parser.add_argument("--outside", action="store_true", help="resumes are logged by QEMU, not by the debug build")
    parser.add_argument("--target", choices=("btrfs", "ext4"), help="of the first run, when the log is an undo")
    parser.add_argument("--unmountable", action="store_true", help="the kernel need not mount the source")
    parser.add_argument("--state", metavar="PATH", help="one state, by its name")
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    Sweep(options).run()


if __name__ == "__main__":
    main()
