#!/bin/sh
# Believed: pytorch-grad-cam gives a map for each target that it is asked for, or refuses.
# So: pictures and targets are paired from the front and the rest is left out: of two targets for one picture the
# second vanishes, and of two pictures with one target the second picture's map is all zero.
# With grad-cam 1.5.7, torch 2.13.0, torchvision 0.28.0; about 34 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check grad-cam==1.5.7 torch==2.13.0 torchvision==0.28.0
venv/bin/python - <<'END'
from importlib.metadata import version

import numpy as np
import torch
from torch import nn

if "+cpu" in torch.__version__:  # torchvision's compiled part, of another build, is not used here
    operators = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        operators.define(name + "(Tensor a, Tensor b, float c) -> Tensor")
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget as Target

torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 3))
net.eval()
x = torch.randn(2, 3, 14, 14)
cam = GradCAM(net, [net[1]])
first, second = (cam(x[:1], [Target(index)]) for index in (0, 1))
both = cam(x[:1], [Target(0), Target(1)])
one, each = cam(x, [Target(0)]), cam(x, [Target(0), Target(0)])
print(f"grad-cam {version('grad-cam')}, torch {torch.__version__}")
print("expected: two targets, one picture: two maps or an error; one target, two pictures: both maps or an error")
print(f"seen: two targets, one picture: shape {both.shape}, "
      f"off the first target's map {np.abs(both - first).max():.3f}, the second's {np.abs(both - second).max():.3f}")
print(f"      one target, two pictures: largest cells {one.max(axis=(1, 2)).round(3).tolist()}, "
      f"with a target each {each.max(axis=(1, 2)).round(3).tolist()}")
if not (len(both) == 1 and (both == first).all() and one[1].max() == 0 < each[1].max()):
    raise SystemExit("this has changed")
END
