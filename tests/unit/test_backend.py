"""What TensorFlow is told before it is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os
from camlib.backend import tf

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

image, kernel = tf.ones((64, 100, 100, 1)), tf.ones((5, 5, 1, 64))
before = resident()
features = tf.nn.conv2d(image, kernel, 1, "SAME")
held = resident() - before
del features
print(held, resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc to read a process's memory from")
def test_memory_that_is_freed_goes_back_to_the_system():
    """One notebook's peak is not to stay with a kernel until it ends."""
    environment = {name: value for name, value in os.environ.items() if name != "TF_ONEDNN_USE_SYSTEM_ALLOCATOR"}
    said = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True, env=environment)
    held, kept = map(float, said.stdout.split())
    assert held > 150 and kept < 0.5 * held  # features of 156 MB
