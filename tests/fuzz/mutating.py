"""What a fuzzer does to a valid file: to its bytes, and to the parts of an archive before it is packed again."""

import io
import random
import zipfile

# What formats of ours stumble over: ends, quotes, brackets, lengths, numbers at the edge of their width.
_TOKENS = (
    b"\0", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"'", b"\n", b"\r", b",", b";", b"\t", b"[", b"]", b"{", b"}",
    b".", b"..", b"=", b"-", b"0", b"1e999", b"nan", b"9" * 400, b"9223372036854775808", b"0x" + b"f" * 40, b"TOTAL",
    b"[" * 200, b"{" * 200, b'"""', b"a." * 200, b"<", b"&e;", b"]]>", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x00\x00",
    b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\xff" * 8, b"PAR1", b"PK\x03\x04", b"-----BEGIN CERTIFICATE-----\n",
    "\u202e".encode(), "é".encode("cp1252"), "Ñ".encode(), b"\xc3", b"2024-02-30", b"true", b"null",
)  # fmt: skip


def mutated(seed: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """A seed after one to five changes; of an archive often of a part of it."""
    if seed.startswith(b"PK\x03\x04") and chance.random() < 0.7:
        return _part(seed, chance, others)
    data = bytearray(seed)
    for _ in range(chance.randint(1, 5)):
        _change(data, chance, others)
    return bytes(data)


def _change(data: bytearray, chance: random.Random, others: list[bytes]) -> None:
    at = chance.randint(0, len(data))
    end = min(len(data), at + chance.choice((1, 1, 2, 4, 8, 40, 400)))
    what = chance.randrange(8)
    if what == 0 and at < len(data):
        data[at] ^= 1 << chance.randrange(8)
    elif what == 1:
        data[at:end] = b""
    elif what == 2:
        data[at:at] = chance.choice(_TOKENS)
    elif what == 3:
        data[at:end] = chance.choice(_TOKENS)
    elif what == 4:
        data[at:at] = data[at:end] * chance.choice((1, 2, 50, 1000))
    elif what == 5:
        del data[at:]
    elif what == 6:
        other = chance.choice(others)
        start = chance.randint(0, len(other))
        data[at:end] = other[start : start + chance.choice((8, 80, 800))]
    else:
        data[at:end] = chance.randbytes(end - at)
    del data[1 << 20 :]


def _part(seed: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(seed)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    name = chance.choice(list(parts))
    changed = bytearray(parts[name])
    for _ in range(chance.randint(1, 3)):
        _change(changed, chance, [*others, *parts.values()])
    parts[name] = bytes(changed)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in parts.items():
            new.writestr(name, data)
    return sink.getvalue()
