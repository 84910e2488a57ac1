"""Advisories brought here: compared as packaging compares, bounded, and a file that is none is refused."""

import json
import zipfile

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pipelines.deployment import advisories
from pipelines.deployment.advisories import in_range, known_weaknesses
from pipelines.deployment.doctor.machine import check_advisories
from pipelines.errors import AdvisoriesUnusable
from tests.examples import examples

HERE = {"jinja2": "3.1.2", "some-lib": "1.0rc1"}


def advisory(
    number="GHSA-aaaa", package="Jinja2", events=({"introduced": "0"}, {"fixed": "3.1.3"}), **more
):
    ranges = [
        {"type": "ECOSYSTEM", "events": [*events]},
        {"type": "GIT", "events": [{"introduced": "0"}]},
    ]
    affected = [{"package": {"ecosystem": "PyPI", "name": package}, "ranges": ranges}]
    return {"id": number, "modified": "2026-11-01T00:00:00Z", "affected": affected} | more


def zipped(tmp_path, *documents):
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for place, document in enumerate(documents):
            archive.writestr(
                f"{place}.json", document if isinstance(document, bytes) else json.dumps(document)
            )
    return tmp_path / "all.zip"


def found(tmp_path, *documents):
    return [
        (w.ids[0], w.package, w.mended)
        for w in known_weaknesses(zipped(tmp_path, *documents), HERE)[0]
    ]


@pytest.mark.parametrize(
    ("changes", "concerned"),
    [
        ({}, True),
        ({"package": "jinja_2"}, False),
        ({"package": "Some_Lib", "events": [{"introduced": "0"}, {"fixed": "1.0"}]}, True),
        ({"events": [{"introduced": "0"}, {"fixed": "3.1.2"}]}, False),
        ({"events": [{"introduced": "3.1.2"}]}, True),
        ({"events": [{"introduced": "3"}, {"last_affected": "3.1.2"}]}, True),
        ({"events": [{"introduced": "3"}, {"last_affected": "3.1.1"}]}, False),
        ({"events": [{"introduced": "0"}, {"fixed": "1"}, {"introduced": "3"}, {"fixed": "4"}]}, True),
        ({"events": [{"introduced": "what?"}]}, True),
        ({"withdrawn": "2026-11-02T00:00:00Z"}, False),
    ],
)  # fmt: skip
def test_an_advisory_is_about_the_versions_that_it_names(tmp_path, changes, concerned):
    assert bool(found(tmp_path, advisory(**changes))) == concerned


def test_versions_that_are_listed_count_and_one_weakness_is_told_once(tmp_path):
    listed = advisory("PYSEC-1", aliases=["GHSA-aaaa"])
    listed["affected"][0] = {
        "package": {"ecosystem": "PyPI", "name": "jinja2"},
        "versions": ["3.1.2"],
    }
    other = advisory("GHSA-bbbb")
    other["affected"][0]["package"]["ecosystem"] = "npm"
    assert found(tmp_path, advisory(), listed, other) == [("GHSA-aaaa", "jinja2", ("3.1.3",))]
    assert found(tmp_path, listed) == [("PYSEC-1", "jinja2", ())]


VERSIONS = st.builds("{}.{}.{}".format, *[st.integers(0, 4)] * 3)


@given(VERSIONS, VERSIONS, VERSIONS)
@examples(200)
def test_ranges_are_packagings(ours, first, fixed):
    assume(Version(first) < Version(fixed))
    said = SpecifierSet(f">={first},<{fixed}")
    assert in_range(ours, [{"introduced": first}, {"fixed": fixed}]) == said.contains(ours)


@pytest.mark.parametrize("document", [b"", b"{", b"[]", b'{"id": "x"}', b'{"id": 1, "modified": 2, "affected": 3}', b"[" * 100_000])  # fmt: skip
def test_what_is_no_advisory_stops_the_check(tmp_path, document):
    with pytest.raises(AdvisoriesUnusable):
        found(tmp_path, advisory(), document)
    (tmp_path / "one.json").write_bytes(document)
    with pytest.raises(AdvisoriesUnusable):
        known_weaknesses(tmp_path / "one.json", HERE)


def test_a_bomb_is_not_unpacked(tmp_path):
    with pytest.raises(AdvisoriesUnusable):
        found(tmp_path, b" " * (advisories._LARGEST + 1))
    whole = zipped(tmp_path, advisory()).read_bytes()
    for damaged in (whole[:-30], whole[:60] + b"x" + whole[61:]):
        (tmp_path / "all.zip").write_bytes(damaged)
        with pytest.raises(AdvisoriesUnusable):
            known_weaknesses(tmp_path / "all.zip", HERE)


def test_the_doctor_says_what_mends_it_and_that_a_file_is_old(tmp_path):
    hostile = advisory(
        "\x1b[31mX", "pytest", [{"introduced": "0"}, {"fixed": "9999"}, {"fixed": "\x1b]0;"}]
    )
    told = list(
        check_advisories(
            zipped(
                tmp_path, advisory(), hostile, advisory("GHSA-c", "pytest", [{"introduced": "0"}])
            )
        )
    )
    assert {f.state for f in told[:-1]} == {"bad"}
    assert "no version mends it yet" in " ".join(f.detail for f in told)
    assert "\x1b" not in " ".join(f.what + f.detail for f in told)
    assert told[-1].what == "advisories"
    json_file = tmp_path / "one.json"
    json_file.write_text(
        json.dumps(advisory(modified="2020-01-01T00:00:00Z", package="nothing-here"))
    )
    (old,) = check_advisories(json_file)
    assert (old.state, "bring newer ones" in old.detail) == ("note", True)
