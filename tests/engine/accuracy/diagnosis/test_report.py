"""The report: three files that say the same, one page that stands alone."""

import base64
import csv
import html
import io
import re
from pathlib import Path

import numpy as np
import pytest
import rasterio

from kits.diagnosis import read, run, season, write, write_map


def html_table(page, name):
    body = re.search(rf'<table id="{name}">(.*?)</table>', page, re.S).group(1)
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.S)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
    return [[html.unescape(re.sub(r"<small>.*?</small>|<[^>]+>", "", c)).strip() for c in row] for row in cells]


def test_html_csv_and_json_hold_the_same_numbers(tmp_path):
    truth, mapped = season()
    truth[:30] = 8
    result, document = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    blocks = Path(result["report_csv"]).read_text(encoding="utf-8").split("\n\n")
    matrix, classes, areas, overall = (list(csv.reader(io.StringIO(block))) for block in blocks)

    def number(text):
        return int(text.replace(",", ""))

    assert [list(map(int, row[1:-1])) for row in matrix[1:-1]] == document["matrix"]
    assert [list(map(number, row[1:-1])) for row in html_table(page, "matrix")[2:-1]] == document["matrix"]
    for ours, in_csv, in_html in zip(document["classes"], classes[1:], html_table(page, "classes")[1:]):
        assert [in_csv[1], in_csv[0]] == in_html[:2] == [ours["name"], str(ours["code"] or "")]
        for at, key in enumerate(("reference", "mapped", "tp", "fp", "fn", "tn"), start=2):
            assert int(in_csv[at]) == number(in_html[at]) == ours[key]
        for at, key in enumerate(("precision", "recall", "f1", "iou"), start=8):
            assert in_csv[at] == ("" if ours[key] is None else f"{ours[key]:.6f}")
            assert in_html[at] == ("–" if ours[key] is None else f"{ours[key]:.3f}")
    for ours, in_csv, in_html in zip(document["pixel_counting"], areas[1:], html_table(page, "pixel_counting")[1:]):
        assert ours["pixels"] == (mapped == ours["code"]).sum() == int(in_csv[2]) == number(in_html[1])
        assert ours["hectares"] == pytest.approx(ours["pixels"] * 0.01, rel=2e-3)  # UTM's scale, squared
        assert f"{ours['hectares']:.6f}" == in_csv[3]
        assert f"{ours['hectares']:,.1f}" == in_html[2]
    figures = dict(overall[1:])
    for key, name in (("mean_f1", "mean F1"), ("mean_iou", "mean IoU"), ("kappa", "kappa")):
        assert figures[name] == f"{document['overall'][key]:.6f}"
        assert f'<b id="{key}">{document["overall"][key]:.3f}</b>' in page
    assert f'<b id="oa">{100 * document["overall"]["oa"]:.1f} %</b>' in page
    assert figures["overall accuracy"] == f"{document['overall']['oa']:.6f}"
    outside = document["excluded"]["outside_legend"]
    assert [(v, number(n)) for v, n in html_table(page, "excluded")[1:]] == [
        ("the map has no data", document["excluded"]["map_no_data"]),
        ("the reference has no data", document["excluded"]["reference_no_data"]),
        ("polygons of different classes overlap", document["excluded"]["disputed"]),
        *((f"the map has no class {row['value']}", row["pixels"]) for row in outside),
    ]


def test_the_page_stands_alone_and_escapes_names(tmp_path):
    truth, mapped = season((50, 40))
    result, _ = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    assert "<beet>" not in page
    assert "Sugar &lt;beet&gt; &amp; co" in page
    assert not re.search(r"<script|<link|https?://|@import|url\(", page)
    assert re.findall(r'src="(.{22})', page) == ["data:image/png;base64,"]


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("shape", [(50, 40), (900, 1300), (3, 2000)])
def test_the_picture_is_the_agreement_layer_made_small(tmp_path, shape):
    truth, mapped = season(shape)
    result, _ = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    picture = base64.b64decode(re.search(r'base64,([^"]+)"', page).group(1))
    with rasterio.MemoryFile(picture) as memory, memory.open() as file:
        table = file.colormap(1)
        colours = np.array([table[k][:3] for k in range(3)])[file.read(1)]
    assert max(colours.shape[:2]) == min(800, max(shape))
    agreement = read(result["agreement"])
    if max(shape) <= 800:
        assert (colours[agreement == 1] == 0).all()
        assert (colours[agreement == 0] == 255).all()
        assert (colours[agreement == 255] == (222, 229, 224)).all()
    assert abs((colours.sum(axis=2) == 0).mean() - (agreement == 1).mean()) < 0.02
