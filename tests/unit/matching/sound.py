"""The sound of one name, worked step by step: what ``names.sounds`` does to many at once."""

from matching.normalise.names import _CLASS, _REPEATED, _SPELLINGS, _VOWEL


def sound(name):
    """First letter by sound class, then consonant classes without vowels and repeats, at most five."""
    if not name:
        return ""
    word = "\n" + name.partition(" ")[0]
    for old, new in _SPELLINGS:
        word = word.replace(old, new)
    codes = _REPEATED.sub(r"\1", word.translate(_CLASS))[1:]
    return (codes[0] + codes[1:].replace(_VOWEL, ""))[:5]
