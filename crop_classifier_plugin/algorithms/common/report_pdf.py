"""A report of the engine as a PDF, by Qt alone.

Qt's text layout knows tables, pictures and colours, and little else of what a browser does: what the page draws, lays
out side by side or hides in a style is put into those.
"""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import Optional

from qgis.PyQt.QtCore import QByteArray, QMarginsF, QRectF, QSize, QSizeF, QUrl
from qgis.PyQt.QtGui import (
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextBlock,
    QTextBlockFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from qgis.PyQt.QtSvg import QSvgRenderer

from ...shared.errors import OutputNotWritable

_DPI = 96  # of the layout, as in a browser
_PICTURE, _THUMBNAIL = 300, 170  # px wide
_SHARPER = 3  # pixels of a drawing for one of the page
_CARDS = 4  # in a row
_MARGIN = 2.0  # cm, of print_
_TOGETHER = 3  # paragraphs, cells or pictures that stay with their heading (choice)
_ELEMENTS = (  # of a browser, and what Qt knows
    (r"<figure\b[^>]*>", "<div>"),
    (r"</figure>", "</div>"),
    (r"<(/?)figcaption\b[^>]*>", r"<\1p>"),
    (r'<ul class="key">(.*)', r"<p>\1"),
    (r"<li>", " &nbsp; "),
    (r"</li>", ""),
    (r"</ul>", "</p>"),
    (r"<dl>", '<table border="1" cellspacing="0" cellpadding="3">'),
    (r"</dl>", "</table>"),
    (r"<dt>(.*?)</dt>", r"<tr><th>\1</th>"),
    (r"<dd>(.*?)</dd>", r'<td class="word">\1</td></tr>'),
)
_STYLE = """
body { font-family: sans-serif; font-size: 8pt; color: #1d2a21; }
h1 { font-size: 15pt; } h2 { font-size: 11pt; color: #1b6b3a; } p { margin-top: 2px; margin-bottom: 4px; }
table { border-collapse: collapse; border-style: solid; border-color: #d9e0da; }
th { background-color: #f1f5f1; text-align: left; font-weight: bold; } td { text-align: right; }
td.word, td.card, td.place, td.side { text-align: left; } td.card b { font-size: 13pt; }
.small, .soft, footer { color: #5b6a60; font-size: 6.5pt; } code { font-family: monospace; font-size: 7pt; }
.many td, .many th { font-size: 5.5pt; white-space: nowrap; }
.verdict { background-color: #fdf6ea; } .verdict b { font-size: 11pt; }
"""
_DRAWN = "<style>.grid{stroke:#d9e0da}.curve{stroke:#2e7d4f}</style>"


def check_place(pdf: str) -> None:
    """Raises OutputNotWritable where no file can be made."""
    place = Path(pdf)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        there = place.exists()
        with place.open("ab"):
            pass
        if not there:
            place.unlink()
    except OSError as error:
        raise OutputNotWritable(pdf, error.strerror or str(error)) from None


def write_pdf(page: str, pdf: str) -> None:
    """The HTML file `page` as `pdf`, A4 landscape. To be called in the main thread."""
    document = QTextDocument()
    document.setDefaultStyleSheet(_STYLE)
    document.setHtml(_printable(Path(page).read_text(encoding="utf-8"), document))
    document.setDocumentMargin(0)
    writer = QPdfWriter(pdf)
    writer.setResolution(_DPI)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageOrientation(QPageLayout.Orientation.Landscape)
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    _keep_headings(document, writer)
    getattr(document, "print_" if hasattr(document, "print_") else "print")(writer)  # PyQt5 and PyQt6


def _keep_headings(document: QTextDocument, writer: QPdfWriter) -> None:
    """A heading that would stand alone at the foot of a page begins the next one."""
    breaking = QTextBlockFormat()
    breaking.setPageBreakPolicy(QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore)
    done = -1
    while (number := _parted(document, writer, done)) is not None:
        QTextCursor(document.findBlockByNumber(number)).mergeBlockFormat(breaking)
        done = number


def _parted(document: QTextDocument, writer: QPdfWriter, done: int) -> Optional[int]:
    """The number of the first heading behind block `done` that ends on an earlier page than what belongs to it."""
    probe = document.clone(document)  # laid out as print_ will do it
    probe.documentLayout().setPaintDevice(writer)
    probe.setPageSize(QSizeF(writer.width(), writer.height()))
    frame = probe.rootFrame().frameFormat()
    frame.setMargin(_margin(writer))
    probe.rootFrame().setFrameFormat(frame)
    block = probe.findBlockByNumber(done + 1)
    while block.isValid():
        pages = [_page(probe, each, writer) for each in _behind(block)] if block.blockFormat().headingLevel() else [0]
        if max(pages) > pages[0]:
            return int(block.blockNumber())
        block = block.next()
    return None


def _behind(heading: QTextBlock) -> list[QTextBlock]:
    """What a heading must not be parted from: three blocks, or those before the next heading."""
    blocks = [heading]
    while len(blocks) <= _TOGETHER and (behind := blocks[-1].next()).isValid():
        if behind.blockFormat().headingLevel():
            break
        blocks.append(behind)
    return blocks


def _page(document: QTextDocument, block: QTextBlock, writer: QPdfWriter) -> int:
    """The page that a block ends on: one that would reach into the margin goes to the next."""
    foot = document.documentLayout().blockBoundingRect(block).bottom() + _margin(writer)
    return int(foot // writer.height())


def _margin(writer: QPdfWriter) -> float:
    return _MARGIN * writer.logicalDpiY() / 2.54


def _printable(page: str, document: QTextDocument) -> str:
    """What Qt can lay out; drawings become pictures of the document."""
    page = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    page = re.sub(r"<svg\b.*?</svg>", lambda found: _drawing(found[0], document), page, flags=re.DOTALL)
    page = re.sub(r'<span class="swatch" style="background:([^"]+)"></span>', r'<span style="color:\1">■</span> ', page)
    page = page.replace('<span style="color:rgb(255,255,255)">■', '<span style="color:#5b6a60">□')
    page = re.sub(r"rgba\((\d+),(\d+),(\d+),([\d.]+)\)", _over_white, page)
    page = re.sub(r"background:", "background-color:", page)
    page = re.sub(r'<div class="cards">(.*?)\n</div>', _cards, page, flags=re.DOTALL)
    page = re.sub(r'<table[^>]*class="many">.*?</table>', _numbered, page, flags=re.DOTALL)
    page = re.sub(r"<table\b", '<table border="1" cellspacing="0" cellpadding="3"', page)
    page = re.sub(r'cellpadding="3"([^>]*class="many")', r'cellpadding="1"\1', page)
    page = re.sub(r"([^<>\s])\s*<small>(.*?)</small>", r'\1<br><span class="small">\2</span>', page, flags=re.DOTALL)
    for browsers, ours in _ELEMENTS:
        page = re.sub(browsers, ours, page)
    page = re.sub(r'<td class="place"><img ', f'<td class="place"><img width="{_THUMBNAIL}" ', page)
    return re.sub(r'<img src="data:', f'<img width="{_PICTURE}" src="data:', page)


def _drawing(svg: str, document: QTextDocument) -> str:
    """An SVG as a picture of the document."""
    renderer = QSvgRenderer(QByteArray(re.sub(r"(<svg\b[^>]*>)", rf"\1{_DRAWN}", svg, count=1).encode()))
    box = renderer.viewBoxF()
    image = QImage(QSize(int(box.width()), int(box.height())) * _SHARPER, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter, QRectF(image.rect()))
    painter.end()
    name = f"drawing-{abs(hash(svg))}"
    document.addResource(QTextDocument.ResourceType.ImageResource, QUrl(name), image)
    return f'<img src="{name}" width="{int(box.width())}">'


def _over_white(found: re.Match[str]) -> str:
    """A colour that lets the page shine through, as it looks on white."""
    share = float(found[4])
    return "rgb({},{},{})".format(*(round(255 + (int(part) - 255) * share) for part in found.groups()[:3]))


def _numbered(found: re.Match[str]) -> str:
    """A matrix of many classes: Qt cannot turn the names above its columns, which get the numbers of their rows, and
    has no room for the shares under the counts."""
    heads, rows = count(1), count(1)
    table = re.sub(r'<th class="n turned">.*?</th>', lambda _: f'<th class="n">{next(heads)}</th>', found[0])
    table = re.sub(r"<small>.*?</small>", "", table)
    return re.sub(r"<tr><th>", lambda _: f"<tr><th>{next(rows)} ", table)


def _cards(found: re.Match[str]) -> str:
    cards = re.findall(r'<div class="card">(.*?)</div>', found[1], flags=re.DOTALL)
    cells = [f'<td class="card" width="25%">{card.replace("<span>", "<br><span>")}</td>' for card in cards]
    rows = ["".join(cells[start : start + _CARDS]) for start in range(0, len(cells), _CARDS)]
    return '<table width="100%">' + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"
