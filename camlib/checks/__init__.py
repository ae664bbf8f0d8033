"""The checkers of the exercises, `checks.NAME(answer, …)`: one module a notebook, named as the notebook is."""

from .alexnet_caltech256 import fold, map_side, mean_of_classes
from .beyond_cam import grad_cam_by_hand, layer_cam_by_hand, map_of_log_probability, score_cam_seconds
from .class_activation_maps import maps_by_hand, weakest_after_normalising, weight_counts
from .cluttered_mnist import paste_clips, reported_error, split_is_honest, touched_with
from .lenet_gap import mended_batch, side_by_side, spread_head, weights_at
from .measuring_localization import difference_interval, honest_accuracy, iou_by_hand, offset
from .start_here import hottest_cell

__all__ = [
    "difference_interval",
    "fold",
    "grad_cam_by_hand",
    "honest_accuracy",
    "hottest_cell",
    "iou_by_hand",
    "layer_cam_by_hand",
    "map_of_log_probability",
    "map_side",
    "maps_by_hand",
    "mean_of_classes",
    "mended_batch",
    "offset",
    "paste_clips",
    "reported_error",
    "score_cam_seconds",
    "side_by_side",
    "split_is_honest",
    "spread_head",
    "touched_with",
    "weakest_after_normalising",
    "weight_counts",
    "weights_at",
]
