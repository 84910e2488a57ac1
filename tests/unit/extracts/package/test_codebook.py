"""The codebook keeps the order and the words of DDI-Codebook 2.5; the catalogue's entry says where and how big each file is."""

import hashlib
import io
import json
import xml.etree.ElementTree as ET
import zipfile

import pyarrow as pa
import pytest

from extracts.package.bag import iter_parts
from extracts.package.dictionary import aggregated_dictionary, dictionary_for

NAMESPACE = "{ddi:codebook:2_5}"
# Children that we write, in the schema's order; `1` those that must be there. From the standard's field-level documentation.
CHILDREN = {
    "codeBook": "stdyDscr fileDscr dataDscr",
    "stdyDscr": "citation stdyInfo dataAccs notes",
    "citation": "titlStmt rspStmt prodStmt distStmt verStmt biblCit",
    "titlStmt": "titl IDNo",
    "rspStmt": "AuthEnty",
    "prodStmt": "producer",
    "distStmt": "distrbtr contact",
    "verStmt": "version",
    "stdyInfo": "abstract sumDscr",
    "sumDscr": "timePrd nation geogCover anlyUnit universe dataKind",
    "dataAccs": "useStmt",
    "useStmt": "restrctn contact citReq conditions",
    "fileDscr": "fileTxt notes",
    "fileTxt": "fileName dimensns fileType",
    "dimensns": "caseQnty varQnty",
    "dataDscr": "var notes",
    "var": "location labl valrng invalrng sumStat txt catgry concept derivation varFormat notes",
    "valrng": "item range",
    "invalrng": "item",
    "catgry": "catValu labl catStat",
    "derivation": "drvdesc",
}
REPEATED = {"notes", "fileDscr", "var", "location", "sumStat", "catgry", "item", "timePrd"}
ATTRIBUTES = {
    "codeBook": {"version": {"2.5"}, "schemaLocation": None},
    "IDNo": {"agency": None, "level": {"study", "file", "project"}},
    "contact": {"email": None},
    "timePrd": {"event": {"start", "end", "single"}, "date": None},
    "nation": {"abbr": None},
    "fileDscr": {"ID": None, "URI": None},
    "notes": {"type": None, "subject": None},
    "var": {
        "ID": None,
        "name": None,
        "files": None,
        "intrvl": {"contin", "discrete"},
        "nature": {"nominal", "ordinal", "interval", "ratio", "percent", "other"},
        "representationType": {"text", "numeric", "code", "datetime", "other"},
        "measUnit": None,
    },
    "location": {"fileid": None},
    "item": {"VALUE": None},
    "range": {"min": None, "max": None},
    "sumStat": {"type": {"vald", "invd"}},
    "catgry": {"missing": {"Y", "N"}},
    "catStat": {"type": {"freq", "percent", "crosstab", "other"}},
    "varFormat": {"type": {"character", "numeric"}, "category": {"date", "other"}},
}


def plain(tag):
    assert tag.startswith(NAMESPACE)
    return tag.removeprefix(NAMESPACE)


def check(element):
    """One element, and all in it, against the structure above."""
    name = plain(element.tag)
    order = CHILDREN.get(name, "").split()
    children = [plain(child.tag) for child in element]
    assert set(children) <= set(order), (name, children)
    places = [order.index(child) for child in children]
    assert places == sorted(places), (name, children)
    assert not {c for c in children if children.count(c) > 1} - REPEATED
    if children:
        assert not (element.text or "").strip()
    known = ATTRIBUTES.get(name, {})
    for given, value in element.attrib.items():
        allowed = known[given.rpartition("}")[2]]
        assert allowed is None or value in allowed, (name, given)
    for child in element:
        check(child)


def opened(facts, rows, dictionary, **more):
    found = {}
    for part in iter_parts(facts(**more), rows, dictionary, "<p>"):
        with zipfile.ZipFile(io.BytesIO(part.content)) as archive:
            found |= {name: archive.read(name) for name in archive.namelist()}
    return found


def some(described):
    types = {"date": pa.date32(), "number": pa.int64(), "yes/no": pa.bool_(), "year": pa.int16()}
    columns = {}
    for field in described.fields:
        coded = field.codes[0][0] if field.codes and field.type == "text" else "a"
        value = {"date": 9_000, "number": 1, "yes/no": True, "year": 2020}.get(field.type, coded)
        values = [value] * 30 if field.required else [value] * 18 + [None] * 12
        if field.name in described.key:
            values = [f"{n}" for n in range(30)]
        columns[field.name] = pa.array(values, types.get(field.type, pa.string()))
    return pa.table(columns)


