#!/usr/bin/env python3
"""Power cuts for the store, engines and all.

Makes an ext4 in a file, mounts it, lets a writer work on it, and shuts the file system down in the
middle: from then on nothing more reaches the disk. Then it mounts what is there, and checks it.

    power.py [--rounds 50] [--engines sled,redb] [--modes sync,1,50,10000,never] [--report FILE]

A mode says after how many writes the writer calls `sync`: with each (`sync` is the durability of
that name and three threads), each 50, and so on. The rounds are for each engine and mode.

Needs root, loop devices and ext4. Where one of them is missing it says so and fails: a check that
did not run is no check.
"""

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

# From the kernel's include/uapi/linux/fs.h and fs/ext4/ext4.h: _IOR('X', 125, __u32).
SHUTDOWN = 0x8004587D
# Whether the journal is written once more before the end: metadata then runs ahead of data.
JOURNAL_WRITTEN, JOURNAL_LOST = 1, 2
SIZE = 1 << 29
# Rounds on one file system: the store grows older, and mounts make it grow stranger.
ROUNDS_PER_DISK = 10


def fail(what):
    print(f"\nPOWER CUTS DID NOT RUN: {what}", file=sys.stderr)
    sys.exit(2)


def tool(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")


class Loop:
    """An ext4 in a file."""

    def __init__(self, folder, random):
        self.image = folder / "disk"
        self.path = folder / "mounted"
        self.path.mkdir(exist_ok=True)
        self.random = random

    def make(self):
        with open(self.image, "wb") as image:
            image.truncate(SIZE)
        tool("mkfs.ext4", "-q", "-F", str(self.image))

    @contextlib.contextmanager
    def mounted(self):
        data = self.random.choice(["ordered", "writeback"])
        tool("mount", "-o", f"loop,data={data}", str(self.image), str(self.path))
        try:
            folder = self.path / "data"
            folder.mkdir(exist_ok=True)
            yield folder
        finally:
            self.unmount()

    def unmount(self):
        for _ in range(100):
            done = subprocess.run(["umount", str(self.path)], capture_output=True)
            if done.returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError(f"umount: {done.stderr.decode().strip()}")

    def cut(self):
        folder = os.open(self.path, os.O_RDONLY)
        try:
            how = self.random.choice([JOURNAL_WRITTEN, JOURNAL_LOST, JOURNAL_LOST])
            fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", how))
        finally:
            os.close(folder)


def build(engines):
    features = ["--features", "redb"] if "redb" in engines else []
    command = ["cargo", "test", *features, "--test", "crash", "--no-run", "--message-format=json"]
    package = pathlib.Path(__file__).resolve().parents[2]
    output = subprocess.run(command, cwd=package, stdout=subprocess.PIPE, text=True, check=True)
    for line in output.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "crash":
            return message["executable"]
    raise RuntimeError("cargo named no executable")


def child(program, order, **options):
    environment = dict(os.environ, PICKLE_STORE_CRASH=order, RUST_BACKTRACE="0")
    command = [program, "--exact", "child", "--nocapture"]
    return subprocess.Popen(command, env=environment, text=True, **options)


class Writer:
    """A child that writes, and what it said."""

    def __init__(self, program, mode, engine, path):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = child(program, f"write {mode} {engine} {path}", **pipes)
        self.synced, self.wrote, self.error = {}, {}, None
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        for line in self.process.stdout:
            words = line.split()
            if line.startswith("ended "):
                self.error = line.removeprefix("ended ").strip()
            if len(words) == 3 and line.endswith("\n") and words[0] in ("wrote", "synced"):
                said = self.wrote if words[0] == "wrote" else self.synced
                said[int(words[1])] = int(words[2])

    def pause(self):
        """Stops it, and hears what it had said: everything that follows was not acknowledged."""
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.thread.join()


def check(program, mode, engine, path):
    """The last step of each thread that is there."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = child(program, f"check {mode} {engine} {path}", **pipes)
    output, _ = process.communicate(timeout=120)
    found = [line for line in output.splitlines() if line.startswith("found ")]
    if process.returncode != 0 or not found:
        raise RuntimeError(output.strip())
    steps = found[0].removeprefix("found ").strip("[]").split(", ")
    return [None if step == "None" else int(step[5:-1]) for step in steps]


def one_round(disk, program, engine, mode):
    """Cuts once; returns the steps that were written, those that were lost, and what is wrong."""
    with disk.mounted() as path, Writer(program, mode, engine, path) as writer:
        # Wide windows need time to fill.
        longest = {"10000": 4.0, "never": 2.0}.get(mode, 0.8)
        time.sleep(disk.random.uniform(0.01, longest))
        # A call that the cut surprises may still return well: the kernel does not take every failure
        # for one when the file system is gone. In a power cut nobody would be there to hear it. So
        # only what was said before counts; in every second round the writer is stopped first, and
        # all counts.
        if disk.random.random() < 0.5:
            writer.pause()
        synced = dict(writer.synced)
        disk.cut()
    with disk.mounted() as path:
        try:
            found = check(program, mode, engine, path)
        except RuntimeError as error:
            return 0, 0, str(error)
    wrote = sum(number + 1 for number in writer.wrote.values())
    lost = 0
    for thread, number in writer.wrote.items():
        lost += max(0, number - (-1 if found[thread] is None else found[thread]))
    for thread, number in synced.items():
        if found[thread] is None or found[thread] < number:
            return wrote, lost, f"thread {thread}: {number} was synced, {found[thread]} is there"
    return wrote, lost, None


def series(folder, program, engine, mode, rounds, seed):
    """So many cuts; returns a line of the report, and whether all was well."""
    disk = Loop(folder, random.Random(f"{seed} {engine} {mode}"))
    written = lost = rounds_with_loss = 0
    problems = []
    for number in range(rounds):
        if number % ROUNDS_PER_DISK == 0 or (problems and problems[-1][0] == number - 1):
            disk.make()
        wrote, gone, problem = one_round(disk, program, engine, mode)
        written = max(written, wrote)
        lost += gone
        rounds_with_loss += gone > 0
        if problem:
            problems.append((number, problem))
            print(f"  {engine} {mode} round {number}: {problem}")
    line = (engine, mode, rounds, len(problems), rounds_with_loss, lost, written)
    print("  {:6} {:>6}  rounds {}  failed {}  lost a tail {} ({} steps)".format(*line[:6]))
    return line


def report(lines):
    out = [
        "| engine | synced after | cuts | acknowledged lost, torn or unopenable | cuts that took"
        " a tail not yet acknowledged | steps in these tails |",
        "|---|---|---|---|---|---|",
    ]
    names = {"sync": "each write, 3 threads", "never": "never", "1": "each step"}
    for engine, mode, rounds, failed, losing, lost, _ in lines:
        after = names.get(mode, f"{int(mode):,} steps".replace(",", " ") if mode.isdigit() else mode)
        out.append(f"| {engine} | {after} | {rounds} | {failed} | {losing} | {lost} |")
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--engines", default="sled,redb")
    parser.add_argument("--modes", default="sync,1,50,10000,never")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--report")
    options = parser.parse_args()
    if os.geteuid() != 0:
        fail("mounting needs root")
    for program in ("mkfs.ext4", "mount", "umount"):
        if not shutil.which(program):
            fail(f"{program} is not installed")
    # Mounts are undone also when somebody ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    engines, modes = options.engines.split(","), options.modes.split(",")
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        # A copy: somebody may build another one meanwhile.
        program = shutil.copy(build(engines), folder / "crash")
        disk = Loop(folder, random.Random(1))
        try:
            disk.make()
            with disk.mounted():
                disk.cut()
        except (RuntimeError, OSError) as error:
            fail(f"no ext4 can be mounted and shut down here: {error}")
        for engine in engines:
            for mode in modes:
                lines.append(series(folder, program, engine, mode, options.rounds, options.seed))
    text = report(lines)
    print(f"\n{text}")
    if options.report:
        pathlib.Path(options.report).write_text(text)
    sys.exit(1 if any(line[3] for line in lines) else 0)


if __name__ == "__main__":
    main()
