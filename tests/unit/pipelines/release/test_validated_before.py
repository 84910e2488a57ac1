"""A report that a killed run had attached is taken again only for the extract that it is about."""

import json
from types import SimpleNamespace

import pytest

from approvals.custody.state import Status
from pipelines.release.stages import validate
from pipelines.release.staging import StageRecord

FILES = {"staging/extract.parquet": "aa"}


@pytest.fixture
def context(tmp_path, monkeypatch):
    monkeypatch.setattr(validate, "report_file", lambda *_: None)
    (tmp_path / "verdicts").mkdir()
    verdict = SimpleNamespace(passed=True, checks=(), warnings=(), failed=(), rows=3)
    return SimpleNamespace(
        folder=tmp_path,
        release="r",
        session=None,
        order=SimpleNamespace(project="p"),
        state=SimpleNamespace(status=Status.WAITING_APPROVAL, report="ab"),
        validations=lambda: {"extract": verdict},
        records=SimpleNamespace(verified=lambda _: StageRecord("extract", FILES)),
    )


def note(context, files):
    (context.folder / "verdicts" / "extract-files.json").write_text(json.dumps(files))


def test_the_same_extract_has_its_report(context):
    note(context, FILES)
    found = validate._attached_before(context)
    assert found is not None
    assert found.facts["report"] == "ab"


def test_another_extract_is_validated_anew(context):
    note(context, {"staging/extract.parquet": "bb"})
    assert validate._attached_before(context) is None


def test_a_verdict_that_does_not_say_what_it_is_about_is_none(context):
    assert validate._attached_before(context) is None
