"""The two texts of the law that CARPOS's rules were made from, cut into sentences: each with its place and a digest.

Only a machine that has the texts needs it; what came of them stands in ``approvals/sentences.toml``.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

TEXTS = ("carpos-regulation-third-modification.txt", "data-request-process.txt")
_PAGE = re.compile(r"(?m)^OAL Register .*$")
_SECTION = re.compile(r"^[~\s]*§ (\d{3})\. (.*)$")
_HEAD = re.compile(r"^[~\s]*(?:Article|Note:|Reference:|CHAPTER|TITLE|DIVISION|TEXT OF)")
_LABELS = re.compile(r"^[-\s~]*((?:\(\s*[A-Za-z0-9]{1,3}\s*\)[\s~]*)+)(?=\S)")
_END = re.compile(r"(?<=[.;:])(?<!I\.D\.)[\s~]+(?=[A-Z(“])")


def sentences(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(place, digest, text) of every sentence, in order."""
    seen: dict[str, int] = {}
    for place, text in (*_regulation(folder / TEXTS[0]), *_page(folder / TEXTS[1])):
        whole = _SECTION.match(text) or _HEAD.match(text)  # a heading, or a note of authorities
        for sentence in [text] if whole else _END.split(text):
            words = normalised(sentence)
            if not words:
                continue
            seen[place] = seen.get(place, 0) + 1
            yield f"{place} {seen[place]}", digest(words), sentence.strip()


def normalised(text: str) -> str:
    """The words alone: no marks, no space, no case."""
    return " ".join(re.findall(r"[a-z0-9]+", text.casefold()))


def digest(words: str) -> str:
    """Eight bytes of SHA-256, in hex: enough to tell that a sentence is another."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def _paragraphs(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if line.strip()]
        yield from re.split(r"\n(?=- \()", "\n".join(lines)) if lines else ()


def _regulation(path: Path) -> Iterator[tuple[str, str]]:
    """(place, paragraph); a paragraph that a page cut in two is one again."""
    section, path_of, open_ = "preamble", [""] * 4, ""
    place = section
    for paragraph in _paragraphs(_PAGE.sub("", path.read_text("utf-8"))):
        found = _SECTION.match(paragraph)
        labels = None if found else _LABELS.match(paragraph)
        begins = found or labels or _HEAD.match(paragraph)
        if begins or not open_ or re.search(r"[.:;][~\s]*$", open_):
            if open_:
                yield place, open_
            open_ = paragraph
            if found:
                section, path_of = f"§ {found[1]}", [""] * 4
                place = section
            elif labels:
                _descend(path_of, re.findall(r"\w+", labels[1])[-1])
                place = section + "".join(f"({step})" for step in path_of if step)
            elif _HEAD.match(paragraph):
                place = f"{section} note" if section != "preamble" else section
        else:
            open_ += "\n" + paragraph
    yield place, open_


def _descend(path: list[str], label: str) -> None:
    roman = label in ("i", "ii", "iii", "iv", "v", "vi") and bool(path[2])
    level = 3 if roman else 1 if label.isdigit() else 2 if label.isupper() else 0
    path[level:] = [label] + [""] * (3 - level)


def _page(path: Path) -> Iterator[tuple[str, str]]:
    head = "page"
    for paragraph in _paragraphs(path.read_text("utf-8")):
        for line in re.split(r"\n(?=\s*•)", paragraph):
            system = re.search(r"\((ACHS|JCPSS|CURES|CARPOS|RIPA)\)\s*$", line.splitlines()[0])
            if system:
                head = f"page {system[1]}"
            yield head, line
