"""The dictionary as DDI-Codebook 2.5, ``codebook.xml``, for archives and the programs that read their codebooks.

Elements stand in the order of the schema (namespace ``ddi:codebook:2_5``). Nothing in it changes from run to run, so it has no
date of distribution: that stands in ``RELEASE.txt``.
"""

import xml.etree.ElementTree as ET  # only written, never parsed

from extracts.package.contents import ColumnTally, Tally, Written
from extracts.package.dictionary import DataDictionary, FieldDoc
from extracts.package.facts import KIND_TITLES, ReleaseFacts
from systems.description import load_system
from systems.texts import in_one_line

_NAMESPACE = "ddi:codebook:2_5"
_SCHEMA = "https://ddialliance.org/Specification/DDI-Codebook/2.5/XMLSchema/codebook.xsd"
_NATURES = {"number": "ratio", "year": "interval", "date": "interval"}
_KINDS = {"csv": "text/csv, UTF-8", "parquet": "Apache Parquet", "dta": "Stata", "sav": "SPSS", "xpt": "SAS transport", "xlsx": "Excel"}  # fmt: skip


def codebook(release: ReleaseFacts, dictionary: DataDictionary, written: Written) -> str:
    """Return ``codebook.xml`` of a package with these files."""
    root = ET.Element(
        "codeBook",
        {
            "xmlns": _NAMESPACE,
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:schemaLocation": f"{_NAMESPACE} {_SCHEMA}",
            "version": "2.5",
        },
    )
    _study(root, release, dictionary)
    for number, one in enumerate(written.files, start=1):
        file = _add(root, "fileDscr", ID=f"F{number}", URI=one.path)
        text = _add(file, "fileTxt")
        _add(text, "fileName", one.path)
        if one.rows is not None:
            size = _add(text, "dimensns")
            _add(size, "caseQnty", str(one.rows))
            _add(size, "varQnty", str(len(dictionary.fields)))
        _add(text, "fileType", _KINDS.get(one.extension, one.extension))
        _add(file, "notes", one.sha256, type="checksum", subject="SHA-256")
    described = _add(root, "dataDscr")
    files = [f"F{n}" for n, one in enumerate(written.files, start=1) if one.rows is not None]
    for number, one in enumerate(dictionary.fields, start=1):
        _variable(described, number, one, files, release, written.tally)
    _add(described, "notes", _counting(written.tally))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _study(root: ET.Element, release: ReleaseFacts, dictionary: DataDictionary) -> None:
    study = _add(root, "stdyDscr")
    citation = _add(study, "citation")
    title = _add(citation, "titlStmt")
    _add(title, "titl", release.title)
    _add(title, "IDNo", release.project_number, agency=release.department, level="project")
    _add(_add(citation, "rspStmt"), "AuthEnty", release.department)
    _add(_add(citation, "prodStmt"), "producer", release.department)
    given = _add(citation, "distStmt")
    _add(given, "distrbtr", release.sender)
    _add(given, "contact", release.sender, email=release.contact)
    _add(_add(citation, "verStmt"), "version", f"Register snapshot {release.snapshot_id}")
    _add(citation, "biblCit", release.citation)
    about = _add(study, "stdyInfo")
    _add(about, "abstract", f"{release.system_name} ({release.system}): {release.project_title}")
    summary = _add(about, "sumDscr")
    for event, year in zip(("start", "end"), release.years or (), strict=False):
        _add(summary, "timePrd", str(year), event=event, date=str(year))
    _add(summary, "nation", "United States", abbr="US")
    _add(summary, "geogCover", "California")
    _add(summary, "anlyUnit", dictionary.row)
    if release.order_scope:
        scope = load_system(release.system).record.scope
        _add(summary, "universe", f"{scope}: {', '.join(release.order_scope)}")
    _add(summary, "dataKind", KIND_TITLES[release.kind])
    use = _add(_add(study, "dataAccs"), "useStmt")
    _add(use, "restrctn", "Restricted: see CONDITIONS.txt.")
    _add(use, "contact", release.sender, email=release.contact)
    _add(use, "citReq", release.citation)
    _add(use, "conditions", "CONDITIONS.txt of this package.")
    for text in (*dictionary.left_out, *dictionary.notes):
        _add(study, "notes", text)


def _variable(
    root: ET.Element,
    number: int,
    one: FieldDoc,
    files: list[str],
    release: ReleaseFacts,
    tally: Tally,
) -> None:
    counted = tally.columns[one.name]
    numeric = one.type in {"number", "year"}
    made = _add(
        root,
        "var",
        ID=f"V{number}",
        name=one.name,
        files=" ".join(files),
        intrvl="contin" if numeric or one.type == "date" else "discrete",
        nature=_NATURES.get(one.type, one.level),
        representationType=_representation(one),
    )
    if one.unit:
        made.set("measUnit", in_one_line(one.unit))
    for file in files:
        _add(made, "location", fileid=file)
    _add(made, "labl", one.meaning)
    _ranges(made, one, release)
    for kind, count in (("vald", counted.valid), ("invd", counted.missing)):
        if count is not None:
            _add(made, "sumStat", str(count), type=kind)
    _add(made, "txt", " ".join(part for part in (one.meaning, one.unit) if part))
    _categories(made, one, counted)
    if one.source:
        _add(made, "concept", one.source)
    if one.treatment:
        _add(_add(made, "derivation"), "drvdesc", one.treatment)
    day = one.type == "date"
    _add(
        made,
        "varFormat",
        type="numeric" if numeric else "character",
        category="date" if day else "other",
    )
    if one.companion:
        _add(made, "notes", f"{one.companion} says of each empty field why.", type="companion")


def _representation(one: FieldDoc) -> str:
    if one.codes or one.type == "yes/no":
        return "code"
    return {"number": "numeric", "year": "numeric", "date": "datetime", "month": "datetime"}.get(
        one.type, "text"
    )


def _ranges(made: ET.Element, one: FieldDoc, release: ReleaseFacts) -> None:
    """The values that may stand: each code, or the years of a table."""
    if one.codes:
        valid = _add(made, "valrng")
        for code, _ in one.codes:
            _add(valid, "item", VALUE=code)
    elif one.type == "year" and one.required and release.years:
        low, high = map(str, release.years)
        _add(_add(made, "valrng"), "range", min=low, max=high)
    if not one.required:
        _add(_add(made, "invalrng"), "item", VALUE="")


def _categories(made: ET.Element, one: FieldDoc, counted: ColumnTally) -> None:
    labels = dict(one.codes)
    for value, rows in counted.rows.items():
        _category(made, value, labels.get(value, value), rows)
    if not one.required:
        label = "; ".join(said for _, said in one.missing) or "empty"
        _category(made, "", label, counted.missing, missing="Y")


def _category(made: ET.Element, value: str, label: str, rows: int | None, **more: str) -> None:
    category = _add(made, "catgry", **more)
    _add(category, "catValu", value)
    _add(category, "labl", label)
    if rows is not None:
        _add(category, "catStat", str(rows), type="freq")


def _counting(tally: Tally) -> str:
    if tally.base == 1:
        return "Frequencies are numbers of cells of the table."
    return (
        f"Frequencies are rows, rounded to {tally.base}; of fewer than {tally.base} persons, or what would give "
        "them away, none stands."
    )


def _add(parent: ET.Element, tag: str, text: str = "", /, **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, tag, {key: in_one_line(said) for key, said in attributes.items()})
    if text:
        made.text = in_one_line(text)
    return made
