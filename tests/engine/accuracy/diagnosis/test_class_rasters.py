"""Laws of class rasters as others write them: 0 as a class, classes that one side lacks, decimals, any name."""

from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas
import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shapely.geometry import box
from sklearn import metrics

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.shared.errors import BadInput, LabelsUnusable, OutputNotWritable
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.diagnosis import UTM, read, run, write, write_map

SHAPE = (7, 9)
DTYPES = ("uint8", "int16", "uint16", "float32", "float64")
codes = arrays(np.uint8, SHAPE, elements=st.integers(0, 4))
declared = st.sampled_from((None, 0, 255, 3))  # what the file calls no data


@pytest.mark.filterwarnings("ignore:A single label was found")
@settings(max_examples=60, deadline=None)
@given(codes, codes, declared, declared, st.sampled_from(DTYPES), st.sampled_from(DTYPES))
def test_every_figure_is_that_of_scikit_learn_over_the_classes_of_both(
    mapped: np.ndarray, truth: np.ndarray, map_empty: int, truth_empty: int, map_type: str, truth_type: str
) -> None:
    """What no file calls no data is a class, 0 too; only where nothing is declared, 0 is not, and that is said."""
    both = (mapped != (map_empty or 0)) & (truth != (truth_empty or 0))
    ours, theirs = mapped[both], truth[both]
    named = set(mapped[mapped != (map_empty or 0)].tolist())
    if not named & set(theirs.tolist()):
        return  # refused: nothing to compare
    reporter = Silent()
    with TemporaryDirectory() as folder:
        crop_map = write(Path(folder) / "m.tif", mapped.astype(map_type), nodata=map_empty)
        reference = write(Path(folder) / "t.tif", truth.astype(truth_type), nodata=truth_empty)
        result, document = run(Path(folder), crop_map, reference, reporter)
        agreement = read(result["agreement"])
    names = [int(row["name"].removeprefix("class ")) for row in document["classes"]]
    assert sorted(names) == sorted(set(ours.tolist()) | set(theirs.tolist()))
    assert document["matrix"] == metrics.confusion_matrix(theirs, ours, labels=names).tolist()
    assert result["oa"] == pytest.approx(metrics.accuracy_score(theirs, ours))
    kappa = metrics.cohen_kappa_score(theirs, ours, labels=names) if len(names) > 1 else None
    assert result["kappa"] == (None if kappa is None else pytest.approx(kappa, abs=1e-12))
    present = sorted(set(theirs.tolist()))
    f1 = metrics.f1_score(theirs, ours, labels=present, average="macro", zero_division=0)
    assert result["mean_f1"] == pytest.approx(f1)
    assert set(document["not_in_map"]) == {f"class {code}" for code in set(theirs.tolist()) - named}
    np.testing.assert_array_equal(agreement, np.where(both, mapped == truth, 255))
    warned = " ".join(text for level, text in reporter.lines if level == "warning")
    for path, values, empty in (("m.tif", mapped, map_empty), ("t.tif", truth, truth_empty)):
        assert (f"{path} declares no value as no data" in warned) == (empty is None and bool((values == 0).any()))


def halves(left: int, right: int, dtype: str = "uint8", at: int = 20) -> np.ndarray:
    array = np.full((40, 40), left, dtype)
    array[:, at:] = right
    return array


# --- 0 ---------------------------------------------------------------------------------------------------------------


def test_0_is_a_class_where_no_data_is_another_value(tmp_path):
    mapped, truth = halves(0, 1), halves(0, 1, at=10)
    result, document = run(
        tmp_path, write(tmp_path / "m.tif", mapped, nodata=255), write(tmp_path / "t.tif", truth, nodata=255)
    )
    assert (result["oa"], result["kappa"], result["pixels"]) == (0.75, 0.5, 1600)
    assert document["matrix"] == [[400, 0], [400, 800]]
    assert [row["code"] for row in document["classes"]] == [0, 1]
    assert Path(result["class_layers"][0]).name == "diagnosis_0_class_0.tif"


def with_categories(path: str, names: tuple[str, ...]) -> str:
    rows = "".join(f"<Category>{name}</Category>" for name in names)
    pam = f'<PAMDataset><PAMRasterBand band="1"><CategoryNames>{rows}</CategoryNames></PAMRasterBand></PAMDataset>'
    Path(f"{path}.aux.xml").write_text(pam, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "pixels"), [("Other land", 1600), ("", 800), ("Unclassified", 800), ("no data", 800)])
def test_0_is_a_class_where_the_file_names_it_as_one(tmp_path, name, pixels):
    paths = [write(tmp_path / f"{each}.tif", halves(0, 1), nodata=None) for each in "mt"]
    result, _ = run(tmp_path, *(with_categories(path, (name, "Crop")) for path in paths))
    assert (result["oa"], result["pixels"]) == (1, pixels)


