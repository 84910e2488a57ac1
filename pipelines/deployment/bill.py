"""What the program is made of: the lock of what runs, and a bill of materials (CycloneDX) made from it.

Knows Python's standard library alone: the build of a wheel loads this file by its path.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

_OURS = "doj-release (pyproject.toml)"  # who asks for a package, as uv's comments say it
_LONGEST_NAME = 100  # characters of a licence's name; a longer one is its text


@dataclass(frozen=True)
class Pinned:
    """One package of the lock.

    Attributes:
        hashes: SHA-256 of every file of it that may be installed, hexadecimal.
        by: who asks for it: names of packages, and ours with where it says so.
        block: its lines.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    by: frozenset[str]
    block: str

    @property
    def purl(self) -> str:
        """Its package URL; a lock for several Pythons may have two versions of one package."""
        return f"pkg:pypi/{self.name}@{self.version}"


def read_lock(lock: str) -> tuple[str, list[Pinned]]:
    """The head of uv's lock, and its packages."""
    head, *blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", lock)
    return head, [_pinned(block) for block in blocks]


def _pinned(block: str) -> Pinned:
    name, version = re.findall(r"^([^=\[ ]+)[^=]*==([^\s;]+)", block)[0]
    by = frozenset(re.findall(r"(?m)^    # (?:via |  )(.+)$", block))
    return Pinned(
        name, version, tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", block)), by, block
    )


def needed(packages: Iterable[Pinned], roots: frozenset[str]) -> frozenset[str]:
    """Names of the packages that ``roots`` ask for, and so on down."""
    found, packages = roots, list(packages)
    while more := frozenset(p.name for p in packages if p.by & found) - found:
        found |= more
    return found


def needed_to_run(lock: str) -> str:
    """The part of uv's lock that the program and its extras need: no tool for tests or types."""
    head, packages = read_lock(lock)
    names = needed(packages, frozenset({_OURS}))
    return head + "".join(one.block for one in packages if one.name in names)


def bill_of_materials(
    project: Mapping[str, Any], lock: str, files: Mapping[str, Path], at: str | None = None
) -> str:
    """CycloneDX 1.6 of what runs: each package with its pin, its hashes, its licence and what it asks for.

    The same lock and environment give the same text. A package that the environment lacks (another system's)
    has no licence in it; what only extras ask for is ``optional``.

    Args:
        project: the table ``[project]`` of pyproject.toml.
        lock: uv's.
        files: what was compiled, name → place.
        at: when, ISO 8601; left out otherwise.
    """
    _, packages = read_lock(needed_to_run(lock))
    roots = frozenset(_normal(re.split(r"[^\w.-]", d)[0]) for d in project["dependencies"])
    required = needed(packages, roots)
    own = f"pkg:pypi/{project['name']}@{project['version']}"
    asks = {own: sorted(one.purl for one in packages if _OURS in one.by)}
    for name, ref in ((one.name, one.purl) for one in packages):
        asks[ref] = sorted(one.purl for one in packages if name in one.by)
    body: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": ({"timestamp": at} if at else {}) | {
            "component": {"type": "application", "bom-ref": own, "name": project["name"],
                          "version": project["version"], "purl": own},
        },
        "components": [
            _component(one, "required" if one.name in required else "optional")
            for one in packages
        ] + [
            {"type": "file", "bom-ref": name, "name": name, "scope": "optional",
             "hashes": [_hash(hashlib.sha256(place.read_bytes()).hexdigest())]}
            for name, place in sorted(files.items())
        ],
        "dependencies": [{"ref": ref, "dependsOn": on} for ref, on in asks.items()],
    }  # fmt: skip
    body["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(body)).urn
    return json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _component(one: Pinned, scope: str) -> dict[str, Any]:
    licence, ref = _licence(one.name), one.purl
    described = {
        "type": "library",
        "bom-ref": ref,
        "name": one.name,
        "version": one.version,
        "purl": ref,
    }
    described |= {"scope": scope, "hashes": [_hash(digest) for digest in one.hashes]}
    return described | ({"licenses": [licence]} if licence else {})


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}


def _licence(name: str) -> dict[str, Any] | None:
    """What the installed package says: an SPDX expression, else a name."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return None
    if expression := said.get_all("License-Expression"):
        return {"expression": expression[0]}
    prefix = "License :: OSI Approved :: "
    titles = [
        c.removeprefix(prefix) for c in said.get_all("Classifier") or () if c.startswith(prefix)
    ]
    text = "; ".join(titles) or "".join(said.get_all("License") or ()).strip()
    fits = text and "\n" not in text and len(text) <= _LONGEST_NAME and text != "UNKNOWN"
    return {"license": {"name": text}} if fits else None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
