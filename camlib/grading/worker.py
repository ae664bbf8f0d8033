"""What runs in a learner's process: it reads a cell, runs it, and calls the function in it, on request.

Requests and replies are frames: eight bytes, the length, then what `values.pack` makes of a dict.
"""

import ast
import errno
import os
import resource
import struct
import sys

from .values import pack, unpack

HEAD = struct.Struct(">Q")
OUTPUT = 16 << 20  # bytes that may be written to a file, printed ones among them


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
    """Run a cell, after those of the definitions `above`, name → source, that it needs; its function `name`."""
    for kind, limit in ((resource.RLIMIT_CPU, 2 * seconds), (resource.RLIMIT_DATA, memory << 20),
                        (resource.RLIMIT_FSIZE, OUTPUT), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(kind)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (limit, limit))
    namespace = {"__name__": "__main__"}
    exec(needed(cell, above), namespace)
    exec(compile(cell, "the cell", "exec"), namespace)
    return namespace[name]


def needed(code, above):
    """Those of the definitions `above`, name → source, whose names are in `code` or in another that is needed."""
    needs, todo = set(), [code]
    while todo:
        for node in ast.walk(ast.parse(todo.pop(), "the cell")):
            source = above.get(node.id) if isinstance(node, ast.Name) else None
            if source is not None and source not in needs:
                needs.add(source)
                todo.append(source)
    return "\n".join(source for source in dict.fromkeys(above.values()) if source in needs)


def _told(error):
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return [type(error).__name__, f"it printed or wrote more than {OUTPUT >> 20} MB"]
    return [type(error).__name__, str(error)[:1000]]


def _send(replies, reply):
    data = pack(reply)
    replies.write(HEAD.pack(len(data)) + data)
    replies.flush()
