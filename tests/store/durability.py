#!/usr/bin/env python3
"""Proves that an event is on disk before it is acknowledged, and that a call leaves, before it does.

A killed process loses nothing that the kernel holds, so killing can't show this; the system calls can. Runs the test
`store::durability::marks_each_answer` under strace and checks that before each marker the log was written and then synced.
Usage: durability.py <test binary>    (needs strace)
"""
import re
import subprocess
import sys
import tempfile

TEST = "store::durability::marks_each_answer"
ANSWERS = 60


def main(binary: str) -> None:
    with tempfile.NamedTemporaryFile("r", suffix=".strace") as trace:
        calls = "write,pwrite64,fsync,fdatasync"
        command = ["strace", "-f", "-y", "-o", trace.name, "-e", f"trace={calls}", binary, "--ignored", "--exact", TEST]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        lines = trace.read().splitlines()
    written, synced, answers = False, False, 0
    for line in lines:
        if re.search(r"pwrite64\(\d+<[^>]*\.db-wal>", line):
            written, synced = True, False
        elif re.search(r"f(?:data)?sync\(\d+<[^>]*\.db-wal>", line) and line.rstrip().endswith("= 0"):
            synced = True
        elif re.search(r"f(?:data)?sync resumed.*= 0$", line):
            synced = True
        elif re.search(r"write\(\d+<[^>]*/answered>", line):
            answers += 1
            if not (written and synced):
                sys.exit(f"answer {answers} came before what it tells of was synced (written: {written}, synced: {synced})")
            written, synced = False, False
    if answers != ANSWERS:
        sys.exit(f"expected {ANSWERS} answers in the trace, found {answers}")
    print(f"{answers} answers, each after a sync of the log")


if __name__ == "__main__":
    main(*sys.argv[1:])
