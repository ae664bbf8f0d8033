import errno
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from camlib import files
from camlib.files import one_process_at_a_time, whole_file

posix = pytest.mark.skipif(os.name == "nt", reason="links, pipes and devices of POSIX")


def test_the_name_appears_once_all_is_written(tmp_path):
    path = tmp_path / "new folder" / "a.txt"
    with whole_file(path) as part:
        part.write_text("half")
        assert not path.exists() and path.parent in part.parents
    assert path.read_text() == "half" and list(path.parent.iterdir()) == [path]


def test_the_temporary_file_has_the_same_ending(tmp_path):
    with whole_file(tmp_path / "model.keras") as part:
        part.write_text("")
        assert part.suffix == ".keras" and not list(tmp_path.glob("*.keras"))


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as part:
        part.write_text("new")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


KILLED = """
import os, sys
from camlib.files import whole_file
with whole_file(sys.argv[1]) as part:
    part.write_text("half")
    os.kill(os.getpid(), 9)
"""


@posix
def test_what_a_killed_writer_left_goes_and_what_another_still_writes_stays(tmp_path):
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.txt")], cwd=Path(__file__).parents[2])
    [left] = tmp_path.iterdir()
    assert ended.returncode == -9 and (left / "a.txt").read_text() == "half"
    with whole_file(tmp_path / "b.txt") as others:
        others.write_text("b")
        for folder in (left, others.parent):
            os.utime(folder, (0, 0))  # long ago
        files._sweep.cache_clear()
        with whole_file(tmp_path / "c.txt") as part:
            part.write_text("c")
        assert not left.exists() and others.read_text() == "b"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.txt", "c.txt"]


@posix
def test_what_was_begun_an_hour_ago_stays_though_no_lock_is_seen(tmp_path):
    """As where another machine writes to the same folder, and locks are each machine's own."""
    others = tmp_path / f"{files.PART}others"
    others.mkdir()
    hour_ago = time.time() - 3600
    os.utime(others, (hour_ago, hour_ago))
    with whole_file(tmp_path / "a.txt") as part:
        part.write_text("a")
    assert others.exists()


@posix
def test_without_locks_files_are_written_and_nothing_is_swept(tmp_path, monkeypatch):
    import fcntl

    def flock(*arguments):
        raise OSError(errno.ENOLCK, "No locks available")
    monkeypatch.setattr(fcntl, "flock", flock)
    (tmp_path / ".part-of-somebody").mkdir()
    os.utime(tmp_path / ".part-of-somebody", (0, 0))
    with whole_file(tmp_path / "a.txt") as part:
        part.write_text("a")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".part-of-somebody", "a.txt"]


def test_two_writers_do_not_mix(tmp_path):
    path = tmp_path / "a.txt"
    with whole_file(path) as first, whole_file(path) as second:
        first.write_text("first")
        second.write_text("second")
        assert first != second
    assert path.read_text() == "first"  # the one that finished last


def test_others_may_read_it(tmp_path):
    path, plain = tmp_path / "a.txt", tmp_path / "plain.txt"
    plain.write_text("")
    with whole_file(path) as part:
        part.write_text("")
    assert path.stat().st_mode == plain.stat().st_mode


def test_a_folder_is_refused_before_anything_is_computed(tmp_path):
    with pytest.raises(IsADirectoryError, match="name of a file"), whole_file(tmp_path):
        pytest.fail("began to write")


@posix
@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing yet"])
def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path, there):
    target, link = tmp_path / "elsewhere" / "a.txt", tmp_path / "link.txt"
    if there:
        target.parent.mkdir()
        target.write_text("old")
    link.symlink_to(target)
    with whole_file(link) as part:
        part.write_text("new")
    assert link.is_symlink() and target.read_text() == "new" and not target.is_symlink()
    assert list(target.parent.iterdir()) == [target]


@posix
def test_a_pipe_is_written_to(tmp_path):
    pipe, received = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with whole_file(pipe) as part:
        part.write_bytes(b"all")
    if stat.S_ISFIFO(pipe.stat().st_mode):  # else nobody ever writes to the reader
        reader.join(10)
    assert received == [b"all"] and list(tmp_path.iterdir()) == [pipe]


@posix
@pytest.mark.parametrize("through_a_link", [False, True])
def test_a_device_stays_a_device(tmp_path, through_a_link):
    """A node of the test's own with the numbers of Linux's /dev/full, which takes nothing: the write must reach it."""
    device = path = tmp_path / "full"
    try:
        os.mknod(device, stat.S_IFCHR | 0o600, os.makedev(1, 7))
        open(device, "wb").close()
    except OSError as error:
        pytest.skip(f"only root can make a device: {error}")
    if through_a_link:
        path = tmp_path / "link"
        path.symlink_to(device)
    with pytest.raises(OSError) as raised, whole_file(path) as part:
        part.write_bytes(b"all")
    assert raised.value.errno == errno.ENOSPC and stat.S_ISCHR(device.stat().st_mode)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
def test_where_no_lock_can_be_made_it_does_not_wait_for_one():
    code = "from camlib.files import one_process_at_a_time as one\nwith one('/proc/x', 'waiting'): print('in')"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], text=True, timeout=20,
                          capture_output=True)
    assert done.returncode == 1 and "FileNotFoundError" in done.stderr and done.stdout == ""


@posix
def test_a_file_system_without_locks_is_an_error_and_no_wait(tmp_path, monkeypatch):
    import fcntl

    def flock(*arguments):
        raise OSError(errno.ENOLCK, "No locks available")
    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="No locks available"), one_process_at_a_time(tmp_path / "a", "waiting"):
        pytest.fail("went in without a lock")


def test_the_lock_lets_one_in_after_the_other(tmp_path, capsys):
    inside, said, order = threading.Event(), threading.Event(), []

    class Waiting:
        def __str__(self):  # as it is printed
            said.set()
            return "waiting for the other"

    def other():
        with one_process_at_a_time(tmp_path / "a", "nobody is there"):
            inside.set()
            order.append(said.wait(30))
            order.append("first")

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    assert inside.wait(10)
    with one_process_at_a_time(tmp_path / "a", Waiting()):
        order.append("second")
    thread.join(10)
    assert order == [True, "first", "second"] and capsys.readouterr().out == "waiting for the other\n"
