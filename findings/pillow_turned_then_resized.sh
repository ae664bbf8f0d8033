#!/bin/sh
# Believed: the same pixels, resized in the same way, are the same in each Pillow, and turned before or after.
# So: bicubic resizing rounds and clips between its two passes; Pillow 13 begins vertically with tall pictures, 12.2
# horizontally. Edges differ by up to 17 of 255, and in 12.2 a turned picture is not the picture, turned.
# With pillow 13.0.0, numpy 2.4.6; about 9 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check pillow==13.0.0 numpy==2.4.6
venv/bin/pip install --quiet --no-compile --disable-pip-version-check --target older pillow==12.2.0
cat > resize.py <<'END'
import numpy as np
from PIL import Image, __version__

squares = np.kron(np.random.default_rng(0).integers(0, 2, (30, 20)), np.ones((10, 10))).astype(np.uint8) * 255


def resized(pixels):
    return np.asarray(Image.fromarray(pixels).resize((224, 224), Image.Resampling.BICUBIC))


np.savez(f"{__version__}.npz", tall=resized(squares), turned=resized(np.ascontiguousarray(squares.T)).T)
END
venv/bin/python resize.py
PYTHONPATH=older venv/bin/python resize.py
venv/bin/python - <<'END'
import numpy as np

old, new = np.load("12.2.0.npz"), np.load("13.0.0.npz")
pairs = {"tall, 12.2 and 13": (old["tall"], new["tall"]),
         "12.2, turned before and after": (old["tall"], old["turned"]),
         "13, turned before and after": (new["tall"], new["turned"]),
         "12.2 turned before, 13": (old["turned"], new["tall"])}
seen = {name: int(abs(a.astype(int) - b).max()) for name, (a, b) in pairs.items()}
print("expected: no difference")
for name, largest in seen.items():
    print(f"seen: {name:30} at most {largest} of 255")
if list(seen.values()) != [17, 17, 0, 0]:
    raise SystemExit("this has changed")
END
