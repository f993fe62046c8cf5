"""How the texts of a shapefile are written, where it does not say so itself."""

from __future__ import annotations

import codecs
from pathlib import Path

from ...shared.texts.bounded import open_file

_CODE_PAGE = 29  # byte of a .dbf file's head that may name the encoding (dBase); 0 = it does not
_CHUNK = 1 << 20


def is_unsaid(path: str) -> bool:
    """Whether it is a shapefile with neither a .cpg file nor a code page: GDAL then takes ISO-8859-1."""
    file = Path(path)
    table = file.with_suffix(".dbf")
    if file.suffix.lower() not in (".shp", ".dbf") or file.with_suffix(".cpg").exists() or not table.is_file():
        return False
    with open_file(table) as opened:
        head = opened.read(_CODE_PAGE + 1)
    return len(head) > _CODE_PAGE and not head[_CODE_PAGE]


def encoding_of(path: str) -> str | None:
    """UTF-8 where nothing is said and all texts can be read so, as QGIS reads them; None = as GDAL reads them."""
    if not is_unsaid(path):
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_file(Path(path).with_suffix(".dbf")) as table:
        table.seek(32)  # the head's numbers are no text
        try:
            while chunk := table.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
    return "UTF-8"


def encoding_note(path: str, texts: list[str], encoding: str) -> tuple[str, ...]:
    """What to say of texts that were read with a guess; nothing where every encoding reads them alike."""
    if not is_unsaid(path) or encoding == "UTF-8" or all(text.isascii() for text in texts):
        return ()
    return (
        f"The shapefile {path} does not say how its texts are written: they were read as {encoding}. If names are "
        f"wrong, write the encoding, as GB18030, into a file {Path(path).with_suffix('.cpg').name} beside it.",
    )
