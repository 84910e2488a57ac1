"""A Word file (WordprocessingML, ECMA-376) around the body of one letter: styles, title and language, nothing else."""

import io
import zipfile
from importlib import resources

_PLACES = ("[Content_Types].xml", "_rels/.rels", "docProps/core.xml", "word/_rels/document.xml.rels", "word/styles.xml")  # fmt: skip
_STAMP = (1980, 1, 1, 0, 0, 0)  # the same letter gives the same bytes


def word_file(document: str, title: str) -> bytes:
    """The package of a document's XML; ``title`` is already escaped for XML."""
    sink = io.BytesIO()
    frame = (resources.files("approvals") / "letters" / "frames" / "word.xml").read_text("utf-8")
    parts = dict(zip(_PLACES, frame.split("<!-- next part -->\n")[1:], strict=True))
    parts["docProps/core.xml"] = parts["docProps/core.xml"].replace("TITLE", title)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in (parts | {"word/document.xml": document}).items():
            package.writestr(
                zipfile.ZipInfo(name, _STAMP), text.strip() + "\n", zipfile.ZIP_DEFLATED
            )
    return sink.getvalue()
