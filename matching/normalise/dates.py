"""Birth dates in many spellings, as one whole number ``yyyymmdd``.

A year, month or day of 0 is unknown. Dates with an impossible year, month or day are kept as they are:
a mistyped date still shares its other digits with the right one. Letters that a scanner reads for
figures (``O7/l2/1984``) are read as figures. What is read: ``systems.dates`` and what a hand makes of it.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta

from matching.native import compiled, read_iso_dates
from systems.dates import PIVOT, SERIAL_DAYS

_FIRST, _LAST = 1850, 2100  # plausible birth years; a year alone, or eight digits, must be one
_NEVER = 9000  # from here on a year stands for "no idea"; below 1000 it is no year
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_ISO = re.compile(r"(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(?:[t ].*)?")
_DIGITS = re.compile(r"\d{8}")
_PARTS = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?:[t ].*)?")
_DAY_NAME = re.compile(r"(\d{1,2})[-/. ]?([a-z]{3})[a-z]*[-/., ]*(\d{4}|\d{2})(?:[t ]+\d.*)?")
_NAME_DAY = re.compile(r"([a-z]{3})[a-z]*[-/. ]*(\d{1,2})[-/., ]+(\d{4}|\d{2})(?:[t ]+\d.*)?")
_DECIMAL = re.compile(r"(\d{5,8})\.0+")  # a number that went through a spreadsheet or pandas
_SEVEN = re.compile(r"(\d)(\d{2})(\d{4})")
_SERIAL = re.compile(r"\d{4,5}(?:\.0+)?")
_DAY_NOUGHT = date(1899, 12, 30)
# a digit too few or too many
_LOST_YEAR = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](?:\d{3}|\d{5})")
_SCANNED = re.compile(
    r"[\dOoQDIl|!iZzSsBGgAT]{1,4}[-/.][\dOoQDIl|!iZzSsBGgAT]{1,2}[-/.][\dOoQDIl|!iZzSsBGgAT]{1,5}"
)
_FIGURES = str.maketrans("OoQDIl|!iZzSsBGgAT", "000011111225586947")
_YEAR = re.compile(r"(\d{4})")
_YEAR_MONTH = re.compile(r"(\d{4})[-/.](\d{1,2})")


def day_first(values: Iterable[str]) -> bool:
    """Whether a column writes the day before the month: some first part is above 12, no second."""
    first = second = 0
    for value in values:
        if match := _PARTS.fullmatch(value.strip()):
            first += int(match[1]) > 12
            second += int(match[2]) > 12
    return first > second


def birth_date(text: str, day_before_month: bool = False) -> int:
    """The date as ``yyyymmdd``, or 0 when the text is no date."""
    text = text.strip()
    if len(text) == 10 and text[4] == text[7] == "-":  # nearly all dates: no pattern is needed
        year, month, day = text[:4], text[5:7], text[8:]
        if (year + month + day).isdecimal():
            return _number(int(year), int(month), int(day))
    if _SCANNED.fullmatch(text):
        text = text.translate(_FIGURES)
    text = text.lower()
    if match := _DECIMAL.fullmatch(text):
        text = match[1]
    if match := _ISO.fullmatch(text):
        return _number(int(match[1]), int(match[2]), int(match[3]))
    if _DIGITS.fullmatch(text):
        if _FIRST <= int(text[:4]) <= _LAST:
            return int(text)
        return _number(int(text[4:]), int(text[:2]), int(text[2:4]))
    if match := _PARTS.fullmatch(text):
        a, b = int(match[1]), int(match[2])
        swap = (day_before_month and b <= 12) or a > 12
        return _number(_year(match[3]), b if swap else a, a if swap else b)
    if match := _SEVEN.fullmatch(text):
        return _number(int(match[3]), int(match[1]), int(match[2]))
    return _spelled(text)


def birth_dates(values: list[str]) -> list[int]:
    """The date of each value of a column, which says by all its values what they mean.

    The day stands before the month where some first part is above 12 and no second one; numbers of a spreadsheet's
    days are such where more than half of the values are.
    """
    made = read_iso_dates(values).tolist() if compiled() is not None else [-1] * len(values)
    others = [i for i, number in enumerate(made) if number < 0]
    left = [values[i].strip() for i in others]
    day_before_month = day_first(left)  # the year comes first in all others
    days = [bool(_SERIAL.fullmatch(text)) for text in left]
    serial = sum(days) > len(values) / 2 and any(len(text) > 4 for text in left)
    for i, text, day in zip(others, left, days, strict=True):
        made[i] = _of_serial(text) if serial and day else birth_date(text, day_before_month)
    return made


def _of_serial(text: str) -> int:
    number = int(text.partition(".")[0])
    if not SERIAL_DAYS[0] <= number <= SERIAL_DAYS[1]:
        return 0
    day = _DAY_NOUGHT + timedelta(number)
    return _number(day.year, day.month, day.day)


def _spelled(text: str) -> int:
    if match := _DAY_NAME.fullmatch(text):
        return _number(_year(match[3]), _MONTHS.get(match[2], 0), int(match[1]))
    if match := _NAME_DAY.fullmatch(text):
        return _number(_year(match[3]), _MONTHS.get(match[1], 0), int(match[2]))
    if match := _YEAR_MONTH.fullmatch(text):
        return _number(int(match[1]), int(match[2]), 0)
    if match := _YEAR.fullmatch(text):
        return _number(int(match[1]), 0, 0) if _FIRST <= int(match[1]) <= _LAST else 0
    if match := _LOST_YEAR.fullmatch(text):
        return int(match[1]) * 100 + int(match[2])
    return 0


def _year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return 2000 + year if year < PIVOT else 1900 + year


def _number(year: int, month: int, day: int) -> int:
    if not 1000 <= year < _NEVER or month > 99 or day > 99:
        return 0
    return year * 10_000 + month * 100 + day
