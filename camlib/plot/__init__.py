"""Static figures: arrays in, a matplotlib figure out, with what a reader who does not see it is told.

Scenes are shown as ink on paper (inverted grey). What is nothing is white, or leaves the picture bare: the positive
part of a map is drawn from 0 on, or all of it on a signed scale with 0 in the middle. True boxes are dashed and
orange, found ones solid and dark.
"""

from ..colours import ACCENT, FOUND, INK, QUIET, TRUTH
from .charts import LiveCurve, accuracy_curve, bars, curves, histogram, interval_chart, repeats, xy
from .maps import cells_over, features, framework, heat_map, maps_along_training, maps_by_class, one_class, top_classes
from .networks import (
    arrays,
    descent,
    features_by_class,
    kernels_along_training,
    learning_curves,
    price_of_probability,
    way_through,
)
from .panels import crop_with_values, draw_box, grid, scene_grid, show_image, show_map, write_range, write_title
from .saved import course_picture, write_heatmaps

__all__ = [
    "ACCENT",
    "FOUND",
    "INK",
    "QUIET",
    "TRUTH",
    "LiveCurve",
    "accuracy_curve",
    "arrays",
    "bars",
    "cells_over",
    "course_picture",
    "crop_with_values",
    "curves",
    "descent",
    "draw_box",
    "features",
    "features_by_class",
    "framework",
    "grid",
    "heat_map",
    "histogram",
    "interval_chart",
    "kernels_along_training",
    "learning_curves",
    "maps_along_training",
    "maps_by_class",
    "one_class",
    "price_of_probability",
    "repeats",
    "scene_grid",
    "show_image",
    "show_map",
    "top_classes",
    "way_through",
    "write_heatmaps",
    "write_range",
    "write_title",
    "xy",
]
