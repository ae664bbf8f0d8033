#!/bin/sh
# Believed: nn.ReLU(inplace=True) saves memory and changes no result; the map of the convolution before it is made of
# its signed output.
# So: torchcam and grad-cam keep the tensor that ReLU then writes over: their map of the convolution is made of
# another's output. captum's is not.
# With torchcam 0.5.0, grad-cam 1.5.7, captum 0.9.0, torch 2.13.0, torchvision 0.28.0; about 35 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check \
    torchcam==0.5.0 grad-cam==1.5.7 captum==0.9.0 torch==2.13.0 torchvision==0.28.0
venv/bin/python - <<'END'
from importlib.metadata import version

import numpy as np
import torch
from torch import nn

if "+cpu" in torch.__version__:  # torchvision's compiled part, of another build, is not used here
    operators = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        operators.define(name + "(Tensor a, Tensor b, float c) -> Tensor")
from captum.attr import LayerGradCam
from pytorch_grad_cam import GradCAM as PytorchGradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget as Target
from torchcam.methods import GradCAM as TorchCAM


def by_torchcam(net, x):
    with TorchCAM(net, "0") as extractor:
        return extractor(0, net(x), normalized=False)[0][0].numpy()


torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 3))
net.eval()
x = torch.randn(1, 3, 14, 14)
methods = {
    "torchcam": by_torchcam,
    "grad-cam": lambda net, x: PytorchGradCAM(net, [net[0]])(x, [Target(0)])[0],
    "captum": lambda net, x: LayerGradCam(net, net[0]).attribute(x, target=0)[0, 0].detach().numpy(),
}
print(", ".join(f"{name} {version(name)}" for name in methods) + f", torch {torch.__version__}")
print("expected: the same map, with ReLU() and with ReLU(inplace=True)")
apart = {}
for name, method in methods.items():
    maps = []
    for inplace in (False, True):
        net[1].inplace = inplace
        maps.append(method(net, x))
    apart[name] = np.abs(maps[0] - maps[1]).max() / np.abs(maps[0]).max()
    print(f"seen: {name:9} largest difference, in parts of the map's largest cell: {apart[name]:.3f}")
if not (apart["captum"] < 1e-5 and min(apart["torchcam"], apart["grad-cam"]) > 0.05):
    raise SystemExit("this has changed")
END
