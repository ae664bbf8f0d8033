import numpy as np

from camlib.networks import alexnet, pretrained, vgg


def test_winners_by_hand():
    """A row of five cells, a window of three around each: the 5 wins three windows, the 3 and the 2 one each."""
    row = np.array([1, 5, 3, 0, 2], np.float32).reshape(1, 1, 5, 1)
    assert pretrained.winners_layer()(3)(row).numpy().ravel().tolist() == [0, 15, 3, 0, 2]


def test_a_unit_layer_by_hand():
    """Two cells of two channels: the means are 3 and 4, their length 5. And of nothing comes nothing, and no NaN."""
    cells = np.array([[[2, 8], [4, 0]], [[0, 0], [0, 0]]], np.float32).reshape(2, 1, 2, 2)
    made = pretrained.unit_layer()()(cells).numpy()
    np.testing.assert_allclose(made.ravel(), [0.4, 1.6, 0.8, 0, 0, 0, 0, 0], rtol=1e-6)


def test_random_kernels_of_one_shape_differ_and_a_seed_makes_them():
    first, again, other = (vgg.vgg16_features(None, seed) for seed in (0, 0, 1))
    kernels = [model.get_layer("conv5_1").get_weights()[0] for model in (first, again, other)]
    assert np.array_equal(kernels[0], kernels[1]) and not np.array_equal(kernels[0], kernels[2])
    for name in ("conv5_2", "conv5_3", "conv4_2"):
        assert not np.array_equal(kernels[0], first.get_layer(name).get_weights()[0])


def test_each_network_has_its_name():
    made = [make(2, weights=None) for make in (alexnet.alexnet_gap, vgg.vgg16_gap)]
    assert [model.name for model in made] == ["alexnet_gap", "vgg16_gap"]
