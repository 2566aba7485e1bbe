"""From the start of a frozen program to its first page on the screen, in pairs."""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from windows.e2e import windows
from windows.e2e.desktop import Desktop, wait_for

ROOM = Path("/rig/bench")
AIM = 1.3
FORMS = {"one file": "SetupWizard.exe", "folder": "SetupWizard/SetupWizard.exe"}
PIXEL = ("import", "-window", "root", "-crop", "1x1+640+480", "-depth", "8", "rgb:-")


def seconds(desktop: Desktop, program: Path) -> float:
    """Start a program; return the time until the middle of the screen is no longer black."""
    start = time.perf_counter()
    with windows.running(f"Z:{program}"):
        while subprocess.run(PIXEL, capture_output=True, check=True).stdout == b"\0\0\0":
            assert time.perf_counter() - start < 60, program
        taken = time.perf_counter() - start
    wait_for("an empty screen", lambda: not desktop.has_window())
    return taken


def compare(desktop: Desktop, form: str, runs: int) -> bool:
    """Print the median of the pairwise ratios; return whether the aim was met."""
    pairs = [
        (seconds(desktop, ROOM / "dist" / FORMS[form]), seconds(desktop, theirs))
        for theirs in [ROOM / "bare" / "dist" / FORMS[form]] * (runs + 1)
    ][1:]
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    ours, theirs = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
    verdict = "met" if ratio <= AIM else "MISSED"
    name = f"start of the exe, {form} : bare QWizard"
    print(f"{name:44} {ratio:5.2f}  aim {AIM:.1f} {verdict:6}  {ours:.0f} : {theirs:.0f} ms")
    return ratio <= AIM


def show_imports() -> None:
    """Print how many modules are imported until the first picture, and of which packages."""
    program = r"Z:\rig\bench\windows\startup\imports.py"
    for _ in range(2):  # the first compiles
        outcome = windows.run(r"Z:\rig\python\python.exe", "-X", "importtime", program)
    lines = re.findall(rb"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)", outcome.errors)
    times: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for own, module in lines:
        package = module.decode().partition(".")[0]
        times[package] += int(own)
        counts[package] += 1
    print(f"{len(lines)} modules are imported until the first picture; the slowest packages:")
    for package, microseconds in times.most_common(15):
        print(f"  {package:24} {counts[package]:3} modules  {microseconds / 1000:6.1f} ms")


def main() -> int:
    """Print the comparisons and the imports."""
    parser = argparse.ArgumentParser(prog="tools/windows/bench")
    parser.add_argument("-n", "--runs", type=int, default=9, help="pairs to run, after one more")
    runs = parser.parse_args().runs
    desktop = Desktop(ROOM)
    try:
        with windows.booted():
            met = [compare(desktop, form, runs) for form in FORMS]
            show_imports()
    finally:
        desktop.close()
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
