#!/bin/sh
# Believed: GradCAMpp and GradCAMPlusPlus weigh features by equation 19 of the paper: g^2 / (2 g^2 + sum(A) g^3).
# So: torchcam divides a copy, so that its weights are g^3 without the denominator; grad-cam adds 1e-6 to it, more than
# g^2 of a large network, whose maps then follow g^3, too.
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
from pytorch_grad_cam import GradCAMPlusPlus
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget as Target
from torchcam.methods import GradCAMpp


def stretched(map_):
    return (map_ - map_.min()) / (map_.max() - map_.min())


torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 3))
net.eval()
x = torch.randn(1, 3, 14, 14)
A = net[:2](x).detach().numpy()[0].astype("float64")
print(f"torchcam {version('torchcam')}, grad-cam {version('grad-cam')}, torch {torch.__version__}")
print("expected: maps, from 0 to 1, are the formula's to 0.01")
apart = {}
for scale in (1.0, 0.05):  # the second has the gradients of a network with many features
    with torch.no_grad():
        net[4].weight *= scale
    g = net[4].weight[0].detach().numpy()[:, None, None].astype("float64") / A[0].size
    alpha = g**2 / (2 * g**2 + A.sum((1, 2), keepdims=True) * g**3)
    formula, cube = (stretched(np.maximum((w * np.maximum(g, 0) * A).sum(0), 0)) for w in (alpha, g**2))
    theirs = {"grad-cam": GradCAMPlusPlus(net, [net[1]])(x, [Target(0)])[0]}
    with GradCAMpp(net, "1") as extractor:
        theirs["torchcam"] = extractor(0, net(x))[0][0].numpy()
    for name, map_ in theirs.items():
        apart[name, scale] = [np.abs(stretched(map_) - other).max() for other in (formula, cube)]
        print(f"seen: {name}, weights x {scale:4}: from the formula's map {apart[name, scale][0]:.3f}, "
              f"from the cube's {apart[name, scale][1]:.3f}")
if not (min(apart["torchcam", s][0] for s in (1.0, 0.05)) > 0.02 > max(apart["torchcam", s][1] for s in (1.0, 0.05))
        and apart["grad-cam", 0.05][1] < apart["grad-cam", 0.05][0]):
    raise SystemExit("this has changed")
END
