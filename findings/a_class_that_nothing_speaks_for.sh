#!/bin/sh
# Believed: where every place speaks against a class, its map is blank, or negative.
# So: torchcam's CAM stretches it from 0 to 1, like the map of a class that is there, and its GradCAM is blank;
# captum's is negative, and smaller than CAM by the number of places.
# With torchcam 0.5.0, grad-cam 1.5.7, captum 0.9.0, torch 2.13.0, torchvision 0.28.0; about 34 s.
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

import torch
from torch import nn

if "+cpu" in torch.__version__:  # torchvision's compiled part, of another build, is not used here
    operators = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        operators.define(name + "(Tensor a, Tensor b, float c) -> Tensor")
from captum.attr import LayerGradCam
from pytorch_grad_cam import GradCAM as PytorchGradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget as Target
from torchcam.methods import CAM, GradCAM

torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 3))
net.eval()
with torch.no_grad():
    net[4].weight[2] = -net[4].weight[2].abs()  # nothing can speak for class 2
x = torch.randn(1, 3, 14, 14)
maps = {"the sum itself": (net[:2](x)[0] * net[4].weight[2][:, None, None]).sum(0)}
for kind, options in ((CAM, {"fc_layer": "4"}), (GradCAM, {})):
    with kind(net, "1", **options) as extractor:
        maps[f"torchcam {kind.__name__}"] = extractor(2, net(x))[0][0]
maps["grad-cam GradCAM"] = PytorchGradCAM(net, [net[1]])(x, [Target(2)])[0]
maps["captum LayerGradCam"] = LayerGradCam(net, net[1]).attribute(x, target=2)[0, 0]
maps = {name: torch.as_tensor(map_).detach() for name, map_ in maps.items()}
seen = {name: (map_.min().item(), map_.max().item()) for name, map_ in maps.items()}
print(", ".join(f"{name} {version(name)}" for name in ("torchcam", "grad-cam", "captum", "torch")))
print("expected: no cell above 0")
for name, (low, high) in seen.items():
    print(f"seen: {name:20} from {low:+.5f} to {high:+.5f}")
if not (seen["torchcam CAM"] == (0, 1) and seen["the sum itself"][1] <= 0 and seen["torchcam GradCAM"] == (0, 0)
        and abs(seen["captum LayerGradCam"][0] * 196 / seen["the sum itself"][0] - 1) < 1e-3):
    raise SystemExit("this has changed")
END
