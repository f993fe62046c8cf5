"""Settings of a network as a person writes them, and the list of networks that both sides offer for training."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.networks.registry import FORESTS, NETWORKS, configure
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.sources import read_settings
from crop_classifier_plugin.shared.jobs.train import NetworkSpec
from crop_classifier_plugin.shared.networks import NETWORKS as CATALOGUE
from crop_classifier_plugin.shared.networks import trainable

NAMES = st.from_regex(r"[a-z][a-z_0-9]{0,8}", fullmatch=True)
VALUES = st.one_of(
    st.lists(st.integers(0, 999), min_size=1, max_size=4).map(lambda v: ",".join(map(str, v))),
    st.sampled_from(["true", "false", "0.15", "joint"]),
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=5), st.sampled_from([",", ", ", ";", " ; ", "\n"]))
def test_settings_are_read_as_they_were_written(settings, between):
    assert read_settings(between.join(f"{name} = {value}" for name, value in settings)) == tuple(settings)


@pytest.mark.parametrize("text", ["dropout", "widths=8,16; 24", "=; dropout"])
def test_a_setting_without_a_value_is_refused(text):
    with pytest.raises(BadInput, match=r"has no value: write it as NAME=VALUE"):
        read_settings(text)


def test_the_list_of_what_learns_from_labels_is_the_registrys():
    assert set(trainable()) == {*(name for name, row in CATALOGUE.items() if row.recipes), *FORESTS}
    assert set(trainable()) | {"tsstfn"} == {*NETWORKS, *FORESTS}


def test_only_what_learns_from_labels_is_offered():
    with pytest.raises(BadInput, match=r"^The network 'resnet' is unknown: choose one of lrtacf_net, ") as refused:
        NetworkSpec("resnet")
    assert "tsstfn" not in str(refused.value)
    with pytest.raises(BadInput, match=r"from base pairs and not from labels: train it with 'train-tsstfn'"):
        NetworkSpec("tsstfn")
    assert [NetworkSpec(name).name for name in trainable()] == list(trainable())


WRONG = {  # network and a wrong setting -> how it is to be written
    ("unet", "widths", "8,x"): "write whole numbers with commas between them.",
    ("unet", "deep_supervision", "perhaps"): "write true or false.",
    ("unet", "dropout", "much"): "write a number.",
    ("random_forest", "trees", "4.5"): "write a whole number.",
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_kind_of_value_is_told_in_words(case):
    network, name, value = case
    with pytest.raises(BadInput) as refused:
        configure(network, {name: value}, 3, 2, 4)
    assert str(refused.value) == f"The setting {name}={value!r} of the network cannot be read: {WRONG[case]}"
