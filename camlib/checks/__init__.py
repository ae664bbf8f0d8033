"""The checkers of the exercises, `checks.NAME(answer, …)`: one module a notebook, named as the notebook is."""

from .alexnet_caltech256 import fold, map_side, predict_tag, repaired_read
from .beyond_cam import grad_cam_by_hand, layer_cam_by_hand, map_of_log_probability, score_cam_seconds
from .class_activation_maps import maps_by_hand, weakest_after_normalising, weight_counts
from .cluttered_mnist import paste_clips, split_is_honest, touch_is_counted
from .lenet_gap import gap_logits, spread_head, weights_at
from .measuring_localization import difference_interval, honest_accuracy, iou_by_hand, offset
from .start_here import hottest_cell

__all__ = [
    "difference_interval",
    "fold",
    "gap_logits",
    "grad_cam_by_hand",
    "honest_accuracy",
    "hottest_cell",
    "iou_by_hand",
    "layer_cam_by_hand",
    "map_of_log_probability",
    "map_side",
    "maps_by_hand",
    "offset",
    "paste_clips",
    "predict_tag",
    "repaired_read",
    "score_cam_seconds",
    "split_is_honest",
    "spread_head",
    "touch_is_counted",
    "weakest_after_normalising",
    "weight_counts",
    "weights_at",
]
