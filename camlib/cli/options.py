"""What the commands share: numbers among their options, and the files that they write."""

import argparse
import json
import os
from pathlib import Path

from ..files import check_writable, whole_file


class Misuse(ValueError):
    """Options that make no sense, or not together: what argparse itself cannot tell."""


def whole(least, most=None):
    """A type for argparse: a whole number from `least` on, to `most` at most."""
    def whole_number(text):
        number = int(text)
        if number < least or (most and number > most):
            raise argparse.ArgumentTypeError(f"{number} is not a number from {least} {f'to {most}' if most else 'on'}")
        return number

    return whole_number


def check_can_write(*files):
    """Raise OSError before hours of work are lost for a file that cannot be written. None is none."""
    for file in filter(None, files):
        if file.is_dir():
            raise OSError(f"{file} is a folder: expected the name of a file to write")
        if file.exists() and not file.is_file():
            continue  # a device or a pipe, whose folder does not matter
        folder = Path(os.path.realpath(file)).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            check_writable(folder)
        except OSError as error:
            raise OSError(f"nothing can be written to {folder} ({error.strerror}): choose another folder") from error


def silence(stream):
    """Have what is still printed to a stream whose reader has gone go nowhere, Python's flush at the end, too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write_json(file, numbers):
    if file:
        with whole_file(file) as part:
            part.write_text(json.dumps(numbers, indent=1) + "\n")
