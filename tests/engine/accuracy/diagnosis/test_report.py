"""The report: three files that say the same, one page that stands alone."""

import base64
import csv
import html
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.shared.errors import BadInput
from kits.diagnosis import read, run, season, write, write_map


def html_table(page, name):
    body = re.search(rf'<table id="{name}">(.*?)</table>', page, re.S).group(1)
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.S)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
    return [[html.unescape(re.sub(r"<small>.*?</small>|<[^>]+>", "", c)).strip() for c in row] for row in cells]


def number(text):
    return int(text.replace(",", ""))


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The map, the page, the blocks of the CSV file, and the JSON document of one diagnosis."""
    folder = tmp_path_factory.mktemp("report")
    truth, mapped = season()
    truth[:30] = 8
    result, document = run(folder, write_map(folder / "m.tif", mapped), write(folder / "t.tif", truth))
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    blocks = Path(result["report_csv"]).read_text(encoding="utf-8").split("\n\n")
    return mapped, page, [list(csv.reader(io.StringIO(block))) for block in blocks], document


def test_three_files_hold_the_same_matrix_and_classes(told):
    _, page, (matrix, classes, *_), document = told
    assert [list(map(int, row[1:-1])) for row in matrix[1:-1]] == document["matrix"]
    assert [list(map(number, row[1:-1])) for row in html_table(page, "matrix")[2:-1]] == document["matrix"]
    for ours, in_csv, in_html in zip(document["classes"], classes[1:], html_table(page, "classes")[1:]):
        assert [in_csv[1], in_csv[0]] == in_html[:2] == [ours["name"], str(ours["code"] or "")]
        for at, key in enumerate(("reference", "mapped", "tp", "fp", "fn", "tn"), start=2):
            assert int(in_csv[at]) == number(in_html[at]) == ours[key]
        for at, key in enumerate(("precision", "recall", "f1", "iou"), start=8):
            assert in_csv[at] == ("" if ours[key] is None else f"{ours[key]:.6f}")
            assert in_html[at] == ("–" if ours[key] is None else f"{ours[key]:.3f}")
        for at, key in zip((12, 14, 16), ("recall", "precision", "f1")):
            ends = ours[f"{key}_interval"]
            assert in_csv[at : at + 2] == ([f"{end:.6f}" for end in ends] if ends else ["", ""])
            assert not ends or f"<small>{ends[0]:.3f} to {ends[1]:.3f}</small>" in page


def test_three_files_hold_the_same_hectares(told):
    mapped, page, (_, _, areas, *_), document = told
    for ours, in_csv, in_html in zip(document["pixel_counting"], areas[1:], html_table(page, "pixel_counting")[1:]):
        assert ours["pixels"] == (mapped == ours["code"]).sum() == int(in_csv[2]) == number(in_html[1])
        assert ours["hectares"] == pytest.approx(ours["pixels"] * 0.01, rel=2e-3)  # UTM's scale, squared
        assert f"{ours['hectares']:.6f}" == in_csv[3]
        assert f"{ours['hectares']:,.1f}" == in_html[2]


def test_three_files_hold_the_same_figures_and_verdict(told):
    _, page, (*_, overall), document = told
    figures = dict(overall[1:])
    for key, name in (("mean_f1", "mean F1"), ("mean_iou", "mean IoU"), ("kappa", "kappa")):
        assert figures[name] == f"{document['overall'][key]:.6f}"
        assert f'<b id="{key}">{document["overall"][key]:.3f}</b>' in page
    assert f'<b id="oa">{100 * document["overall"]["oa"]:.1f} %</b>' in page
    assert figures["overall accuracy"] == f"{document['overall']['oa']:.6f}"
    assert figures["verdict"] == document["verdict"]["level"]
    assert f"Verdict: {document['verdict']['level']}." in page
    assert figures["without a map: share"] == f"{document['holes']['share']:.6f}"
    assert int(figures["without a map: pixels"]) == document["holes"]["pixels"] == document["excluded"]["map_no_data"]


def test_three_files_hold_the_same_mistakes(told):
    _, page, (_, _, _, mistakes, look_first, _), document = told
    assert [[*row[:2], int(row[2])] for row in mistakes[1:]] == [
        [each["reference"], each["map"], each["pixels"]] for each in document["largest_confusions"]
    ]
    assert page.count('<td class="place">') == len(mistakes) - 1 > 1
    for ours, in_csv, in_html in zip(
        document["look_first"]["regions"], look_first[1:], html_table(page, "look_first")[1:]
    ):
        assert in_csv[:2] == in_html[:2] == [ours["reference"], ours["map"]]
        assert int(in_csv[2]) == number(in_html[2]) == ours["pixels"]
        assert in_csv[5:] == [f"{ours[key]:.6f}" for key in ("x", "y", "longitude", "latitude")]
        assert in_html[4] == f"{ours['latitude']:.5f}, {ours['longitude']:.5f}"


def test_page_and_document_leave_out_the_same(told):
    _, page, _, document = told
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
    pictures = re.findall(r'src="(.{22})', page)
    assert len(pictures) > 2
    assert set(pictures) == {"data:image/png;base64,"}


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("shape", [(50, 40), (900, 1300), (3, 2000)])
def test_the_picture_is_the_agreement_layer_made_small(tmp_path, shape):
    truth, mapped = season(shape)
    result, _ = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    picture = base64.b64decode(re.search(r'base64,([^"]+)" alt="Map of agreement"', page).group(1))
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


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("shape", [(50, 40), (900, 1300)])
def test_the_map_is_shown_in_its_colours(tmp_path, shape):
    truth, mapped = season(shape)
    result, _ = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    picture = base64.b64decode(re.search(r'base64,([^"]+)" alt="The crop map"', page).group(1))
    step = -(-max(shape) // 800)
    small = mapped[::step, ::step]
    with rasterio.MemoryFile(picture) as memory, memory.open() as file:
        table = file.colormap(1)
        colours = np.array([table[k][:3] for k in range(len(table))])[file.read(1)]
    assert colours.shape[:2] == small.shape
    for code, colour in ((1, (0xE6, 0xB4, 0x22)), (2, (0xF7, 0xD3, 0x4A)), (0, (222, 229, 224))):
        assert (colours[small == code] == colour).all()


def test_an_area_estimate_stands_beside_the_pixel_counting(tmp_path):
    truth, mapped = season((60, 60))
    places = [write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth)]
    rows = [{"name": "winter WHEAT", "area_ha": {"value": 12.34, "half_width": 1.5}}]
    (tmp_path / "areas.json").write_text(json.dumps({"classes": rows}), encoding="utf-8")
    result, document = run(tmp_path, *places, area_estimate=str(tmp_path / "areas.json"))
    told = {row["name"]: row["estimate"] for row in document["pixel_counting"]}
    assert told["Winter wheat"] == rows[0]["area_ha"]
    assert told["Maize"] is None
    assert "12.3 ± 1.5" in Path(result["report_html"]).read_text(encoding="utf-8")
    assert "12.340000,1.500000" in Path(result["report_csv"]).read_text(encoding="utf-8")
    for wrong in ("{}", "[]", "{", '{"classes": [{"name": "a", "area_ha": 3}]}', '{"classes": [{"area_ha": {}}]}'):
        (tmp_path / "areas.json").write_text(wrong, encoding="utf-8")
        with pytest.raises(BadInput, match="is no area estimate"):
            run(tmp_path, *places, area_estimate=str(tmp_path / "areas.json"))
