"""The checkers of the exercises, `checks.NAME(answer, …)`: one module a notebook, named as the notebook is."""

from .a_network_by_hand import high_loss, logit_gradient, max_pool, moved_digit
from .alexnet_caltech256 import fold, map_side, mean_of_classes
from .audit_a_network import difference, erased, telling, verdict
from .beyond_cam import grad_cam_by_hand, layer_cam_by_hand, map_of_log_probability, score_cam_seconds
from .class_activation_maps import (
    maps_by_hand,
    maps_of_flattened,
    mended_maps,
    on_a_wide_canvas,
    weakest_after_normalising,
    weight_counts,
)
from .cluttered_mnist import paste_clips, reported_error, split_is_honest, touch_is_counted, touched_with
from .lenet_gap import gap_logits, mended_batch, side_by_side, spread_head, weights_at
from .measuring_localization import difference_interval, honest_accuracy, iou_by_hand, margin, offset, one_of_two
from .start_here import hottest_cell

__all__ = [
    "difference",
    "difference_interval",
    "erased",
    "fold",
    "gap_logits",
    "grad_cam_by_hand",
    "high_loss",
    "honest_accuracy",
    "hottest_cell",
    "iou_by_hand",
    "layer_cam_by_hand",
    "logit_gradient",
    "map_of_log_probability",
    "map_side",
    "maps_by_hand",
    "maps_of_flattened",
    "margin",
    "max_pool",
    "mean_of_classes",
    "mended_batch",
    "mended_maps",
    "moved_digit",
    "offset",
    "on_a_wide_canvas",
    "one_of_two",
    "paste_clips",
    "reported_error",
    "score_cam_seconds",
    "side_by_side",
    "split_is_honest",
    "spread_head",
    "telling",
    "touch_is_counted",
    "touched_with",
    "verdict",
    "weakest_after_normalising",
    "weight_counts",
    "weights_at",
]
