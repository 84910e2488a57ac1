"""Research ids and row order: HMAC-SHA-256 under a project's secret.

Within a project the same value under the same label has the same id; across projects, and without
the secret, nothing connects two ids or an id and its value. Labels keep uses apart (``person`` and
``order``). The caller checks that distinct values got distinct ids before it releases any.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from crypto.secret import Secret

ID_BYTES = 15  # 120 bits: two of a billion ids are alike with probability 4e-19
ID_LENGTH = ID_BYTES * 8 // 5  # 24 characters
_ALPHABET = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", dtype=np.uint8)  # RFC 4648 § 6
_ORDER_BYTES = 8


def research_ids(secret: Secret, label: str, values: pa.Array | Sequence[object]) -> pa.Array:
    """Give each value its research id: 24 letters and digits, null where the value is null.

    Args:
        secret: the project's.
        label: the kind of thing that is identified.
        values: strings, or anything that Arrow casts to strings (whole numbers, dates); equal
            text means equal id.
    """
    digests, codes = _digests(secret, f"research-id/{label}", values)
    raw = np.frombuffer(b"".join(d[:ID_BYTES] for d in digests), dtype=np.uint8)
    return _base32(raw.reshape(-1, ID_BYTES)).take(codes)


def order_keys(secret: Secret, label: str, values: pa.Array | Sequence[object]) -> pa.Array:
    """Give each value a key (uint64, null where null) to sort by: a secret, stable shuffle.

    Two of ten million values share a key with probability 3e-6; break ties by the value itself.
    """
    return _uint64(secret, f"row-order/{label}", values)


def record_keys(secret: Secret, label: str, values: pa.Array | Sequence[object]) -> pa.Array:
    """Give each record the key (uint64, null where null) that its share in a cell's noise comes from."""
    return _uint64(secret, f"record-key/{label}", values)


def _uint64(secret: Secret, label: str, values: pa.Array | Sequence[object]) -> pa.Array:
    digests, codes = _digests(secret, label, values)
    raw = np.frombuffer(b"".join(d[:_ORDER_BYTES] for d in digests), dtype=">u8")
    return pa.array(raw.astype(np.uint64)).take(codes)


def _digests(
    secret: Secret, label: str, values: pa.Array | Sequence[object]
) -> tuple[list[bytes], pa.Array]:
    """Digest each distinct value once; also, for each row, which of them is its own."""
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    text = pc.cast(array, pa.string())
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    encoded = text.dictionary_encode()
    # a copied context spares the two key blocks: three times as fast as a new HMAC each
    keyed = HMAC(secret.derive(label), hashes.SHA256())
    distinct = encoded.dictionary.cast(pa.binary()).to_pylist()
    return [_digest(keyed.copy(), value) for value in distinct], encoded.indices


def _digest(mac: HMAC, value: bytes) -> bytes:
    mac.update(value)
    return mac.finalize()


def _base32(raw: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]") -> pa.Array:
    """Spell rows of 15 bytes as 24 characters each (RFC 4648, lower case, no padding)."""
    count = len(raw)
    bits = np.unpackbits(raw, axis=1).reshape(count, ID_LENGTH, 5)
    weights = np.array([16, 8, 4, 2, 1], dtype=np.uint8)
    letters = _ALPHABET[bits @ weights]
    offsets = np.arange(0, (count + 1) * ID_LENGTH, ID_LENGTH, dtype=np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters))]
    return pa.Array.from_buffers(pa.large_string(), count, buffers).cast(pa.string())
