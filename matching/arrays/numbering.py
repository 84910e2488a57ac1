"""Values and ids numbered, and sets of them, by hashing or binary search: sorting whole arrays would be slow."""

from typing import Any

import numpy as np
import pyarrow as pa

from matching.arrays.joining import extend_hash, finish_hash, start_hash
from matching.arrow import EMPTY, Bools, Ints, Numbers, Rows, array, column, filled, pc
from matching.native import compiled, number_texts, number_values, renumber

_ROOMY = 4  # numbers for each value that need not be used
_PART = (
    1 << 21
)  # rows whose values are numbered together: a table of 29 million values takes a gigabyte, at random


def numbered(values: Numbers) -> tuple[Ints, int]:
    """Each value's number in order of first appearance, and how many values there are."""
    number, many = _numbered(values)
    return number.astype(np.int64, copy=False), many


def row_numbers(values: Numbers) -> tuple[Rows, int]:
    """The same in 32 bits, for what is no part of a larger number."""
    number, many = _numbered(values)
    return number.astype(np.int32, copy=False), many


def _numbered(values: Numbers) -> tuple[Numbers, int]:
    if not len(values):
        return np.empty(0, np.int32), 0
    if bool((values[1:] >= values[:-1]).all()):  # as rows of sorted pairs are
        number = np.zeros(len(values), np.int32)
        np.cumsum(values[1:] != values[:-1], out=number[1:])
        return number, int(number[-1]) + 1
    if compiled() is not None:
        most = min(_ROOMY * len(values), np.iinfo(np.int32).max)
        if int(values.min()) >= 0 and int(values.max()) < most:
            small, which = renumber(values.astype(np.int32, copy=False))
            return small, len(which)
        return number_values(values.astype(np.int64, copy=False))
    encoded = column(values).dictionary_encode()
    return array(encoded.indices), len(encoded.dictionary)


def in_parts(first: Numbers, second: Numbers, rows: Rows) -> list[Rows]:
    """The rows in parts of some two million, each in order: rows of the same two numbers are in the same part."""
    parts = max(1, -(-len(rows) // _PART))
    if parts == 1:
        return [rows]
    which = np.empty(len(rows), np.uint8)
    for begin in range(0, len(rows), _PART):
        some = rows[begin : begin + _PART]
        hashes = start_hash(first[some].astype(np.int64))
        hashes = finish_hash(extend_hash(hashes, second[some].astype(np.int64)))
        which[begin : begin + _PART] = hashes % np.uint64(parts)
    return [rows[which == part] for part in range(parts)]


def first_places(number: Ints) -> Ints:
    """Where each number stands first, of numbers in order of first appearance."""
    return np.flatnonzero(np.diff(np.maximum.accumulate(number), prepend=-1))


def some_numbers(values: Numbers) -> tuple[Numbers, int]:
    """A number for each value, in some order, and a bound of them: values close together number themselves."""
    if not len(values):
        return values, 0
    low = int(values.min())
    room = int(values.max()) - low + 1
    return (values - low, room) if room <= _ROOMY * len(values) else numbered(values)


def among(values: Numbers, sorted_keys: Ints) -> Bools:
    """Which values are among a (short, sorted) list of keys."""
    found = np.zeros(len(values), np.bool_)
    for begin in range(0, len(values) if len(sorted_keys) else 0, _PART):
        some = values[begin : begin + _PART]
        place = np.minimum(np.searchsorted(sorted_keys, some), len(sorted_keys) - 1)
        found[begin : begin + _PART] = sorted_keys[place] == some
    return found


def within(numbers: Numbers, chosen: Ints) -> Bools:
    """Which numbers (small, not negative) are among the chosen ones."""
    flags = np.zeros(int(numbers.max(initial=-1)) + 1, np.bool_)
    flags[chosen] = True
    return flags[numbers]


def count_distinct(numbers: Numbers) -> int:
    """How many different numbers (small, not negative) there are."""
    flags = np.zeros(int(numbers.max(initial=-1)) + 1, np.bool_)
    flags[numbers] = True
    return int(flags.sum())


def number_ids(ids: pa.ChunkedArray) -> tuple[Rows, Rows]:
    """A number for each row's id (in order of first appearance) and each id's first row."""
    if compiled() is not None and pa.types.is_string(ids.type):
        return number_texts(ids)
    if pa.types.is_integer(ids.type) and not ids.null_count:
        numbers = numbered(array(ids))[0]
        return numbers.astype(np.int32), first_places(numbers).astype(np.int32)
    encoded: Any = pc.dictionary_encode(ids.combine_chunks())
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
        encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    number = array(encoded.indices)
    first = np.full(len(encoded.dictionary), len(number), np.int32)
    np.minimum.at(first, number, np.arange(len(number), dtype=np.int32))
    return number, first


def blank(values: pa.ChunkedArray) -> Bools:
    """Which texts are null, empty or white space."""
    lengths = array(filled(pc.binary_length(values)))
    result = lengths <= 0
    # only what begins with a byte that no letter or figure has is looked at as a text
    perhaps = np.flatnonzero(~result & _odd(values, lengths > 0))
    if len(perhaps):
        text = pc.utf8_trim_whitespace(values.take(column(perhaps)))
        result[perhaps] = array(pc.equal(text, EMPTY))
    return result


_PLAIN = np.zeros(256, np.bool_)
_PLAIN[33:127] = True


def _odd(values: pa.ChunkedArray, written: Bools) -> Bools:
    """Which texts that are written begin with no visible ASCII character."""
    result, at = written.copy(), 0
    for chunk in values.chunks:
        here = np.flatnonzero(written[at : at + len(chunk)])
        if len(here):
            _, offsets, data = chunk.buffers()
            starts = np.frombuffer(offsets, np.int32, len(chunk), 4 * chunk.offset)
            result[at + here] = ~_PLAIN[np.frombuffer(data, np.uint8)[starts[here]]]
        at += len(chunk)
    return result
