"""Which sections of law a text cites, and which of them a data system's own file names: an oracle that reads the file as text."""

import re
import tomllib
from functools import cache
from pathlib import Path

SYSTEMS = ("CARPOS", "CURES", "RIPA", "ACHS", "JCPSS")
_ONE = r"\d{3,5}(?:\.\d+)?(?:\(\w+\))*"
_RUN = re.compile(rf"§§?\s*({_ONE}(?:(?:\s*(?:,|and|-)\s*){_ONE}|\s*(?:,|-)\s*(?:\(\w+\))+)*)")
_PLAIN = re.compile(r"\d{3,5}(?:\.\d+)?(?:\([a-z]\))?")


def cited(text: str) -> set[str]:
    """The sections in a text, to the first subdivision: {"964(g)", "13202(a)"}."""
    runs = _RUN.findall(" ".join(text.split()))
    return {one for run in runs for one in _PLAIN.findall(run)}


@cache
def named(code: str) -> frozenset[str]:
    """What the file of a system names as law: not its questions to counsel, nor the sections that it translates."""
    path = Path(__file__).parents[3] / "systems" / f"{code.lower()}.toml"
    said = tomllib.loads(path.read_text("utf-8"))
    said.pop("questions", None)
    for table in ("sections", "aggregated_sections"):
        said[table] = list(said.get(table, {}).values())
    found = cited("\n".join(_texts(said)))
    if code == "CARPOS":  # "11 CCR §§ 962-968"
        found |= {str(number) for number in range(962, 969)}
    return frozenset(found)


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [t for one in value.values() for t in _texts(one)]
    if isinstance(value, list):
        return [t for one in value for t in _texts(one)]
    return [value] if isinstance(value, str) else []


def foreign(text: str, code: str, *, tables: bool = False) -> set[str]:
    """Sections in a text that are no law of this system, or none of who has aggregated data alone."""
    base = {one.partition("(")[0] for one in named(code)}
    found = {one for one in cited(text) if one.partition("(")[0] not in base}
    if (
        tables and code == "CARPOS"
    ):  # §§ 964 (but for (i)), 966 and 967 speak of individual-level data
        found |= {one for one in cited(text) if re.match("96[67]|964(?!\\(i\\))", one)}
    return found
