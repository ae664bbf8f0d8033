"""One command here and at an earlier commit, in turns: seconds, processor seconds, memory; do both print the same?

    python tests/benchmarks/commits.py [--repeats 3] 34a3005 python -m camlib localize --scenes 500

The commit is checked out into a folder of its own for as long as it takes; both run with this Python and its packages.
What is uncommitted here is measured, too.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def measure(commit, command, repeats=3):
    """Figures of `repeats` runs, {"s", "processor s", "peak MB": (here, there)}, and whether both print the same.

    Processor seconds are those of the command and its children, the peak that of the largest process among them.
    Raises CalledProcessError for an unknown commit, or where the command fails.
    """
    runs, printed = ([], []), set()
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder, "there")
        git = ["git", "-C", ROOT, "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", there, commit], check=True)
        try:
            for _ in range(repeats):
                for own, root in zip(runs, (ROOT, there)):
                    figures, output = _run(command, root)
                    own.append(figures)
                    printed.add(output)
        finally:
            subprocess.run([*git, "remove", "--force", there], check=True)
    return {unit: tuple([run[unit] for run in own] for own in runs) for unit in runs[0][0]}, len(printed) == 1


def _run(command, root):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root), "PATH": path},
                                   stdout=output)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        output.seek(0)
        kilobytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
        figures = {"s": wall, "processor s": used.ru_utime + used.ru_stime, "peak MB": kilobytes / 1024}
        return figures, output.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("commit")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    figures, alike = measure(options.commit, options.command, options.repeats)
    print("both print the same" if alike else "they print different things")
    for unit, sides in figures.items():
        here, there = map(statistics.median, sides)
        print(f"{unit:12} here {here:9.4g}  {options.commit} {there:9.4g}  here / there {here / there:.3f}"
              f"  (runs: {', '.join(f'{a:.4g} / {b:.4g}' for a, b in zip(*sides))})")


if __name__ == "__main__":
    main()
