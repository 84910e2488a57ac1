"""What a home adds to a system's description: codes of its own, code lists and columns that its export has besides.

It adds and never takes away or changes: what the installed file says of a column, a code or the law holds everywhere.
A column of its own is read, checked and kept in the snapshot; it does not leave, since what leaves is the law's part of the file.
"""

import re
import tomllib
from pathlib import Path
from typing import Any, cast

from systems.bounded import read_at_most, toml
from systems.errors import LocalWrong

LOCAL, MAPPING = "local", "mapping"  # a home's files: systems/carpos.local.toml and its like
_LONGEST = 1 << 22
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9]+")


def spelled(name: str) -> str:
    """A column's name in one spelling: ``FirstName``, ``first name`` and ``FIRST_NAME`` are ``first_name``."""
    return _OTHER.sub("_", _CAMEL.sub("_", name).lower()).strip("_")


def path_beside(folder: Path, code: str, kind: str) -> Path:
    """Where a home's file of a kind for a system is."""
    return folder / f"{code.lower()}.{kind}.toml"


def read_beside(folder: Path, code: str, kind: str) -> bytes:
    """The bytes of a home's file for a system; none where it has none.

    Raises:
        LocalWrong: it can't be read, or is too long.
    """
    try:
        content = read_at_most(path_beside(folder, code, kind), _LONGEST)
    except FileNotFoundError:
        return b""
    except OSError:
        content = None
    if content is None:
        raise LocalWrong(system=code, problems=["can't be read"])
    return content


def with_local(raw: dict[str, Any], content: bytes) -> None:
    """Add what a home's file says to a description that was read from its TOML, before it is checked as a whole.

    Raises:
        LocalWrong: with each place where it is not TOML, or would change what is there.
    """
    if not content:
        return
    code = str(raw.get("code", ""))
    try:
        local = toml(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise LocalWrong(system=code, problems=["not TOML"]) from None
    problems = [f"{name}: no such key" for name in local.keys() - {"code_lists", "tables"}]
    problems += _codes(raw, local.get("code_lists", {}))
    problems += _columns(raw, local.get("tables", {}))
    if problems:
        raise LocalWrong(system=code, problems=problems)


def _codes(raw: dict[str, Any], said: Any) -> list[str]:
    known: dict[str, Any] = raw.setdefault("code_lists", {})
    if not isinstance(said, dict):
        return ["code_lists: not a table"]
    problems: list[str] = []
    for name, body in cast("dict[str, Any]", said).items():
        if name not in known:
            known[name] = body
            continue
        more, place = _listed(body, "codes"), f"code_lists.{name}"
        if more is None:
            problems.append(f"{place}: codes alone can be added")
            continue
        there = {one["value"] for one in known[name]["codes"]}
        problems += [f"{place}: a code that is there"] * any(c.get("value") in there for c in more)
        every = set[str].intersection(*(set(c.get("attributes", ())) for c in known[name]["codes"]))
        if any(every - set(c.get("attributes", ())) for c in more):
            problems.append(f"{place}: a code without {', '.join(sorted(every))}")
        known[name] = known[name] | {"codes": [*known[name]["codes"], *more]}
    return problems


def _columns(raw: dict[str, Any], said: Any) -> list[str]:
    known: dict[str, Any] = raw.get("tables", {})
    if not isinstance(said, dict):
        return ["tables: not a table"]
    forbidden = [one["header"] for one in raw.get("forbidden", ()) if one.get("header")]
    problems: list[str] = []
    for name, body in cast("dict[str, Any]", said).items():
        more, place = _listed(body, "columns"), f"tables.{name}"
        if name not in known:
            problems.append(f"{place}: no such table")
        elif more is None:
            problems.append(f"{place}: columns alone can be added")
        else:
            there = {one["name"] for one in known[name]["columns"]}
            for column in more:
                if column.get("name") in there:
                    problems.append(f"{place}: a column that is there")
                if column.get("nullable") is False:
                    problems.append(f"{place}: a column that may not be empty")
                if any(re.search(header, spelled(str(column.get("name")))) for header in forbidden):
                    problems.append(f"{place}: a column that the law does not let in")
            known[name] = known[name] | {"columns": [*known[name]["columns"], *more]}
    return problems


def _listed(body: Any, key: str) -> list[dict[str, Any]] | None:
    """The tables under one key, where there is nothing else."""
    if not isinstance(body, dict) or set(cast("dict[str, Any]", body)) != {key}:
        return None
    listed: Any = body[key]
    fits = isinstance(listed, list) and all(isinstance(o, dict) for o in cast("list[Any]", listed))
    return cast("list[dict[str, Any]]", listed) if fits else None
