"""From text to codes that can be compared; nothing here compares."""

from matching.normalise.dates import birth_date, day_first
from matching.normalise.encoding import (
    CODED,
    READ,
    Begun,
    Encoded,
    Side,
    common,
    encode,
    encode_raw,
    raw,
    slices,
)
from matching.normalise.names import nickname_pairs
from matching.normalise.vocabulary import Dictionary, NameParts, Vocabulary

__all__ = [
    "CODED",
    "READ",
    "Begun",
    "Dictionary",
    "Encoded",
    "NameParts",
    "Side",
    "Vocabulary",
    "birth_date",
    "common",
    "day_first",
    "encode",
    "encode_raw",
    "nickname_pairs",
    "raw",
    "slices",
]
