"""A text table in parts is the table read whole: every value, every refusal with its facts, and no more memory."""

from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from errors import CodedError
from systems import errors
from systems.tabular import cut, delimited, stream_texts
from systems.tabular import reading as streaming
from systems.tabular.reading import read_table
from tests.examples import examples

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "mac_roman")
cells = st.one_of(
    st.sampled_from(
        ["", "x", "Núñez", '"two\nlines"', '"a ""b"" c"', '"', "\0", "“no”", " ", '""', "\r"]
    ),
    st.text('abcé,;|\t"\r\n', max_size=6),
)


def outcome(path, rows):
    """What reading whole and in parts come to: the table, or the error's code with its facts."""
    try:
        whole = read_table(path, role="t", allow_empty=True).table
    except CodedError as refused:
        whole = (refused.code, refused.facts)
    try:
        with patch.object(streaming, "_ROWS", rows):
            stream = stream_texts(path, role="t")
            parts = list(stream.parts(stream.names))
        assert all(part.num_rows == rows for part in parts[:-1])
        assert sum(part.num_rows for part in parts) == stream.rows
        streamed = pa.concat_tables(parts)
    except CodedError as refused:
        streamed = (refused.code, refused.facts)
    return whole, streamed


@examples(100)
@given(
    st.lists(st.lists(cells, min_size=3, max_size=3), max_size=12),
    st.lists(st.tuples(st.integers(0, 12), st.lists(cells, max_size=5)), max_size=1),
    st.sampled_from(ENCODINGS),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    st.sampled_from(["", "\n", "\r\n\n"]),
    st.sampled_from([24, 60, 8 << 20]),
    st.integers(1, 5),
)
@example([["1", "b", '"never closed\nx']], [], "cp1252", ",", "\n", "\n", 8 << 20, 2)
@example([["1", "b", "c"]] * 9, [(4, ["x"])], "utf-16", ";", "\n", "\n", 24, 2)
@example([["1", "b", '"' + "y" * 90 + '"']], [], "utf-8", ",", "\n", "\n", 24, 2)
@example([["1", "\0", "c"]], [], "utf-8", ",", "\n", "\n", 24, 2)
def test_in_parts_a_text_is_what_it_is_whole(
    rows, ragged, encoding, delimiter, newline, end, block, size
):
    for at, record in ragged:
        rows = [*rows[:at], record, *rows[at:]]
    lines = [delimiter.join(record) for record in [["id", "name ", "note"], *rows]]
    content = (newline.join(lines) + end).encode(encoding, "replace")
    with TemporaryDirectory(dir="/dev/shm") as folder, patch.object(delimited, "_BLOCK", block):
        path = Path(folder, "t.csv")
        path.write_bytes(content)
        whole, streamed = outcome(path, size)
    if isinstance(whole, pa.Table):
        assert isinstance(streamed, pa.Table), streamed
        assert streamed.combine_chunks().equals(whole.combine_chunks())
    else:
        assert streamed == whole


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_part_is_all_of_a_text_that_is_in_memory(tmp_path, encoding):
    path, before = tmp_path / "t.csv", pa.total_allocated_bytes()
    with path.open("w", encoding=encoding) as file:
        file.write("id,name\n")
        for start in range(0, 300_000, 1000):
            file.write("".join(f"{i},{i:060d}\n" for i in range(start, start + 1000)))
    with patch.object(delimited, "_BLOCK", 1 << 16), patch.object(streaming, "_ROWS", 10_000):
        stream = stream_texts(path, role="t")
        rows = most = 0
        for part in stream.parts(["name"]):
            rows += part.num_rows
            most = max(most, pa.total_allocated_bytes() - before)
    assert rows == 300_000
    assert most < 6 << 20  # a third of the 20 MB of text


def test_a_text_that_changes_after_it_was_looked_at_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,name\n1,a\n2,b\n")
    stream = stream_texts(path, role="t")
    path.write_text("id,name\n1,a\n2,b\n3,c\n")
    with pytest.raises(errors.FormatUnknown):
        list(stream.parts(["id"]))


@examples(40)
@given(st.lists(st.integers(0, 7), max_size=6), st.integers(1, 5))
def test_cut_keeps_every_row_in_its_place(sizes, rows):
    table = pa.table({"n": list(range(sum(sizes)))})
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    given_ = [table.slice(at, size) for at, size in zip(starts, sizes, strict=True)]
    parts = list(cut(given_, rows))
    assert bool(parts) == bool(sizes)
    assert all(part.num_rows == rows for part in parts[:-1])
    assert [n for part in parts for n in part["n"].to_pylist()] == table["n"].to_pylist()
