"""The sentences beside an explorer."""

import numpy as np
import pytest

from camlib.explore.tour import kept_stops, stops
from camlib.explore.widget import explorer

MAPS = np.random.default_rng(0).normal(size=(3, 4, 5, 5, 2))
IMAGES = np.zeros((4, 10, 10), np.uint8)


def views(*tour, **options):
    return explorer(IMAGES, MAPS, steps=[0, 10, 30], tour=tour, **options)


def test_a_sentence_is_cut_at_its_brackets_and_steps_are_numbers():
    made = views(("Now [go back]!", {"step": np.int64(10), "class_index": np.int64(1)}),
                 ("[Here]", {"cell": np.unravel_index(4, (5, 5))}))
    assert made._scenes.tour == [["Now ", "go back", "!", {"class_index": 1, "step_index": 1}],
                                 ["", "Here", "", {"cell": [0, 4]}]]


@pytest.mark.parametrize("stop, complaint", [
    (("No button.", {"class_index": 1}), "sentence 2 of the tour is .*in .square brackets"),
    (("[Two] of [them].", {"class_index": 1}), "square brackets"),
    (("[Nothing]", {}), "control: value"),
    (("[Alone]",), "control: value"),
    ("[No state]", "control: value"),
    (("[Step]", {"step": 20}), "wants step 20: the steps are 0, 10, 30"),
    (("[Both]", {"step": 10, "step_index": 1}), "sets step and step_index"),
    (("[Steps]", {"step": np.array([0, 10])}), "wants step .0, 10."),
    (("[Slip]", {"clas_index": 1}), "sets 'clas_index': expected step or one of image_index"),
    (("[Drawn]", {"own_image": None}), "sets 'own_image'"),
    (("[Class]", {"class_index": 2}), "sentence 2 of the tour: class_index is 2: expected .*0 to 1"),
    (("[Image]", {"image_index": 4}), "sentence 2 of the tour: image_index is 4"),
    (("[Seen]", {"opacity": 1.5}), "sentence 2 of the tour: opacity is 1.5"),
    (("[Cell]", {"cell": [0, 5]}), "sentence 2 of the tour: the cell's column is 5"),
    (("[Sum]", {"show_terms": True}), "sentence 2 of the tour: show_terms needs the weights of a network"),
    (("[Feature]", {"feature": 0}), "sentence 2 of the tour: feature needs the weights of a network"),
])
def test_a_sentence_that_sets_nothing_there_is_is_refused(stop, complaint):
    with pytest.raises(ValueError, match=complaint):
        views(("[Good]", {"class_index": 1}), stop)


def test_a_page_with_fewer_images_has_the_sentences_about_these():
    tour = stops([("[a]", {"image_index": 2}), ("[b]", {"image_index": 1, "class_index": 0}), ("[c]", {"opacity": 1}),
                  ("[d]", {"image_index": 4})], None, ["image_index", "class_index", "opacity"])
    assert [stop[1:] for stop in kept_stops(tour, [0, 2], 4)] == [
        ["a", "", {"image_index": 1}], ["c", "", {"opacity": 1}], ["d", "", {"image_index": 2}]]
    assert [stop[1] for stop in kept_stops(tour, [1], None)] == ["b", "c"]
    assert tour[0][3] == {"image_index": 2}  # the tour of the whole stays as it is
