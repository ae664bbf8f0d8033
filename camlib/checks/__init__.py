"""The checkers of the exercises, `checks.NAME(answer, …)`: one module a notebook, named as the notebook is."""

from .a_network_by_hand import high_loss, logit_gradient, max_pool, moved_digit
from .a_network_without_places import attend, erased_patch, maps_by_origin, same_for_all
from .alexnet_caltech256 import fold, map_side, predict_tag, repaired_read
from .audit_a_network import difference, erased, telling, verdict
from .beyond_cam import compared_alike, grad_cam_by_hand, map_of_log_probability, moved_by_biases
from .class_activation_maps import maps_by_hand, maps_of_flattened, mended_maps, on_a_wide_canvas
from .cluttered_mnist import paste_clips, reported_error, split_is_honest, touched_with
from .lenet_gap import mended_batch, side_by_side, spread_head, weights_at
from .measuring_localization import difference_interval, iou_by_hand, margin, one_of_two
from .start_here import added_by_each_cell, before_training, hottest_cell

__all__ = [
    "added_by_each_cell",
    "attend",
    "before_training",
    "compared_alike",
    "difference",
    "difference_interval",
    "erased",
    "erased_patch",
    "fold",
    "grad_cam_by_hand",
    "high_loss",
    "hottest_cell",
    "iou_by_hand",
    "logit_gradient",
    "map_of_log_probability",
    "map_side",
    "maps_by_hand",
    "maps_by_origin",
    "maps_of_flattened",
    "margin",
    "max_pool",
    "mended_batch",
    "mended_maps",
    "moved_by_biases",
    "moved_digit",
    "on_a_wide_canvas",
    "one_of_two",
    "paste_clips",
    "predict_tag",
    "repaired_read",
    "reported_error",
    "same_for_all",
    "side_by_side",
    "split_is_honest",
    "spread_head",
    "telling",
    "touched_with",
    "verdict",
    "weights_at",
]
