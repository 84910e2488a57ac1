"""Files of an attacker, small on disk: each maker writes one under a path. What they do stands in their first lines."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEET = "xl/worksheets/sheet1.xml"


def workbook(path: Path, change: Callable[[dict[str, bytes]], None], sheets: int = 1) -> Path:
    """A workbook of two cells, its parts changed."""
    book = openpyxl.Workbook()
    book.active.append(["id", "last_name"])
    book.active.append(["1", "Smith"])
    for number in range(1, sheets):
        book.create_sheet(f"s{number}")
    sink = io.BytesIO()
    book.save(sink)
    with zipfile.ZipFile(sink) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in parts.items():
            new.writestr(name, data)
    return path


def sheet_of(rows: str, dimension: str = "A1:B2", doctype: str = "") -> bytes:
    """A sheet's XML."""
    return (
        f'<?xml version="1.0"?>{doctype}<worksheet xmlns="{_MAIN}"><dimension ref="{dimension}"/>'
        f"<sheetData>{rows}</sheetData></worksheet>"
    ).encode()


def row(number: int, **cells: str) -> str:
    """A row of texts, by the letters of their columns."""
    texts = "".join(
        f'<c r="{letter}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
        for letter, text in cells.items()
    )
    return f'<row r="{number}">{texts}</row>'


GOOD = row(1, A="id", B="last_name") + row(2, A="1", B="Smith")


def of_sheet(xml: bytes) -> Callable[[Path], Path]:
    """A workbook with this sheet."""
    return lambda path: workbook(path, lambda parts: parts.update({_SHEET: xml}))


def laughs(path: Path) -> Path:
    """A billion laughs: ten entities, each ten of the one before."""
    entities = '<!ENTITY e0 "ha">' + "".join(
        f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10)
    )
    doctype = f"<!DOCTYPE worksheet [{entities}]>"
    return of_sheet(sheet_of(row(1, A="id", B="&e9;"), doctype=doctype))(path)


def quadratic(path: Path) -> Path:
    """One entity of 100 KB, told 20,000 times: 2 GB."""
    doctype = f'<!DOCTYPE worksheet [<!ENTITY e "{"x" * 100_000}">]>'
    return of_sheet(sheet_of(row(1, A="id", B="&e;" * 20_000), doctype=doctype))(path)


def outside_entity(path: Path) -> Path:
    """An entity that is a file of this machine."""
    doctype = '<!DOCTYPE worksheet [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    return of_sheet(sheet_of(row(1, A="id", B="&e;"), doctype=doctype))(path)


def wide_rows(path: Path) -> Path:
    """A cell at the right edge of each of many rows: 16,384 cells each."""
    rows = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(2, 30_000))
    return of_sheet(sheet_of(row(1, A="id", XFD="x") + rows))(path)


def far_row(path: Path) -> Path:
    """A row whose number is a billion billion: readers fill in the rows before."""
    return of_sheet(sheet_of(GOOD + '<row r="1000000000000000000"><c><v>1</v></c></row>'))(path)


def shared_strings(path: Path) -> Path:
    """Shared strings of 500 MB, packed to 2 MB: the memory given, and an arena of malloc that is reserved already, are less."""
    text = b"<si><t>" + b"x" * (1 << 20) + b"</t></si>"

    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"

    def change(parts: dict[str, bytes]) -> None:
        listed = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
        parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
            b"</Types>", listed.encode()
        )

    workbook(path, change)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as book,
        book.open("xl/sharedStrings.xml", "w", force_zip64=True) as part,
    ):
        part.write(f'<sst xmlns="{_MAIN}">'.encode())
        for _ in range(500):
            part.write(text)
        part.write(b"</sst>")
    return path


def many_sheets(path: Path) -> Path:
    """Six thousand sheets."""

    def change(parts: dict[str, bytes]) -> None:
        for number in range(2, 6000):
            parts[f"xl/worksheets/sheet{number}.xml"] = parts[_SHEET]

    return workbook(path, change)


def nested_xml(path: Path) -> Path:
    """Two hundred thousand elements, each inside the one before."""
    return of_sheet(sheet_of("<x>" * 200_000))(path)


def lying_sizes(path: Path) -> Path:
    """A part that unpacks to 100 MB and says that it has ten bytes."""
    of_sheet(sheet_of(GOOD))(path)
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()
    with zipfile.ZipFile(path, "a") as book:
        book.writestr("xl/big.xml", b"x" * 10)
    data = path.read_bytes()
    at = data.rindex(b"PK\x01\x02")  # the last entry, which is the big one
    size = struct.pack("<II", len(packed), 10)
    start = struct.unpack_from("<I", data, at + 42)[0]
    central = data[at : at + 10] + struct.pack("<H", 8) + data[at + 12 : at + 20] + size + data[at + 28 :]  # fmt: skip
    name = len("xl/big.xml")
    local = data[start : start + 8] + struct.pack("<H", 8) + data[start + 10 : start + 18] + size + data[start + 26 : start + 30 + name]  # fmt: skip
    end = central.rindex(b"PK\x05\x06")
    whole = data[:start] + local + packed
    before = data[data.index(b"PK\x01\x02") : at]
    directory = before + central[:end]
    tail = bytearray(central[end:])
    tail[12:20] = struct.pack("<II", len(directory), len(whole))
    path.write_bytes(whole + directory + bytes(tail))
    return path


