"""What is used of the network in a file, and which networks are refused."""

import pytest

from lossbench.backbones.architecture import Architecture, of_file, of_own_model
from lossbench.errors import DataError


@pytest.mark.parametrize(
    ("name", "cut", "expected"),
    [
        ("map", None, Architecture((None, None, 3))),
        ("vector", None, Architecture((None, None, 3))),
        ("head", None, Architecture((None, None, 3), "gap", ("fc", 5))),
        ("head", "conv", Architecture((None, None, 3), "conv")),
        ("scaled_head", None, Architecture((None, None, 3), "gap", ("fc", 5))),
        ("softmax", "gap", Architecture((None, None, 3), "gap")),
        ("softmax", "fc", Architecture((None, None, 3), "fc")),
        ("late_softmax", "gap", Architecture((None, None, 3), "gap")),
        ("sequential", None, Architecture((8, 8, 1), "flat", ("fc", 10))),
        ("sigmoid", "flat", Architecture((8, 8, 1), "flat")),
        ("many_channels", None, Architecture((8, 8, 5))),
        ("inside", "gap", Architecture((None, None, 3), "gap")),
    ],
)
def test_features_are_what_is_before_a_linear_head(saved, name, cut, expected):
    assert of_file(saved(name), "model", cut) == expected


@pytest.mark.parametrize(
    ("name", "fault", "offer"),
    [
        ("softmax", "ends in a softmax (layer 'fc')", "Add cut: gap"),
        ("late_softmax", "ends in a softmax (layer 'probabilities')", "Add cut: gap"),
        ("sigmoid", "ends in a sigmoid (layer 'yes')", "Add cut: flat"),
        ("inside", "ends in a softmax inside the model 'inner'", "Add cut: gap"),
        ("linear_inside", "ends in a linear layer inside the model 'inner'", "Add cut: gap"),
        ("lambda", "layer 'trick' is or holds a Lambda", "without it"),
        ("custom", "layer 'mine' is or holds custom code (theirs>Doubled)", "without it"),
        ("two_inputs", "has 2 inputs", "one is accepted"),
        ("two_outputs", "has 2 outputs", "one is accepted"),
        ("vectors", "its input has [7] for each example", "images [height, width, channels]"),
    ],
)
def test_other_networks_are_refused_with_what_to_do(saved, name, fault, offer):
    with pytest.raises(DataError) as caught:
        of_file(saved(name), "model 'keras_file': x.keras")
    text = str(caught.value)
    assert text.startswith(f"model 'keras_file': x.keras: {fault}")
    assert offer in text


def test_a_softmax_is_offered_the_cut_and_the_teaching_option(saved):
    with pytest.raises(DataError, match=r"output_activation: softmax .* for teaching"):
        of_file(saved("softmax"), "model")


@pytest.mark.parametrize(
    ("name", "cut", "text"),
    [
        ("head", "gpa", "no layer 'gpa'; one of its 4 layers.*Did you mean 'gap'?"),
        ("head", "qqqqqq", "the last of which are 'images', 'conv', 'gap', 'fc'. Choose one"),
        ("shared", "twice", "layer 'twice' is used 2 times"),
    ],
)
def test_a_cut_where_none_can_be_made_is_refused(saved, name, cut, text):
    with pytest.raises(DataError, match=text):
        of_file(saved(name), "model", cut)


def test_what_head_reads_is_used_of_a_model_that_lossbench_saved(saved):
    assert of_own_model(saved("of_cosines"), "model") == Architecture((8, 8, 3), "gap")
    with pytest.raises(DataError, match=r"has no layer 'head'.*keras_file, path"):
        of_own_model(saved("vector"), "model")
