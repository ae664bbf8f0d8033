"""Boxes of photographs in a table, a row a box: CSV that somebody may have typed, so what is wrong is told by line.

    file,x0,y0,x1,y1,group
    009.bear/009_0001.jpg,131,92,197,199,0

file: from the folder of categories on. Box: in pixels of the photograph as `photos.read` gives it, half-open. group: 1
where the box is around a heap of objects that no box each could tell apart, else 0.
"""

import csv

import numpy as np

NAME = "boxes.csv"  # in the folder of categories
COLUMNS = ["file", "x0", "y0", "x1", "y1", "group"]


def read_table(folder, size):
    """The table in a folder of categories: a dict, file → (size of the photograph, int64 (k, 5), rows without file).

    size: function of a photograph's path that gives (width, height) in px, or raises ValueError.
    Raises ValueError for a folder without a table, and with the number of the line for a wrong header, a row of other
    than six values, a file that is no photograph in the folder, what is no whole number, a box that is empty or leaves
    its photograph, a group other than 0 and 1, and a box that is there twice.
    """
    path = folder / NAME
    if not path.is_file():
        raise ValueError(f"{folder} has no {NAME}: expected a table of its photographs' boxes there, which begins "
                         f"with the line {','.join(COLUMNS)}; the sample that the course ships has one")
    table, sizes, lines = {}, {}, {}
    with open(path, newline="", encoding="utf-8-sig", errors="surrogateescape") as stream:
        rows = csv.reader(stream)
        try:
            if (header := next(rows, [])) != COLUMNS:
                raise ValueError(f"is {','.join(header)!r}: expected {','.join(COLUMNS)}")
            for row in filter(None, rows):
                file, *numbers = _parsed(row)
                if file not in sizes:
                    sizes[file] = _size(folder, file, size)
                _check(numbers, sizes[file])
                if (first := lines.setdefault((file, *numbers[:4]), rows.line_num)) != rows.line_num:
                    raise ValueError(f"has the box of line {first} again: delete one of them")
                table.setdefault(file, []).append(numbers)
        except (ValueError, csv.Error) as error:
            raise ValueError(f"{path}, line {max(rows.line_num, 1)}, {error}") from error
    return {file: (sizes[file], np.array(numbers)) for file, numbers in table.items()}


def squeezed(boxes, size, side):
    """Boxes, int64 (k, 4), of a photograph of `size`, (width, height), in the pixels of it squeezed to side×side.

    >>> squeezed(np.array([[10, 0, 30, 30], [38, 0, 40, 30]]), (40, 30), 8).tolist()
    [[2, 0, 6, 8], [7, 0, 8, 8]]
    """
    ends = np.round(boxes * side / np.tile(size, 2)).astype(np.int64)
    low = ends[:, :2].clip(max=side - 1)
    return np.concatenate([low, np.maximum(ends[:, 2:], low + 1)], axis=1)


def _parsed(row):
    if len(row) != len(COLUMNS):
        raise ValueError(f"has {len(row)} values: expected {len(COLUMNS)}, {','.join(COLUMNS)}")
    try:
        return row[0], *map(int, row[1:])
    except ValueError:
        raise ValueError(f"has {','.join(row[1:])!r} after the file: expected five whole numbers") from None


def _size(folder, file, size):
    if not (folder / file).is_file():
        raise ValueError(f"names {file!r}: expected a photograph in {folder}, such as 009.bear/009_0001.jpg")
    try:
        return size(folder / file)
    except ValueError as error:
        raise ValueError(f"names no photograph: {error}") from error


def _check(numbers, size):
    x0, y0, x1, y1, group = numbers
    width, height = size
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise ValueError(f"has a box {x0},{y0},{x1},{y1} that is empty or leaves the photograph: expected "
                         f"0 <= x0 < x1 <= {width} and 0 <= y0 < y1 <= {height}, in pixels")
    if group not in (0, 1):
        raise ValueError(f"has group {group}: expected 0, or 1 for a box around a heap")
