"""Whatever becomes of a file, it is read as it was, or not at all."""

import io

import pyarrow.csv as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import steady
from crypto.errors import FileChanged
from systems.tabular import stream_texts
from tests.examples import examples


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(steady, "BLOCK", 16)


def opened(path):
    told = []
    return steady.SteadyFile(path.open("rb"), told.append), told


@given(
    data=st.binary(max_size=70),
    moves=st.lists(
        st.tuples(st.sampled_from([0, 1, 2]), st.integers(-80, 80), st.integers(-1, 40))
    ),
)
@examples(100)
def test_it_reads_as_its_bytes_do(tmp_path_factory, data, moves):
    path = tmp_path_factory.mktemp("steady") / "f"
    path.write_bytes(data)
    file, told = opened(path)
    assert b"".join(told) == data
    ours, plain = file.open("rb"), io.BytesIO(data)
    for whence, offset, size in moves:
        place = {0: 0, 1: plain.tell(), 2: len(data)}[whence] + offset
        if place >= 0:
            assert ours.seek(offset, whence) == plain.seek(offset, whence)
        assert ours.read(size) == plain.read(size)
    with file.copied() as copy:
        assert copy.read_bytes() == data


@given(data=st.binary(min_size=1, max_size=70), place=st.integers(0, 69), cut=st.booleans())
@examples(100)
def test_a_byte_that_changed_or_is_gone_is_noticed(tmp_path_factory, data, place, cut):
    path, place = tmp_path_factory.mktemp("steady") / "f", place % len(data)
    path.write_bytes(data)
    file, _ = opened(path)
    path.write_bytes(
        data[:place] if cut else data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    )
    with pytest.raises(FileChanged):
        file.open("rb").read()
    with pytest.raises(FileChanged), file.copied():
        pass


def test_a_table_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(steady, "BLOCK", 1 << 12)
    path = tmp_path / "cohort.csv"
    text = "id,name\n" + "".join(f"{i},Zzyzx{i}\n" for i in range(5_000))
    path.write_text(text)
    file, _ = opened(path)
    stream = stream_texts(file, role="cohort")
    assert stream.rows == 5_000
    (part,) = stream.parts(["name"])
    assert part.equals(pc.read_csv(path).select(["name"]).cast(part.schema))
    path.write_text(text.replace("Zzyzx4999", "Zzyzx4998"))
    with pytest.raises(FileChanged) as refused:
        list(stream.parts(["name"]))
    assert "Zzyzx" not in str(refused.value)
