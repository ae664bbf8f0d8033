"""What runs in a learner's process: it reads a cell, runs it, and calls the function in it, on request.

Requests and replies are frames: eight bytes, the length, then what `values.pack` makes of a dict.
"""

import ast
import codeop
import dis
import errno
import os
import re
import resource
import struct
import sys
import types
from contextlib import suppress
from typing import NamedTuple

from .names import changed
from .values import pack, unpack

HEAD = struct.Struct(">Q")
OUTPUT = 16 << 20  # bytes that may be written to a file, printed ones among them


class Statement(NamedTuple):
    """A statement of a cell. code: to be run.  binds: the names that it defines, or changes what they stand for."""

    code: types.CodeType
    binds: frozenset


def main():
    """Speak through what were standard input and output. Cells get an empty input, and a file to print to."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    printed = os.open("printed.txt", os.O_WRONLY | os.O_CREAT)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    _send(replies, {"ready": True})
    function = None
    while head := requests.read(HEAD.size):
        request = unpack(requests.read(HEAD.unpack(head)[0]))
        try:
            if "cell" in request:
                function = _load(**request)
                reply = {"result": True}
            else:
                arguments = request["arguments"]
                reply = {"result": function(*arguments), "arguments": arguments}
            sys.stdout.flush()
            _send(replies, reply)
        except BaseException as error:
            _send(replies, {"error": _told(error)})
    os._exit(0)  # whatever threads a cell has left


def _load(cell, name, above, seconds, memory):
    """Run a cell as a notebook would, after those of the sources `above`, a list, that it needs; its function `name`.

    What stops with an exception, because it is about what the notebook alone has computed, harms nothing else: the
    first one is raised where there is no `name` in the end. IPython's magics do nothing.
    """
    for kind, limit in ((resource.RLIMIT_CPU, 2 * seconds), (resource.RLIMIT_DATA, memory << 20),
                        (resource.RLIMIT_FSIZE, OUTPUT), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(kind)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (limit, limit))
    namespace = {"__name__": "__main__", "display": _nothing, "get_ipython": _NoShell}
    errors = []
    for statement in needed(cell, above) + statements(cell):
        try:
            exec(statement.code, namespace)
        except BaseException as error:  # SystemExit among them, which ends no kernel
            errors.append(error)
    if name not in namespace:
        raise errors[0] if errors else KeyError(name)
    return namespace[name]


def _nothing(*_, **__):
    """What only shows something."""


class _NoShell:
    """Where `get_ipython()` leads: any method does nothing."""

    def __getattr__(self, name):
        return _nothing


def statements(cell):
    """A `Statement` for each of a cell, which may hold magics, `!` and `?`. Raises SyntaxError."""
    cell = re.sub(r"\A(\s*%%.*\n)+|(?<![^\n ])%time ", "", cell)  # these run what follows
    try:
        body = ast.parse(cell).body
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager  # half a second, which few cells need

        body = ast.parse(TransformerManager().transform_cell(cell), "the cell").body
    compiled = codeop.Compile()  # remembers what `from __future__` asks for
    compiled.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # a statement that awaits does nothing
    codes = [compiled(ast.Module([node], []), "the cell", "exec") for node in body]
    return [Statement(code, frozenset(_stored(code) | changed(node))) for code, node in zip(codes, body)]


def needed(cell, above):
    """Those `Statement`s of `above`, a list of sources, that define or fill what `cell`, or another of them, uses.

    What a cell only calls, with what its notebook has computed, it does not need; what cannot be parsed is left out.
    """
    found = []
    for source in above:
        with suppress(SyntaxError, ValueError):
            found += statements(source)
    needs, todo = set(), [statement for statement in statements(cell) if statement.binds]
    while todo:
        names = _uses(todo.pop().code)
        new = {one for one in found if one not in needs and (names & one.binds or _STAR in one.code.co_consts)}
        needs |= new
        todo += new
    return [statement for statement in found if statement in needs]


_STAR = ("*",)  # what `from … import *` is compiled to


def _stored(code):
    """The names that running a code defines."""
    return {step.argval for step in dis.get_instructions(code) if step.opname in ("STORE_NAME", "STORE_GLOBAL")}


def _uses(code):
    """The names that a code, and the functions in it, look up outside their own variables."""
    return {*code.co_names}.union(*(_uses(part) for part in code.co_consts if isinstance(part, types.CodeType)))


def _told(error):
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return [type(error).__name__, f"it printed or wrote more than {OUTPUT >> 20} MB"]
    return [type(error).__name__, str(error)[:1000]]


def _send(replies, reply):
    data = pack(reply)
    replies.write(HEAD.pack(len(data)) + data)
    replies.flush()
