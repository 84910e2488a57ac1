"""Streets, lightly parsed: a house number and a street name in one spelling."""

from matching.normalise.names import fold

_TYPES = {
    "street": "st", "str": "st", "avenue": "av", "ave": "av", "boulevard": "bl", "blvd": "bl",
    "road": "rd", "drive": "dr", "lane": "ln", "court": "ct", "place": "pl", "circle": "cir",
    "terrace": "ter", "highway": "hwy", "parkway": "pkwy", "square": "sq", "crescent": "cres",
    "north": "n", "south": "s", "east": "e", "west": "w", "saint": "st", "mount": "mt",
    "first": "1", "1st": "1", "second": "2", "2nd": "2", "third": "3", "3rd": "3", "fourth": "4",
    "4th": "4", "fifth": "5", "5th": "5", "sixth": "6", "6th": "6", "seventh": "7", "7th": "7",
    "eighth": "8", "8th": "8", "ninth": "9", "9th": "9", "tenth": "10", "10th": "10",
}  # fmt: skip
DOORS = frozenset(
    [
        "apartment",
        "apt",
        "unit",
        "suite",
        "ste",
        "rm",
        "room",
        "spc",
        "space",
        "lot",
        "fl",
        "bldg",
        "no",
    ]
)  # from there on it is a door, not a street
# House number at the start, perhaps with a letter ("12B"); it is cut off before this runs.
NUMBER = r"^\s*(\d{1,9})[A-Za-z]?(?:[-/]\d+)?(?:\s|,|$)"


def street_name(text: str) -> str:
    """The name of a street: ``"Main Street, Apt 4"`` → ``"main st"``."""
    if text.isascii() and text.replace(" ", "").isalnum():
        words = text.lower().split()
    else:
        words = fold(text.partition("#")[0]).split()
    if not DOORS.isdisjoint(words):
        words = words[: next(i for i, word in enumerate(words) if word in DOORS)]
    return " ".join(map(_TYPES.get, words, words))


def place_name(text: str) -> str:
    """A city or county name in one spelling (leading zeros of a county code are kept)."""
    return " ".join(["st" if word == "saint" else word for word in fold(text).split()])
