"""A learner's function in a process of its own, with limits. The one who calls it gets values, never objects.

It runs with the rights of whoever grades: it can read and delete their files, reach the network, and end their
processes. What is guarded against is what goes wrong by itself, and the cheap cheats; a container guards the rest.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future, wait
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

import numpy as np
import psutil

from ..files import ROOT
from .values import pack, unpack
from .worker import HEAD

PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from camlib.grading.worker import main; main()"
START = 120  # s, for Python to begin, on a busy machine
TICK = 0.05  # s, between two looks at what a process takes
PROCESSES = 32  # that a learner's may be; TensorFlow needs none beside its own
REPLY = 16 << 20  # bytes
LONGEST = 1000  # characters of what an exception says
JUDGING = 60  # s, for a judge, beside those that the learner's function takes


class Stopped(BaseException):
    """Grading was told to stop."""


class Limits(NamedTuple):
    """seconds: of all that one exercise does, from a clock on the wall. memory: MB. stop: set to end all at once."""

    seconds: int = 20
    memory: int = 2048
    stop: threading.Event | None = None


class LearnersFunction:
    """The function `name` of the text `cell`, to be called; `above`, sources, is what the cell may rely on.

    The cell runs at the first call. Whatever goes wrong there or in a call, also limits that are reached, is raised as
    an Exception. Arrays that a call changes are changed here too if `reflects`; `changes` says whether there were any.
    """

    def __init__(self, cell, name, above, limits, reflects=True):
        self.request = dict(cell=cell, name=name, above=list(above), seconds=limits.seconds, memory=limits.memory)
        self.limits, self.reflects, self.changes, self.loaded = limits, reflects, False, False

    def __enter__(self):
        """Raises OSError where no process of Python can be started."""
        self.folder = tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", PROGRAM, ROOT], cwd=self.folder.name, env=_environment(self.folder.name),
            bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        self._allow(START)
        try:
            self._exchange(b"")
        except BaseException as error:
            self.__exit__()
            if isinstance(error, Stopped):
                raise
            raise OSError(f"Python did not start for a learner's cell ({error}): see what it printed above") from error
        self._allow(self.limits.seconds)
        return self

    def __exit__(self, *_):
        self._kill()
        self.process.stdin.close()
        self.process.stdout.close()
        self.folder.cleanup()

    def __call__(self, *arguments):
        if not self.loaded:
            self._ask(self.request)
            self.loaded = True
        reply = self._ask({"arguments": list(arguments)})
        for before, after in zip(arguments, reply["arguments"]):
            self._reflect(before, after)
        return reply["result"]

    def _allow(self, seconds):
        self.allowed, self.deadline = seconds, time.monotonic() + seconds

    def _ask(self, request):
        """The reply to a request. Raises what the learner's code raised, by name."""
        data = pack(request)
        reply = unpack(self._exchange(HEAD.pack(len(data)) + data))
        match reply:
            case {"error": [name, message]}:
                raise type(str(name)[:99], (Exception,), {})(str(message)[:LONGEST])
            case {"result": _}:
                return {"arguments": []} | reply
        raise ValueError("what came back cannot be read")

    def _reflect(self, before, after):
        if not isinstance(before, np.ndarray) or not isinstance(after, np.ndarray):
            return
        if (before.shape, before.dtype) == (after.shape, after.dtype) and before.tobytes() != after.tobytes():
            self.changes = True
            if self.reflects:
                before[...] = after

    def _exchange(self, request):
        """Write the bytes of a request, and read a frame, whatever the other side does, until the deadline."""
        to, back = self.process.stdin.fileno(), self.process.stdout.fileno()
        request, reply, look = memoryview(request), bytearray(), 0
        while True:
            readable, writable, _ = select.select([back], [to] if request else [], [], TICK)
            if time.monotonic() >= look:
                self._watch()
                look = time.monotonic() + TICK
            try:
                if writable:
                    request = request[os.write(to, request[:select.PIPE_BUF]):]
                chunk = os.read(back, 1 << 16) if readable else None
            except BrokenPipeError:
                chunk = b""
            if chunk == b"":
                raise self._ended()
            reply += chunk or b""
            length = HEAD.unpack_from(reply)[0] if len(reply) >= HEAD.size else 0
            if max(length, len(reply)) > REPLY:
                raise ValueError(f"it returned more than {REPLY >> 20} MB")
            if len(reply) >= HEAD.size and len(reply) >= HEAD.size + length:
                return bytes(reply[HEAD.size:HEAD.size + length])

    def _watch(self):
        """Raise an exception where the process and those that it started take too much, or all is to stop."""
        if self.limits.stop and self.limits.stop.is_set():
            raise Stopped
        if time.monotonic() > self.deadline:
            raise TimeoutError(f"it ran for more than {self.allowed} s")
        family = self._family()
        if len(family) > PROCESSES:
            raise ChildProcessError(f"it started more than {PROCESSES} processes")
        if sum(map(_memory, family)) > self.limits.memory << 20:
            raise MemoryError(f"it took more than {self.limits.memory:,} MB")

    def _family(self):
        try:
            process = psutil.Process(self.process.pid)
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _ended(self):
        self._kill()
        if self.process.returncode == -signal.SIGXCPU:
            return TimeoutError(f"it computed for more than {2 * self.limits.seconds} s")
        return ChildProcessError(f"its process ended without an answer (status {self.process.returncode})")

    def _kill(self):
        """End the process, its group, and what else descends from it and has not hidden."""
        if self.process.returncode is not None:
            return  # its number may be another's by now
        family = self._family()
        with suppress(PermissionError):  # macOS, where nobody but the ended process is in the group
            os.killpg(self.process.pid, signal.SIGKILL)
        for process in chain(family, self._strays()):  # the strays of all that has ended by then
            with suppress(psutil.Error):
                process.kill()
        self.process.wait()

    def _strays(self):
        """Processes that left the group and whose parents have ended: their environment still names our folder."""
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.environ().get("HOME") == self.folder.name:
                    yield process


def within(limits, judge):
    """What `judge`, a function, returns; it runs in a thread of its own, left behind where it takes too long.

    Raises TimeoutError then, `Stopped` where all is to stop, and what the judge raises.
    """
    told, deadline = Future(), time.monotonic() + limits.seconds + JUDGING

    def run():
        try:
            told.set_result(judge())
        except BaseException as error:
            told.set_exception(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while not told.done():
        if limits.stop and limits.stop.is_set():
            wait([told], 10 * TICK)  # it may be about to notice, and reads from what we close next
            raise Stopped
        if time.monotonic() > deadline:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
            raise TimeoutError(f"judging what it returned took more than {JUDGING} s")
        wait([told], TICK)
    return told.result()


def _memory(process):
    """Bytes that a process holds, 0 for one that has gone."""
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def _environment(folder):
    """The little that Python needs, none of what a shell may hold of keys and paths; one thread for each library."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "CAMLIB_DATA") if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return kept | threads | {"HOME": folder, "TMPDIR": folder, "MPLBACKEND": "agg", "TF_CPP_MIN_LOG_LEVEL": "3",
                             "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
