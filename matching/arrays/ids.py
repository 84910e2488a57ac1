"""Ids of rows: numbered, and looked through for blanks."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.arrow import EMPTY, array, column, filled, pc
from matching.native import library, texts

Rows = npt.NDArray[np.int32]


def number_ids(ids: pa.ChunkedArray) -> tuple[Rows, Rows]:
    """A number for each row's id (in order of first appearance) and each id's first row."""
    if library.LIBRARY is not None and pa.types.is_string(ids.type):
        return texts.numbered_texts(ids)
    encoded: Any = pc.dictionary_encode(ids.combine_chunks())
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
        encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    number = array(encoded.indices)
    first = np.full(len(encoded.dictionary), len(number), np.int32)
    np.minimum.at(first, number, np.arange(len(number), dtype=np.int32))
    return number, first


def blank(values: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
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


def _odd(values: pa.ChunkedArray, written: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
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
