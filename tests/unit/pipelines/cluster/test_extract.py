"""Shares of an identified extract as workers do them: the same rows, findings and refusals, and nothing plain on the way."""

import json
import secrets

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.resting import shared_secret, staging
from crypto.secret import StagingKey
from extracts.errors import FormatCannotHold
from extracts.shares import Looked
from pipelines.cluster import dask_backend, kinds, shards
from pipelines.cluster.errors import ShardDoesNotHold, WorkerDiffers
from tests.examples import examples
from tests.unit.extracts.making import made_up_checks, made_up_extract

ROWS = 60
SSN = "123-45-6789"


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    path = tmp_path_factory.mktemp("secret") / "cluster.key"
    shared_secret.make_shared_secret(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(shared_secret.VARIABLE, str(path))
        yield shared_secret.read_shared_secret()


@pytest.fixture(scope="module")
def handed_over(tmp_path_factory, secret):
    """Hands an extract over, share by share: its folder, the key, and how many."""

    def hand_over(made, supplied, rows, formats=()):
        folder = shards.new_folder(tmp_path_factory.mktemp("shared"), "R1", "extract")
        folder.mkdir(mode=0o700)
        work = kinds.extract_work(made.shares([supplied], rows), made_up_checks(formats))
        key = shards.write_plan(work, folder, secret)
        count = 0
        for number, own in enumerate(work.own):
            shards.write_own(own, folder, number, key)
            count = number + 1
        return folder, key, count

    yield hand_over
    shards.forget_plan(str(shards._loaded[0][0] if shards._loaded else ""))


def _staged(parts, schema, path):
    """A staged file as this machine reads it: its rows, and where its row groups end."""
    key = StagingKey("one", bytes(32))
    batches = (b for part in parts for b in part.rows.combine_chunks().to_batches())
    staging.write_staged(batches, path, key, schema=schema)
    with staging._opened(path, key) as file:
        groups = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
        table = file.read()
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes(), groups


@pytest.mark.long
@examples(15)
@given(
    st.integers(1, ROWS), st.integers(1, 3), st.randoms(use_true_random=False), st.integers(0, 9)
)
def test_the_staged_extract_is_that_of_one_machine(
    handed_over, tmp_path_factory, rows, workers, chance, seed
):
    made, supplied = made_up_extract(ROWS, seed, {5: SSN})
    checks, place = made_up_checks(), tmp_path_factory.mktemp("staged")
    alone = [checks.work(one) for one in made.shares([supplied], rows)]
    again, _ = made_up_extract(ROWS, seed, {5: SSN})
    folder, key, count = handed_over(again, supplied, rows)
    assert count == len(alone) == -(-ROWS // rows)
    numbers = [*range(count), *chance.choices(range(count), k=2)]  # some are worked twice
    chance.shuffle(numbers)
    for turn, number in enumerate(numbers):
        if turn % workers == 0:
            shards.forget_plan(str(folder))  # another worker, which has read nothing
        assert shards.work_shard(str(folder), number) == {"rows": alone[number].rows.num_rows}
    joined = [Looked.of(shards.read_shard(folder, number, key)) for number in range(count)]
    assert [one.hits for one in joined] == [one.hits for one in alone]
    assert sum(one.hits.get(("order_code", "ssn"), 0) for one in joined) == 1
    assert {one.rows.schema for one in joined} == {made.schema}
    assert again.counts == made.counts
    staged = (_staged(parts, made.schema, place / "x") for parts in (alone, joined))
    assert next(staged) == next(staged)


def test_nothing_in_the_folder_is_plain(handed_over):
    made, supplied = made_up_extract(ROWS, 1, {5: SSN})
    folder, _, count = handed_over(made, supplied, 20)
    for number in range(count):
        shards.work_shard(str(folder), number)
    assert len(list(folder.iterdir())) == 2 + 4 * count
    for path in folder.iterdir():
        body = path.read_bytes()
        assert not any(word in body for word in ("Ünseen".encode(), SSN.encode(), b"order_code"))
        assert path.name == shared_secret.WORK_KEY_FILE or body.startswith(b"PARE")
        assert path.stat().st_mode & 0o777 == 0o600


def test_rows_of_another_share_are_refused(handed_over):
    made, supplied = made_up_extract(ROWS, 1)
    folder, key, _ = handed_over(made, supplied, 20)
    (folder / "supplied-000000.parquet").replace(folder / "supplied-000001.parquet")
    assert shards.work_shard(str(folder), 1) == {"code": ShardDoesNotHold.code}
    assert shards.work_shard(str(folder), 2)["rows"]
    with pytest.raises(ShardDoesNotHold):
        shards.work_here(folder, 1, key)


@pytest.mark.parametrize("kind", ["later", "linkage"])
def test_a_worker_that_does_not_know_the_kind_differs(secret, tmp_path, kind, monkeypatch):
    monkeypatch.setattr(shards, "KINDS", {"extract": kinds.KINDS["extract"]})
    folder = shards.new_folder(tmp_path, "R1", kind)
    folder.mkdir()
    shared_secret.make_work_key(secret, folder)
    assert shards.work_shard(str(folder), 0) == {"code": WorkerDiffers.code}


def test_a_worker_of_other_versions_differs(handed_over, monkeypatch):
    made, supplied = made_up_extract(ROWS, 1)
    folder, _, _ = handed_over(made, supplied, 20)
    monkeypatch.setattr(shards, "software_versions", lambda: json.dumps({"duckdb": "1"}))
    assert shards.work_shard(str(folder), 0) == {"code": WorkerDiffers.code}


def test_a_refused_share_says_here_what_a_worker_may_not(handed_over):
    """A worker answers the code; column and number are said on this machine, as without a cluster."""
    made, supplied = made_up_extract(ROWS, 1, {25: "not listed", 26: "nor this"})
    folder, key, _ = handed_over(made, supplied, 20, ["stata"])
    assert "rows" in shards.work_shard(str(folder), 0)
    assert shards.work_shard(str(folder), 1) == {"code": FormatCannotHold.code}
    with pytest.raises(FormatCannotHold) as here:
        shards.work_here(folder, 1, key)
    again, _ = made_up_extract(ROWS, 1, {25: "not listed", 26: "nor this"})
    checks = made_up_checks(["stata"])
    with pytest.raises(FormatCannotHold) as alone:
        list(map(checks.work, again.shares([supplied], 20)))
    assert here.value.as_dict() == alone.value.as_dict()
    assert "listed" not in str(here.value)


def test_answers_come_in_order_and_what_a_machine_stopped_at_at_once():
    fine, refused = {"rows": 1}, {"code": FormatCannotHold.code}
    given_ = [(2, fine), (1, refused), (0, fine)]
    assert list(dask_backend._in_order(given_)) == [(0, fine), (1, refused), (2, fine)]
    with pytest.raises(WorkerDiffers):
        list(dask_backend._in_order([(3, {"code": WorkerDiffers.code}), (0, fine)]))


def test_what_all_shares_need_names_no_value():
    made, supplied = made_up_extract(ROWS, secrets.randbelow(100), {5: SSN})
    told = made_up_checks(["spss"]).table().to_pylist()[0]["checks"]
    values = {str(v) for v in supplied["last_name"].to_pylist() if v} | {SSN}
    assert not [v for v in values if v in told]
    assert made.schema.names == [one["name"] for one in json.loads(told)["fields"]]


@pytest.mark.parametrize("form", ["stata", "spss", "sas"])
def test_dates_that_begin_late_are_no_fault_of_a_share(form):
    """One person in five hundred on a record: more than a hundred rows without a date come first."""
    made, supplied = made_up_extract(1_000, 5, linked=0.002)
    checks = made_up_checks([form])
    parts = [checks.work(one).rows for one in made.shares([supplied])]
    assert 0 < len(pa.concat_tables(parts)["order_issue_date"].drop_null()) < 10
