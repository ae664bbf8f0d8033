"""The checkers of the exercises, `checks.NAME(answer, …)`: one module a notebook, named as the notebook is."""

from .a_network_by_hand import high_loss, logit_gradient, max_pool, moved_digit
from .alexnet_caltech256 import fold, map_side, mean_of_classes
from .audit_a_network import difference, erased, telling, verdict
from .beyond_cam import compared_alike, grad_cam_by_hand, map_of_log_probability, moved_by_biases
from .class_activation_maps import maps_by_hand, weakest_after_normalising, weight_counts
from .cluttered_mnist import paste_clips, split_is_honest, touch_is_counted
from .lenet_gap import gap_logits, spread_head, weights_at
from .measuring_localization import difference_interval, honest_accuracy, iou_by_hand, offset
from .start_here import added_by_each_cell, before_training, hottest_cell

__all__ = [
    "added_by_each_cell",
    "before_training",
    "compared_alike",
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
    "logit_gradient",
    "map_of_log_probability",
    "map_side",
    "maps_by_hand",
    "max_pool",
    "mean_of_classes",
    "moved_by_biases",
    "moved_digit",
    "offset",
    "paste_clips",
    "split_is_honest",
    "spread_head",
    "telling",
    "touch_is_counted",
    "verdict",
    "weakest_after_normalising",
    "weight_counts",
    "weights_at",
]
