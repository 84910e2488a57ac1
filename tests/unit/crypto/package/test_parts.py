"""Parts sealed side by side: the order given, few in memory, and nothing after a failure."""

import io
import os
import threading

import pytest

from crypto import errors
from crypto.files import reserve
from crypto.package.sealed_package import Part, seal_parts


def numbered(count, size=70_000):
    return [Part.from_bytes(f"part-{i:03}.zip", bytes([i]) * size) for i in range(count)]


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_the_order_given_and_the_right_content(at_once, tmp_path, recipients, members, opened):
    parts = numbered(7)
    sealed = seal_parts(tmp_path, parts, recipients, at_once=at_once)
    assert [file.name for file in sealed] == [part.name + ".cms" for part in parts]
    for number, file in enumerate(sealed):
        whole = (tmp_path / file.name).read_bytes()
        assert len(whole) == file.bytes
        assert opened(whole, members["p384"][0]) == bytes([number]) * 70_000


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_generator_is_asked_only_when_a_place_is_free(at_once, tmp_path, recipients):
    lock, opened_at_once, made = threading.Lock(), [0], []

    class Counted(io.BytesIO):
        def close(self):
            if not self.closed:
                with lock:
                    opened_at_once[0] -= 1
            super().close()

    def make():
        for i in range(6):
            made.append(opened_at_once[0])
            with lock:
                opened_at_once[0] += 1
            yield Part(f"p{i}", lambda i=i: Counted(bytes([i]) * 200_000))

    seal_parts(tmp_path, make(), recipients, at_once=at_once)
    assert max(made) < at_once  # of the earlier parts; the one being made comes on top
    assert opened_at_once == [0]


def test_a_part_that_fails_stops_the_rest(tmp_path, recipients):
    class Short(io.BytesIO):
        def seek(self, at, whence=0):
            return super().seek(at, whence) + (1 if whence == io.SEEK_END else 0)

    asked = []

    def parts():
        for i in range(9):
            asked.append(i)
            yield Part(f"p{i}", (lambda: Short(b"x" * 10)) if i == 2 else lambda: io.BytesIO(b"y"))

    with pytest.raises(errors.SourceChanged):
        seal_parts(tmp_path, parts(), recipients, at_once=2)
    assert len(asked) < 9


def test_a_generator_that_fails_is_heard(tmp_path, recipients):
    def parts():
        yield Part.from_bytes("a", b"x")
        raise errors.FileUnusable

    with pytest.raises(errors.FileUnusable):
        seal_parts(tmp_path, parts(), recipients)


def test_no_part_is_an_error(tmp_path, recipients):
    with pytest.raises(errors.PartMissing):
        seal_parts(tmp_path, [], recipients)


def test_a_full_disk_is_noticed_before_anything_is_written(tmp_path, recipients, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "a path that must not be quoted")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(errors.FileUnusable) as raised:
        seal_parts(tmp_path, numbered(1), recipients)
    assert "path" not in str(raised.value)
    assert (tmp_path / "part-000.zip.cms").stat().st_size == 0


def test_a_file_system_without_reservation_is_fine(tmp_path, recipients, monkeypatch):
    def unable(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", unable)
    assert len(seal_parts(tmp_path, numbered(1), recipients)) == 1
    reserve(io.BytesIO(), 10)  # what is no file has room
