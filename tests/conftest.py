"""What all suites share: the order in which workers take files up, and what a run says at its end."""

from collections import Counter

LONGEST = [
    "03_lenet_gap.ipynb", "07_beyond_cam.ipynb", "test_notebooks.py", "06_alexnet_caltech256.ipynb",
    "test_own_picture.py", "05_measuring_localization.ipynb", "test_explorer_in_lab.py", "test_train.py",
    "test_explorer.py", "test_attribution.py", "test_transfer.py", "09_audit_a_network.ipynb",
    "04_class_activation_maps.ipynb", "test_audit.py", "test_cli.py"]


def pytest_collection_modifyitems(items):
    """What takes longest begins first, so that no worker is alone with it at the end. A file keeps its order."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


def pytest_terminal_summary(terminalreporter):
    """A line a suite: its tests, and their seconds, which workers share."""
    tests, seconds = Counter(), Counter()
    for report in (report for kind in terminalreporter.stats.values() for report in kind):
        if hasattr(report, "when") and hasattr(report, "duration"):
            suite = "/".join(report.nodeid.split("/")[:2])
            tests[suite] += report.when == "call"
            seconds[suite] += report.duration
    for suite in sorted(seconds):
        terminalreporter.write_line(f"{suite}: {tests[suite]} tests, {seconds[suite]:.0f} s of one worker")