def test_a_mask_beside_the_map_declares_no_data_too(tmp_path):
    crop_map = write(tmp_path / "m.tif", halves(0, 1), nodata=None)
    with rasterio.open(crop_map, "r+") as file:
        file.write_mask(halves(1, 1) * (np.arange(40) < 30))
    result, _ = run(tmp_path, crop_map, write(tmp_path / "t.tif", halves(0, 1), nodata=255))
    assert (result["oa"], result["pixels"]) == (1, 1200)


# --- classes that the map lacks --------------------------------------------------------------------------------------


def test_a_class_that_the_map_never_names_is_wrong_unless_it_is_left_out(tmp_path):
    mapped = halves(1, 2)[:30, 5:35]
    truth = mapped.copy()
    truth[20:] = 3
    paths = write(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth)
    result, document = run(tmp_path, *paths)
    assert result["oa"] == pytest.approx(2 / 3)
    assert result["kappa"] == pytest.approx(0.5)
    row = document["classes"][-1]
    assert (row["name"], row["code"], row["reference"], row["mapped"]) == ("class 3", None, 300, 0)
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    assert "the map never names them, so that all their pixels count as wrong: class 3." in page
    result, document = run(tmp_path, *paths, leave_out_missing=True)
    assert (result["oa"], result["pixels"], document["not_in_map"]) == (1, 600, [])
    assert document["excluded"]["outside_legend"] == [{"value": "3", "pixels": 300}]


def strips(path: Path, labels: list[str], width: int = 1) -> Path:
    """A polygon a label, `width` px wide and 3 px high, side by side."""
    left = [6e5 + 10 * width * i for i in range(len(labels))]
    cells = [box(x, 56e5 - 30, x + 10 * width, 56e5) for x in left]
    geopandas.GeoDataFrame({"crop": labels}, geometry=cells, crs=UTM).to_file(path)
    return path


def test_spellings_of_a_missing_class_are_one_and_many_of_them_are_no_harm(tmp_path):
    others = [f"parcel {i}" for i in range(40)]
    labels = ["maize", "Ma\u00efs", "MAI\u0308S ", *others]
    mapped = np.full((3, len(labels)), 2, np.uint8)
    crop_map = write_map(tmp_path / "m.tif", mapped)
    result, document = run(tmp_path, crop_map, strips(tmp_path / "p.gpkg", labels), class_field="crop")
    assert result["oa"] == pytest.approx(1 / len(labels))
    assert document["not_in_map"] == ["MAI\u0308S", *sorted(others)]
    assert len(result["class_layers"]) == 1 + 20


def test_a_field_of_names_of_parcels_is_refused(tmp_path):
    labels = ["maize", *(f"parcel {i}" for i in range(1001))]
    crop_map = write_map(tmp_path / "m.tif", np.full((3, len(labels)), 2, np.uint8))
    with pytest.raises(LabelsUnusable, match=r"more than 1,000 classes.*parcel 0.*another class field"):
        run(tmp_path, crop_map, strips(tmp_path / "p.gpkg", labels), class_field="crop")


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raster", [True, False])
def test_a_code_is_not_taken_for_the_class_that_happens_to_have_that_number(tmp_path, raster):
    numbered = Legend(tuple(CropClass(i + 1, str(n), f"#00000{n}") for i, n in enumerate((1, 3, 5))))
    crop_map = write_map(tmp_path / "m.tif", np.array([[1, 2, 3, 2]] * 3, np.uint8), numbered)
    reference = strips(tmp_path / "p.gpkg", ["1", "3", "5", "2"])
    if raster:
        reference = write(tmp_path / "t.tif", np.array([[1, 3, 5, 2]] * 3, np.int16), nodata=-1)
    result, document = run(tmp_path, crop_map, reference, class_field="" if raster else "crop")
    assert [(row["name"], row["reference"]) for row in document["classes"]] == [("1", 3), ("3", 3), ("5", 3), ("2", 3)]
    assert (result["oa"], document["not_in_map"]) == (0.75, ["2"])


def test_a_name_in_two_forms_of_unicode_is_one_class(tmp_path):
    mapped = halves(1, 2)[:3, 18:22]
    crop_map = with_categories(write(tmp_path / "m.tif", mapped), ("", "Ma\u00efs", "Bl\u00e9 \uff12"))
    reference = strips(tmp_path / "p.gpkg", ["mai\u0308s", "Ble\u0301_2"], width=2)
    result, _ = run(tmp_path, crop_map, reference, class_field="crop")
    assert (result["oa"], result["pixels"]) == (1, 12)


