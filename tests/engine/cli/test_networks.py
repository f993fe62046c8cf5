"""The commands `networks` and `complexity`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from crop_classifier_plugin.engine.cli.main import cli
from crop_classifier_plugin.engine.networks import complexity
from crop_classifier_plugin.engine.networks.registry import FORESTS, NETWORKS
from crop_classifier_plugin.shared.errors import BadInput
from kits.paths import REPOSITORY

# GFLOP of CropSTS' encoder by T, as specified: 224 px / 16 and 128 px / 8, decoupled and joint; attention products
CURVE = {  # docs/papers/cropsts.md, section 2.3
    1: (12.2, 9.4, 15.8, 12.2, 1.21, 1.21),
    6: (73.3, 77.7, 95.1, 109.5, 7.42, 43.5),
    15: (183.7, 290.0, 238.5, 436.8, 19.2, 271.8),
    60: (744.5, 3071.6, 966.7, 5008.5, 89.5, 4348.7),
}


def call(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_networks_lists_every_network_with_both_presets():
    rows = json.loads(call("networks", "--json"))
    assert {(r["network"], r["preset"]) for r in rows} == {
        (n, p) for n in [*NETWORKS, *FORESTS] for p in ("paper", "small")
    }
    counts = {r["parameters"] for r in rows if r["preset"] == "paper"}
    models = {157_905_358, 157_918_854, 95_899_782, 166_114_900, 167_184_496, 167_640_688}
    others = {3_244_198, 3_262_630, 44_000_273, 29_599_128, 28_884_888, 322_688, 30_898_068, 932_871}
    assert models | others <= counts
    whole = [r for r in rows if r["inputs"] and r["network"] not in FORESTS]
    assert all(r["gflop"] > 0 for r in whole)
    assert all(r["gflop"] < 3 for r in whole if r["preset"] == "small")


def test_networks_prints_a_table(monkeypatch):
    shown = [
        complexity.Row("unet", "U-Net", "paper", 157_905_358, 104.507, {"x": [3, 6, 224, 224]}),
        complexity.Row("cropsts", "CropSTS: L-TAE", "paper", 322_688),
        complexity.Row("random_forest", "Random forest", "paper", None, None, {"x": [10, 1, 3, 3]}),
    ]
    monkeypatch.setattr(complexity, "list_networks", lambda: shown)
    assert call("networks").splitlines()[1:] == [
        "unet             paper   157,905,358   104.51  U-Net: x 3 x 6 x 224 x 224",
        "cropsts          paper       322,688           CropSTS: L-TAE",
        "random_forest    paper                         Random forest: x 10 x 1 x 3 x 3",
    ]


def test_complexity_of_cropsts_is_as_its_page_tells():
    asked = [a for t in CURVE for a in ("--dates", str(t))]
    for row in json.loads(call("complexity", "--network", "cropsts", "--json", *asked)):
        expected = CURVE[row.pop("dates")]
        assert list(row.values()) == pytest.approx(expected, rel=0.005)


def test_complexity_of_another_network_grows_with_the_dates():
    lines = call("complexity", "--network", "convstar", "--dates", "2", "--dates", "4").splitlines()
    assert lines[0].split() == ["dates", "network"]
    assert float(lines[2].split()[1]) / float(lines[1].split()[1]) == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize(("name", "word"), [("unet", "fixed number of dates"), ("resnet", "unknown")])
def test_complexity_of_an_unsuitable_network_is_one_sentence(name, word):
    with pytest.raises(BadInput, match=rf"{word}.*[.]$"):
        call("complexity", "--network", name)


def test_listing_models_loads_no_torch():
    code = (
        "import sys; from crop_classifier_plugin.engine.cli.main import cli;"
        "cli(['models', '--json'], standalone_mode=False); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.DEVNULL).returncode == 0
