"""The dictionary as a Frictionless data package (v1): ``datapackage.json``.

It holds nothing that changes from run to run. Each CSV file is a tabular resource; each other file of the same rows stands
beside it with its hash. Code lists are resources of their own, to which coded columns have foreign keys.
"""

from collections.abc import Iterator

from extracts.package.contents import ColumnTally, DataFile, Written
from extracts.package.dictionary import DataDictionary, FieldDoc
from extracts.package.facts import ReleaseFacts

_TYPES = {
    "text": "string",
    "list": "string",
    "date": "date",
    "month": "yearmonth",
    "quarter": "string",
    "year": "year",
    "years": "string",
    "number": "integer",
    "yes/no": "boolean",
}
MEDIA_TYPES = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "dta": "application/x-stata-dta",
    "sav": "application/x-spss-sav",
    "xpt": "application/x-sas-xport",
}


def datapackage(
    release: ReleaseFacts, dictionary: DataDictionary, written: Written
) -> dict[str, object]:
    """Return ``datapackage.json`` of a package with these files."""
    schema = {
        "fields": [_field(one, written.tally.columns[one.name]) for one in dictionary.fields],
        "missingValues": [""],
        **_keys(dictionary),
    }
    return {
        "profile": "data-package",
        "name": name_of(release),
        "version": release.snapshot_id,
        "title": release.title,
        "description": f"{dictionary.row} {dictionary.missing}".strip(),
        "licenses": [
            {
                "name": "restricted",
                "title": "Conditions in CONDITIONS.txt",
                "path": "CONDITIONS.txt",
            }
        ],
        "sources": [{"title": f"{release.system_name} ({release.system})"}],
        "contributors": [{"title": release.sender, "email": release.contact, "role": "publisher"}],
        "citation": release.citation,
        "counts": {"rows": written.tally.rows, "rounded_to": written.tally.base},
        **({} if dictionary.withheld is None else {"withheld": {**dictionary.withheld}}),
        "resources": [
            *(_table(one, schema) for one in written.of("csv")),
            *(_file(one) for one in written.files if one not in written.of("csv")),
            *_code_lists(dictionary),
        ],
    }


def name_of(release: ReleaseFacts) -> str:
    """A name that is the same for every release of this project and kind."""
    return f"{release.system}-{release.project_number}-{release.kind}".lower()


def _table(one: DataFile, schema: dict[str, object]) -> dict[str, object]:
    return {
        "profile": "tabular-data-resource",
        "name": one.path.rpartition("/")[2].removesuffix(".csv"),
        **_described(one),
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "doubleQuote": True},
        "schema": schema,
    }


def _file(one: DataFile) -> dict[str, object]:
    name = one.path.rpartition("/")[2].replace(".", "-")
    return {"profile": "data-resource", "name": name, "type": "file", **_described(one)}


def _described(one: DataFile) -> dict[str, object]:
    return {
        "path": one.path,
        "format": one.extension,
        "mediatype": MEDIA_TYPES.get(one.extension, "application/octet-stream"),
        "hash": f"sha256:{one.sha256}",
        "bytes": one.bytes,
    }


def _keys(dictionary: DataDictionary) -> dict[str, object]:
    """A primary key may hold no empty field; one that does is named as the next version of the standard names it."""
    required = {one.name for one in dictionary.fields if one.required}
    keys: dict[str, object] = {}
    if dictionary.key:
        whole = required.issuperset(dictionary.key)
        keys = {
            "primaryKey" if whole else "uniqueKeys": [*dictionary.key]
            if whole
            else [[*dictionary.key]]
        }
    foreign = [
        {"fields": one.name, "reference": {"resource": _list_of(one), "fields": "code"}}
        for one in _listed(dictionary)
    ]
    return keys | ({"foreignKeys": foreign} if foreign else {})


def _listed(dictionary: DataDictionary) -> Iterator[FieldDoc]:
    return (one for one in dictionary.fields if one.codes and one.type == "text")


def _list_of(one: FieldDoc) -> str:
    return f"codes-{one.name.replace('_', '-')}"


def _code_lists(dictionary: DataDictionary) -> Iterator[dict[str, object]]:
    for one in _listed(dictionary):
        yield {
            "profile": "tabular-data-resource",
            "name": _list_of(one),
            "data": [["code", "label"], *([code, label] for code, label in one.codes)],
            "schema": {
                "fields": [{"name": "code", "type": "string"}, {"name": "label", "type": "string"}],
                "primaryKey": ["code"],
            },
        }


def _field(one: FieldDoc, counted: ColumnTally) -> dict[str, object]:
    constraints: dict[str, object] = {}
    if one.required:
        constraints["required"] = True
    if one.codes and one.type == "text":
        constraints["enum"] = [code for code, _ in one.codes]
    described: dict[str, object] = {
        "name": one.name,
        "type": _TYPES[one.type],
        "description": " ".join(part for part in (one.meaning, one.unit) if part),
    }
    more = {
        "constraints": constraints,
        "source": one.source,
        "treatment": one.treatment,
        "categories": [
            {"value": code, "label": label, **_told("rows", counted.rows.get(code))}
            for code, label in one.codes
        ],
        "counts": _told("missing", counted.missing) | _told("valid", counted.valid),
        "missing": [{"value": code, "label": label} for code, label in one.missing],
        "companion": one.companion,
        "about": one.about,
        "values": one.values,
    }
    return described | {name: said for name, said in more.items() if said}


def _told(name: str, number: int | None) -> dict[str, object]:
    return {} if number is None else {name: number}
