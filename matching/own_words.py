"""Words of the Department's own, beside the shipped lists: values that stand for "none", and nicknames."""

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from matching.errors import BadVocabulary
from systems import bounded

_BIGGEST = 1 << 20  # bytes of a file


@dataclass(frozen=True)
class OwnWords:
    """Further placeholders and nicknames.

    Attributes:
        placeholders: whole values of any column that are missing, however they are cased and punctuated.
        nicknames: groups of first names that are used for one another.
    """

    placeholders: tuple[str, ...] = ()
    nicknames: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def read(cls, path: Path) -> "OwnWords":
        """Read ``WORDS.toml``: ``placeholders = ["TBD"]``, ``nicknames = [["Chuyito", "Jesus"]]``.

        Raises:
            BadVocabulary: not TOML, or something else in it.
        """
        try:
            content = bounded.read_at_most(path, _BIGGEST)
            if content is None:
                raise BadVocabulary(problem="too large")
            given = bounded.toml(content.decode("utf-8-sig"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            raise BadVocabulary(problem="not a TOML file") from None
        if not set(given) <= {"placeholders", "nicknames"}:
            raise BadVocabulary(problem="another key than placeholders and nicknames")
        words, groups = given.get("placeholders", []), given.get("nicknames", [])
        lists = [words, *groups] if isinstance(groups, list) else [None]
        if not all(_are_texts(one) for one in lists):
            raise BadVocabulary(problem="no list of texts, or of lists of texts")
        return cls(tuple(words), tuple(tuple(group) for group in groups))

    def as_json(self) -> dict[str, int | str]:
        """How many there are, and what tells them from others; never the words."""
        text = json.dumps(asdict(self)).encode()
        counts = {"placeholders": len(self.placeholders), "nicknames": len(self.nicknames)}
        return counts | {"digest": hashlib.sha256(text).hexdigest()[:16]}


NO_WORDS: Final = OwnWords()


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(text, str) for text in values)  # pyright: ignore[reportUnknownVariableType]
