#!/bin/sh
# Believed: Average Drop, defined in one paper as the mean of max(0, Y - O) / Y, is one figure
# in torchcam and grad-cam.
# So: grad-cam's DropInConfidence does not divide by Y: with three unsure classes it is less than half of torchcam's.
# With torchcam 0.5.0, grad-cam 1.5.7, torch 2.13.0, torchvision 0.28.0; about 35 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check \
    torchcam==0.5.0 grad-cam==1.5.7 torch==2.13.0 torchvision==0.28.0
venv/bin/python - <<'END'
from importlib.metadata import version

import numpy as np
import torch
from torch import nn

if "+cpu" in torch.__version__:  # torchvision's compiled part, of another build, is not used here
    operators = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        operators.define(name + "(Tensor a, Tensor b, float c) -> Tensor")
from pytorch_grad_cam.metrics.cam_mult_image import DropInConfidence
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget as Target
from torchcam.methods import GradCAM
from torchcam.metrics import ClassificationMetric

torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 3))
net.eval()
x = torch.randn(8, 3, 14, 14)
with GradCAM(net, "1") as extractor:
    maps = extractor(0, net(x).softmax(-1))[0]  # of the probability, as the metric takes it
    metric = ClassificationMetric(extractor, lambda scores: scores.softmax(-1))
    metric.update(x, 0)
    theirs = metric.summary()["avg_drop"]
with torch.no_grad():
    Y, O = (net(z).softmax(-1)[:, 0].numpy() for z in (x, x * maps[:, None]))
paper = np.mean(np.maximum(Y - O, 0) / Y)
other = float(np.mean(DropInConfidence()(x, maps.numpy(), [Target(0)] * len(x), net)))
print(f"torchcam {version('torchcam')}, grad-cam {version('grad-cam')}, torch {torch.__version__}; the same maps")
print(f"expected: both say {paper:.4f}")
print(f"seen: torchcam avg_drop {theirs:.4f}, grad-cam DropInConfidence {other:.4f}")
if not (abs(theirs - paper) < 1e-3 and abs(other - np.mean(np.maximum(Y - O, 0))) < 1e-3 and other < 0.7 * paper):
    raise SystemExit("this has changed")
END