def overlapping(path: Path) -> Path:
    """A directory that names one part of 1 MB ten thousand times."""
    of_sheet(sheet_of(GOOD))(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/big.xml", bytes(1 << 20))
        last = book.infolist()[-1]
        for number in range(10_000):
            again = zipfile.ZipInfo(f"xl/{number:05}.xml")
            again.compress_type, again.header_offset = last.compress_type, last.header_offset
            again.CRC, again.compress_size, again.file_size = last.CRC, last.compress_size, last.file_size  # fmt: skip
            book.filelist.append(again)
            book.NameToInfo[again.filename] = again
    return path


def outside_relation(path: Path) -> Path:
    """A workbook whose first sheet is said to be on another machine."""

    def change(parts: dict[str, bytes]) -> None:
        name = "xl/_rels/workbook.xml.rels"
        parts[name] = parts[name].replace(
            b'Target="/xl/worksheets/sheet1.xml"',
            b'Target="http://192.0.2.1/sheet1.xml" TargetMode="External"',
        )

    return workbook(path, change)


# -- Parquet


def long_texts(path: Path) -> Path:
    """A dictionary of one text of 1 MB, told a hundred thousand times: 100 GB."""
    places = pa.array(range(100_000), pa.int32())
    column = pa.DictionaryArray.from_arrays(pc.multiply(places, 0), pa.array(["x" * (1 << 20)]))
    table = pa.table({"id": places, "last_name": column})
    pq.write_table(
        table, path, compression="zstd", store_schema=False, write_statistics=False,
        dictionary_pagesize_limit=1 << 30,
    )  # fmt: skip
    return path


def packed_page(path: Path) -> Path:
    """A page that unpacks to 400 MB."""
    table = pa.table({"id": pa.array(["x" * (1 << 20)] * 400)})
    pq.write_table(table, path, compression="zstd", use_dictionary=False, data_page_size=1 << 34)
    return path


def deep(path: Path) -> Path:
    """Structures in structures, two hundred deep."""
    kind = pa.string()
    for _ in range(200):
        kind = pa.struct([("x", kind)])
    pq.write_table(pa.table({"id": pa.nulls(1, kind)}), path)
    return path


def many_columns(path: Path) -> Path:
    """Five thousand columns."""
    pq.write_table(pa.table({f"c{i}": ["1"] for i in range(5000)}), path)
    return path


def many_row_groups(path: Path) -> Path:
    """Five thousand row groups of one row."""
    pq.write_table(pa.table({"id": [str(i) for i in range(5000)]}), path, row_group_size=1)
    return path


def lying_rows(path: Path) -> Path:
    """A footer that says a trillion rows where there are three."""
    pq.write_table(pa.table({"id": ["1", "2", "3"]}), path, store_schema=False)
    data = path.read_bytes()
    size = struct.unpack("<I", data[-8:-4])[0]
    footer = data[-8 - size : -8]
    # the file's num_rows: field 3 of FileMetaData, an i64 after the list of the schema's elements
    at = footer.index(b"\x16\x06")
    changed = footer[: at + 1] + bytes([0x80, 0xC0, 0xCA, 0xF3, 0x84, 0xA3, 0x02]) + footer[at + 2 :]  # fmt: skip
    path.write_bytes(data[: -8 - size] + changed + struct.pack("<I", len(changed)) + b"PAR1")
    return path


def lying_offsets(path: Path) -> Path:
    """Pages that are said to lie beyond the file."""
    pq.write_table(pa.table({"id": ["1", "2", "3"] * 1000}), path)
    data = bytearray(path.read_bytes())
    size = struct.unpack("<I", data[-8:-4])[0]
    for at in range(len(data) - 8 - size, len(data) - 8):
        if data[at] == 0x26:  # a field of 64 bits: offsets and sizes
            data[at + 1] |= 0x40
    path.write_bytes(bytes(data))
    return path


def no_text(path: Path) -> Path:
    """A column of texts that are none in UTF-8."""
    column = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(struct.pack("<ii", 0, 2)), pa.py_buffer(b"\xff\xfe")]
    )
    pq.write_table(pa.table({"id": ["1"], "last_name": column}), path)
    return path


def wide_values(path: Path) -> Path:
    """A column of no value, each of which would have 64 MB: Arrow gives room for all."""
    column = pa.nulls(3000, pa.binary(1)).cast(pa.binary())
    kind = pa.binary(64 << 20)
    empty = pa.Array.from_buffers(kind, 0, [None, pa.py_buffer(b"")])
    pq.write_table(pa.table({"id": empty}), path)
    written = pa.schema([pa.field("id", pa.binary())])
    with pq.ParquetWriter(path, written, store_schema=False) as writer:
        writer.add_key_value_metadata(
            {"ARROW:schema": _encoded(pa.schema([pa.field("id", pa.list_(pa.string(), 1 << 30))]))}
        )
        writer.write_table(pa.table({"id": column}))
    return path


def _encoded(schema: pa.Schema) -> bytes:
    import base64

    return base64.b64encode(schema.serialize().to_pybytes())


WORKBOOKS = (
    laughs, quadratic, outside_entity, wide_rows, far_row, shared_strings, many_sheets, nested_xml, lying_sizes,
    overlapping, outside_relation,
)  # fmt: skip
PARQUETS = (
    long_texts, packed_page, deep, many_columns, many_row_groups, lying_rows, lying_offsets, no_text, wide_values,
)  # fmt: skip
