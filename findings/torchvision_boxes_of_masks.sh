#!/bin/sh
# Believed: the box of a mask, by torchvision's masks_to_boxes, has the mask's width and height for its own box_iou.
# So: its x1, y1 are the last pixels, which box_iou counts as edges: a region of 10 by 10 has an area of 81 and IoU
# 0.81 with its true box, one of a single cell IoU nan with itself.
# With torch 2.13.0, torchvision 0.28.0, scikit-image 0.26.0; about 26 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check \
    torch==2.13.0 torchvision==0.28.0 scikit-image==0.26.0
venv/bin/python - <<'END'
import torch

if "+cpu" in torch.__version__:  # torchvision's compiled part, of another build, is not used here
    operators = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        operators.define(name + "(Tensor a, Tensor b, float c) -> Tensor")
import skimage
import torchvision
from skimage.measure import regionprops
from torchvision.ops import box_area, box_iou, masks_to_boxes

region, cell = torch.zeros(2, 20, 20, dtype=torch.bool)
region[5:15, 5:15] = True
cell[5, 5] = True
y0, x0, y1, x1 = regionprops(region.numpy().astype(int))[0].bbox
box = masks_to_boxes(region[None])
iou = box_iou(box, torch.tensor([[x0, y0, x1, y1]], dtype=torch.float32)).item()
own = box_iou(masks_to_boxes(cell[None]), masks_to_boxes(cell[None])).item()
print(f"torchvision {torchvision.__version__}, scikit-image {skimage.__version__}; 10 by 10 pixels, and one")
print("expected: area 100, IoU 1 with scikit-image's box of the same region; one pixel: IoU 1 with itself")
print(f"seen: {box.tolist()[0]}, area {box_area(box).item():.0f}, IoU {iou:.2f} with {[x0, y0, x1, y1]}")
print(f"      one pixel: IoU {own}")
if not (abs(iou - 0.81) < 1e-6 and own != own):
    raise SystemExit("this has changed")
END
