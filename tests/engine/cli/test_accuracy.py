"""The command about how right a map is, as a terminal calls it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from crop_classifier_plugin.engine.cli.accuracy import diagnose
from kits.diagnosis import write


@pytest.mark.parametrize(("options", "oa"), [([], 0.75), (["--leave-out-missing"], 1.0)])
def test_classes_that_the_map_lacks_are_left_out_only_on_request(tmp_path, options, oa):
    mapped = np.ones((4, 4), np.uint8)
    truth = mapped.copy()
    truth[0] = 3
    paths = [
        "--map",
        write(tmp_path / "m.tif", mapped),
        "--reference",
        write(tmp_path / "t.tif", truth),
        "--out",
        str(tmp_path / "out"),
    ]
    done = CliRunner().invoke(diagnose, [*paths, *options])
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out" / "accuracy.json").read_text(encoding="utf-8"))
    assert report["overall"]["oa"] == oa
