"""The report of a diagnosis as a PDF: asked for, it is there, with its tables, pictures and drawings."""

import re

import pytest
from qgis.core import QgsProcessingException
from qgis.PyQt.QtGui import QTextDocument, QTextTable

from crop_classifier_plugin.algorithms.common import report_pdf
from kits.plugin.qgis import run


@pytest.fixture
def asked(provider, season, tmp_path):
    reports = {f"REPORT_{kind}": str(tmp_path / f"r.{kind.lower()}") for kind in ("HTML", "JSON", "CSV")}
    places = {"AGREEMENT": str(tmp_path / "a.tif"), "FOLDER": str(tmp_path / "classes"), "LOAD_CLASSES": False}
    return {"MAP": season["TRUTH"], "REFERENCE": season["TRUTH"], **reports, **places}


def test_a_pdf_is_made_where_it_is_asked_for(asked, context, tmp_path):
    assert "REPORT_PDF" not in run("diagnose", asked, context)
    pdf = tmp_path / "new" / "r.pdf"
    results = run("diagnose", asked | {"REPORT_PDF": str(pdf)}, context)
    assert results["REPORT_PDF"] == str(pdf)
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF")
    assert data.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b", data)) > 1
    assert len(re.findall(rb"/Subtype\s*/Image\b", data)) > 2  # map, agreement, bars
    _the_page_is_laid_out((tmp_path / "r.html").read_text(encoding="utf-8"))
    (tmp_path / "file").write_text("")
    with pytest.raises(QgsProcessingException, match="Cannot write"):
        run("diagnose", asked | {"REPORT_PDF": str(tmp_path / "file" / "r.pdf")}, context)


def _the_page_is_laid_out(page):
    document = QTextDocument()
    document.setHtml(report_pdf._printable(page, document))
    tables = [frame for frame in document.rootFrame().childFrames() if isinstance(frame, QTextTable)]
    assert len(tables) > 4
    text = document.toPlainText()
    assert "Verdict: good." in text
    assert "{" not in text
    words = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", page, flags=re.DOTALL)
    assert all(heading in text for heading in re.findall(r"<h2>([^<]+)</h2>", words))
    images = re.findall(r'<img [^>]*src="([^"]+)"', document.toHtml())
    assert sum(each.startswith("drawing-") for each in images) == page.count("<svg")
    assert all(not document.resource(2, report_pdf.QUrl(each)).isNull() for each in images if each[:4] != "data")


def test_a_matrix_of_many_classes_is_numbered_where_names_cannot_be_turned():
    names = [f"A crop with a long name {k}" for k in range(1, 13)]
    heads = "".join(f'<th class="n turned">{name}</th>' for name in names)
    rows = "".join(f"<tr><th>{name}</th><td>5<small>1.0 %</small></td></tr>" for name in names)
    table = f'<table id="matrix" class="many"><tr>{heads}</tr>{rows}<tr class="sum"><th>Total</th></tr></table>'
    other = "<table><tr><th>A class</th><td>5<small>1.0 %</small></td></tr></table>"
    document = QTextDocument()
    document.setHtml(report_pdf._printable(table + other, document))
    words = [word for word in re.split(r"[\ufdd0\ufdd1\u2028\u2029\n]+", document.toPlainText()) if word.strip()]
    assert words[:12] == [str(k) for k in range(1, 13)]
    assert words[12:36:2] == [f"{k} {name}" for k, name in enumerate(names, start=1)]
    assert words[36:] == ["Total", "A class", "5", "1.0 %"]