def test_a_name_wins_over_another_classes_alias(tmp_path):
    """Corn is an alias of maize in the map, and a class of its own."""
    ours = Legend((CropClass(1, "Maize", "#000001", ("Corn",)), CropClass(2, "Corn", "#000002")))
    theirs = Legend((CropClass(7, "corn", "#000001"),))
    reference = write_map(tmp_path / "t.tif", np.array([[7, 7]], np.uint8), theirs)
    result, _ = run(tmp_path, write_map(tmp_path / "m.tif", np.array([[2, 1]], np.uint8), ours), reference)
    assert result["oa"] == 0.5


def test_a_mapping_goes_by_the_names_of_a_raster_and_says_one_thing_of_each(tmp_path):
    theirs = Legend((CropClass(1, "Ma\u00efs grain", "#000001"),))
    reference = write_map(tmp_path / "t.tif", np.array([[1, 1]], np.uint8), theirs)
    crop_map = write_map(tmp_path / "m.tif", np.array([[2, 1]], np.uint8))
    rows = (("MAI\u0308S-GRAIN", "maize"),)
    assert run(tmp_path, crop_map, reference, mapping=rows)[0]["oa"] == 0.5
    with pytest.raises(BadInput, match="two classes"):
        run(tmp_path, crop_map, reference, mapping=(*rows, ("ma\u00efs grain", "winter wheat")))


@pytest.mark.parametrize("length", [60, 61, 225, 5000])
def test_a_name_may_be_a_sentence(tmp_path, length):
    long = Legend(tuple(CropClass(code, "m" * length + end, "#aabbcc") for code, end in ((1, "a"), (2, "b"))))
    array = halves(1, 2)
    crop_map = write_map(tmp_path / "m.tif", array, long)
    result, _ = run(tmp_path, crop_map, write(tmp_path / "t.tif", array))
    assert result["oa"] == 1
    assert len(set(result["class_layers"])) == 2
    assert all(len(Path(path).name) < 100 for path in result["class_layers"])


@pytest.mark.parametrize(("length", "fits"), [(240, True), (250, False), (300, False)])
def test_a_file_name_is_taken_as_far_as_the_disk_takes_it(tmp_path, length, fits):
    array = halves(1, 2)
    paths = write(tmp_path / "m.tif", array), write(tmp_path / "t.tif", array)
    asked = str(tmp_path / "out" / f"{'a' * length}.tif")
    if fits:
        assert read(run(tmp_path, *paths, agreement=asked)[0]["agreement"]).all()
    else:
        with pytest.raises(OutputNotWritable, match=r"too long.*a shorter one"):
            run(tmp_path, *paths, agreement=asked)
    assert not [path.name for path in tmp_path.rglob(".*")]


# --- codes in decimals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nodata", [0, -3.4028234663852886e38, float("nan"), -9999])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_whole_numbers_in_a_file_of_decimals_are_codes(tmp_path, dtype, nodata):
    mapped = halves(1, 2, dtype)
    mapped[0] = nodata
    crop_map = write(tmp_path / "m.tif", mapped, nodata=nodata)
    result, _ = run(tmp_path, crop_map, write(tmp_path / "t.tif", halves(1, 2, at=22)))
    assert (result["oa"], result["pixels"]) == (0.95, 1560)


@pytest.mark.parametrize(("value", "words"), [(1.5, r"not class codes \(1\.5\)"), (-1, "-1 to 2"), (1e9, "1e\\+09")])
def test_other_numbers_are_no_codes(tmp_path, value, words):
    mapped = halves(1, 2, "float64")
    mapped[3, 3] = value
    with pytest.raises(BadInput, match=words):
        run(tmp_path, write(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", halves(1, 2)))


def test_a_reference_between_two_codes_is_none(tmp_path):
    truth = halves(1, 2, "float32")
    truth[3, 3] = 1.5  # as a smoothing resampling leaves them
    with pytest.raises(LabelsUnusable, match=r"t\.tif holds 1\.5, which is no class code"):
        run(tmp_path, write(tmp_path / "m.tif", halves(1, 2)), write(tmp_path / "t.tif", truth))


def test_lists_in_sentences_are_cut_after_ten(tmp_path):
    reporter = Silent()
    labels = ["maize", *(f"other {i:02}" for i in range(30))]
    crop_map = write_map(tmp_path / "m.tif", np.full((3, len(labels)), 2, np.uint8))
    run(tmp_path, crop_map, strips(tmp_path / "p.gpkg", labels), reporter, class_field="crop")
    (told,) = (text for level, text in reporter.lines if level == "warning")
    assert "other 09: 3 px and 20 more." in told
    assert "other 10" not in told
