"""Known weaknesses of what is installed: by a file of advisories (OSV) that somebody brought here, since nothing of ours calls outside.

The file is a ZIP of JSON documents, as OSV gives them for an ecosystem, or one of them. It is an outside file: sizes are bounded, a
document that is none stops the check, and a version that can't be compared counts as concerned.
"""

import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, cast

from packaging.version import InvalidVersion, Version

from pipelines.errors import AdvisoriesUnusable

_LARGEST = 16 << 20  # bytes of one document
_MOST = 500_000  # documents
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True)
class Weakness:
    """One advisory about one package: its ids, the package with its version, and versions that mend it."""

    ids: tuple[str, ...]
    package: str
    version: str
    mended: tuple[str, ...]


def installed_packages() -> dict[str, str]:
    """Normalised name → version of what this Python has."""
    found = [(one.metadata["Name"], one.version) for one in distributions()]
    return {normal(name): version for name, version in found if name}


def known_weaknesses(file: Path, packages: Mapping[str, str]) -> tuple[list[Weakness], int, str]:
    """Compare packages with a file of advisories.

    Args:
        file: a ZIP of OSV documents, or one document.
        packages: normalised name → version.

    Returns:
        What is known of them, how many advisories were read, and the day of the newest (ISO).

    Raises:
        AdvisoriesUnusable: no such file, or a document in it that is none.
    """
    found: list[Weakness] = []
    told: set[str] = set()
    count, newest = 0, ""
    for place, text in enumerate(_documents(file), start=1):
        try:
            said = json.loads(text)
            ids = (said["id"], *(said.get("aliases") or ()))
            affected = said.get("affected") or ()
            hits = [] if "withdrawn" in said else list(_concerned(affected, packages))
            newest = max(newest, str(said["modified"])[:10])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise AdvisoriesUnusable(document=place) from None
        count += 1
        known = tuple(i for i in ids if isinstance(i, str) and _ID.fullmatch(i)) or (
            "without an id",
        )
        for name, mended in hits:
            if not told & {f"{name} {one}" for one in known}:
                found.append(Weakness(known, name, packages[name], mended))
            told |= {f"{name} {one}" for one in known}
    if not count:
        raise AdvisoriesUnusable(documents=0)
    return sorted(found, key=lambda one: (one.package, one.ids)), count, newest


def _documents(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as handle:
            if not zipfile.is_zipfile(handle):
                handle.seek(0)
                yield _bounded(handle.read(_LARGEST + 1))
                return
            with zipfile.ZipFile(handle) as archive:
                names = [name for name in archive.namelist() if name.endswith(".json")]
                if len(names) > _MOST:
                    raise AdvisoriesUnusable(documents=len(names))
                for name in names:
                    with archive.open(name) as document:
                        yield _bounded(document.read(_LARGEST + 1))
    except (OSError, EOFError, RuntimeError, ValueError, *_BROKEN):
        raise AdvisoriesUnusable from None


def _bounded(text: bytes) -> bytes:
    if len(text) > _LARGEST:
        raise AdvisoriesUnusable(bytes_at_most=_LARGEST)
    return text


def _concerned(
    affected: Iterable[Any], packages: Mapping[str, str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Packages that are installed in a version which an advisory names, each with versions that mend it."""
    for one in affected:
        package = one["package"]
        name = normal(str(package["name"]))
        if package["ecosystem"] != "PyPI" or name not in packages:
            continue
        ranges = [r for r in one.get("ranges") or () if r["type"] == "ECOSYSTEM"]
        version = packages[name]
        if version in (one.get("versions") or ()) or any(
            in_range(version, cast("list[dict[str, str]]", r["events"])) for r in ranges
        ):
            mended = (e["fixed"] for r in ranges for e in r["events"] if "fixed" in e)
            yield name, tuple(m for m in mended if isinstance(m, str) and _ID.fullmatch(m))


def in_range(version: str, events: Iterable[Mapping[str, str]]) -> bool:
    """Whether OSV's events concern a version, in Python's order of versions; True where they can't be compared."""
    try:
        ours = Version(version)
        steps = sorted(
            (Version("0.dev0" if at == "0" else at), kind)
            for event in events
            for kind, at in event.items()
            if kind != "limit"
        )
    except InvalidVersion:
        return True
    concerned = False
    for at, kind in steps:  # "fixed" stands before "introduced" at one version
        if kind == "introduced" and ours >= at:
            concerned = True
        elif (kind == "fixed" and ours >= at) or (kind == "last_affected" and ours > at):
            concerned = False
    return concerned


def normal(name: str) -> str:
    """A package's name as every index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
