#!/bin/sh
# Believed: localisation metrics of one library read a signed map in one way, and a share lies between 0 and 1.
# So: PointingGame takes the largest cell, AttributionLocalisation counts evidence against as evidence for, and
# RelevanceMassAccuracy divides by a sum of both signs: on one map, a hit, 0.4 and -2.
# With quantus 0.6.0, torch 2.13.0, torchvision 0.28.0; about 30 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check quantus==0.6.0 torch==2.13.0 torchvision==0.28.0
venv/bin/python - <<'END'
import warnings
from importlib.metadata import version

import numpy as np
import torch

if "+cpu" in torch.__version__:  # torchvision's compiled part, of another build, is not used here
    operators = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        operators.define(name + "(Tensor a, Tensor b, float c) -> Tensor")
import quantus

warnings.filterwarnings("ignore")
map_, inside = np.zeros((2, 1, 1, 10, 10))
map_[0, 0, 1, 1], map_[0, 0, 7, 7] = -3, 2  # against, outside the box; for, inside it
inside[0, 0, 6:9, 6:9] = 1
net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(100, 2)).eval()
seen = {}
for name in ("PointingGame", "AttributionLocalisation", "RelevanceMassAccuracy"):
    seen[name] = getattr(quantus, name)(disable_warnings=True)(
        model=net, x_batch=np.ones((1, 1, 10, 10), "float32"), y_batch=np.array([0]), a_batch=map_.copy(),
        s_batch=inside, device="cpu")[0]
print(f"quantus {version('quantus')}; one cell of +2 in the box, one of -3 outside")
print("expected: a hit, and shares from 0 to 1 that agree: all that speaks for the class lies in the box")
for name, value in seen.items():
    print(f"seen: {name:24} {float(value):+.3f}")
if not (seen["PointingGame"] and abs(seen["AttributionLocalisation"] - 0.4) < 1e-6
        and abs(seen["RelevanceMassAccuracy"] + 2) < 1e-6):
    raise SystemExit("this has changed")
END