@pytest.mark.parametrize("kind", ["identified", "deidentified"])
def test_a_codebook_of_rows_has_the_structure_of_the_schema(carpos, facts, kind):
    described = dictionary_for(carpos, kind, ("zip",) if kind == "identified" else ())
    rows = some(described)
    files = opened(facts, rows, described, kind=kind)
    book = ET.fromstring(files["codebook.xml"])
    check(book)
    found = {v.get("name"): v for v in book.iter(f"{NAMESPACE}var")}
    assert [*found] == rows.column_names
    ids = {e.get("ID") for e in book.iter() if e.get("ID")}
    assert {place.get("fileid") for place in book.iter(f"{NAMESPACE}location")} <= ids
    assert len(ids) == len(found) + 2
    county = found["order_county"]
    stats = {
        c.findtext(f"{NAMESPACE}catValu"): c.findtext(f"{NAMESPACE}catStat")
        for c in county.iter(f"{NAMESPACE}catgry")
    }
    code = next(iter(dict(next(f.codes for f in described.fields if f.name == "order_county"))))
    assert stats[code] == "20"
    (missing,) = [c for c in county.iter(f"{NAMESPACE}catgry") if c.get("missing") == "Y"]
    assert missing.findtext(f"{NAMESPACE}catStat") == "10"
    hashes = {n.text for n in book.iter(f"{NAMESPACE}notes") if n.get("type") == "checksum"}
    assert hashes == {
        hashlib.sha256(c).hexdigest() for n, c in files.items() if n.startswith("data/")
    }
    assert facts(kind=kind).citation == book.findtext(f".//{NAMESPACE}biblCit")


def test_an_emptied_column_says_what_an_empty_field_may_mean(carpos, facts):
    described = dictionary_for(carpos, "deidentified", companions=("order_county",))
    files = opened(facts, some(described), described, kind="deidentified")
    book = ET.fromstring(files["codebook.xml"])
    check(book)
    found = {v.get("name"): v for v in book.iter(f"{NAMESPACE}var")}
    (note,) = found["order_county"].iter(f"{NAMESPACE}notes")
    assert note.text == "order_county_status says of each empty field why."
    (missing,) = [
        c for c in found["order_county"].iter(f"{NAMESPACE}catgry") if c.get("missing") == "Y"
    ]
    assert "taken out" in missing.findtext(f"{NAMESPACE}labl")
    assert '"order_county": "order_county_status",' in files["read/extract.py"].decode()


def test_a_codebook_of_a_table_has_its_years(carpos, facts):
    rows = pa.table(
        {
            "year": pa.array([2024, 2025], pa.int64()),
            "county": ["001", "TOTAL"],
            "orders": [40, None],
            "status": ["published", "suppressed"],
        }
    )
    files = opened(facts, rows, aggregated_dictionary(carpos, rows.schema), kind="aggregated")
    book = ET.fromstring(files["codebook.xml"])
    check(book)
    (years,) = book.iter(f"{NAMESPACE}range")
    assert (years.get("min"), years.get("max")) == ("2016", "2025")


def test_the_catalogue_knows_every_file(carpos, facts):
    described = dictionary_for(carpos, "deidentified")
    files = opened(facts, some(described), described, kind="deidentified")
    entry = json.loads(files["catalogue.jsonld"])
    assert entry["@type"] == "dcat:Dataset"
    assert entry["dcat:version"] == facts().snapshot_id
    assert {prefix for key in entry for prefix in [key.partition(":")[0]] if ":" in key} <= set(
        entry["@context"]
    )
    told = {
        one["dcat:downloadURL"]["@id"]: (
            int(one["dcat:byteSize"]["@value"]),
            one["spdx:checksum"]["spdx:checksumValue"]["@value"],
        )
        for one in entry["dcat:distribution"]
    }
    assert told == {
        name: (len(content), hashlib.sha256(content).hexdigest())
        for name, content in files.items()
        if name.startswith("data/")
    }


def test_keys_and_hashes_stand_in_the_data_package(carpos, facts):
    for kind, word in (("deidentified", "primaryKey"), ("identified", "uniqueKeys")):
        described = dictionary_for(carpos, kind)
        files = opened(facts, some(described), described, kind=kind)
        body = json.loads(files["datapackage.json"])
        tables = [one for one in body["resources"] if one.get("format") == "csv"]
        assert all(word in one["schema"] for one in tables)
        lists = {one["name"] for one in body["resources"] if "data" in one}
        keys = tables[0]["schema"]["foreignKeys"]
        assert {key["reference"]["resource"] for key in keys} == lists
        told = {one["path"]: one["hash"] for one in body["resources"] if "path" in one}
        assert told == {
            name: f"sha256:{hashlib.sha256(content).hexdigest()}"
            for name, content in files.items()
            if name.startswith("data/")
        }
