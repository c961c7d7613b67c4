#!/usr/bin/env python3
"""A full disk for the store: writers fill a small file system until they fail; what they were told
is stored must be there, and no batch torn. Needs root, and says so where it has not.

    full.py [--rounds 5]
"""

import argparse
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile

import power


def one_round(folder, program, engine, mode, size):
    power.tool("mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(folder))
    try:
        writer = power.Writer(program, mode, engine, folder)
        # It ends when it cannot write.
        with writer:
            with contextlib.suppress(subprocess.TimeoutExpired):
                writer.process.wait(timeout=15)
        # Opening may need more room than there is.
        power.tool("mount", "-o", "remount,size=400m", str(folder))
        found = power.check(program, mode, engine, folder)
        told = writer.synced if mode == "sync" or engine == "redb" else writer.wrote
        for thread, number in told.items():
            if found[thread] is None or found[thread] < number:
                raise RuntimeError(f"thread {thread}: {number} was stored, {found[thread]} is there")
        print(f"  {engine} {mode} {size} KiB: {found} after {writer.error or 'it was ended: it had room'}")
    finally:
        power.tool("umount", str(folder))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if os.geteuid() != 0:
        power.fail("mounting needs root")
    program = power.build(["sled", "redb"])
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        # What a writer keeps is bounded, and redb's file too.
        sizes = {("sled", "sync"): 9000, ("sled", "never"): 9000}
        sizes |= {("redb", "sync"): 700, ("redb", "never"): 400}
        for (engine, mode), size in sizes.items():
            for number in range(options.rounds):
                try:
                    path = pathlib.Path(folder)
                    one_round(path, program, engine, mode, size + size * number // 10)
                except RuntimeError as error:
                    failed = True
                    print(f"  {engine} {mode} round {number}: {error}")
    sys.exit(1 if failed else 0)


main()
