"""Places outside on what they are meant to be: a role of PostgreSQL that adds and reads, a file that only grows."""

import os
import shutil
import subprocess
import uuid

import pytest
from databases import postgres_url, raw, schema_of
from sqlalchemy.exc import SQLAlchemyError

from approvals.ledger.witnesses import Unreachable, WitnessDatabase, WitnessFolder


def line(size):
    return {"home": "h" * 64, "checkpoint": {"size": size}}


@pytest.fixture
def owner(postgres):
    """URL of the owner of an empty schema."""
    return postgres_url(postgres)


@pytest.fixture
def witness(postgres, owner):
    """URL of a role that logs in, and may add to the table and read it once somebody made it."""
    role = "w" + uuid.uuid4().hex
    raw(owner, f"CREATE ROLE {role} LOGIN")
    raw(owner, f"GRANT USAGE ON SCHEMA {schema_of(owner)} TO {role}")
    raw(owner, f"ALTER DEFAULT PRIVILEGES GRANT INSERT, SELECT ON TABLES TO {role}")
    return postgres_url(postgres, role, schema_of(owner))


@pytest.mark.machine("postgresql")
@pytest.mark.long
def test_a_role_that_adds_and_reads_can_take_nothing_back(owner, witness):
    place = WitnessDatabase(witness)
    assert place.lines() == []
    with pytest.raises(Unreachable):  # nor may it make the table
        place.append(line(1))
    WitnessDatabase(owner).append(line(1))
    place.append(line(2))
    assert [one["checkpoint"]["size"] for one in place.lines()] == [1, 2]
    assert place.weakness() == ""
    for statement in (
        "UPDATE checkpoints SET line = 'x'", "DELETE FROM checkpoints", "TRUNCATE checkpoints",
        "DROP TABLE checkpoints", "ALTER TABLE checkpoints DROP COLUMN line",
        "CREATE RULE nothing AS ON INSERT TO checkpoints DO INSTEAD NOTHING",
    ):  # fmt: skip
        with pytest.raises(SQLAlchemyError):
            raw(witness, statement)
    assert len(place.lines()) == 2


@pytest.mark.machine("postgresql")
@pytest.mark.long
def test_who_owns_the_table_is_weak_whatever_they_took_from_themselves(owner):
    place = WitnessDatabase(owner)
    place.append(line(1))
    raw(owner, "CREATE ROLE plain LOGIN")
    schema = schema_of(owner)
    raw(owner, f"GRANT ALL ON SCHEMA {schema} TO plain")
    raw(owner, f"ALTER TABLE checkpoints OWNER TO plain; REVOKE ALL ON {schema}.checkpoints FROM plain; GRANT INSERT, SELECT ON {schema}.checkpoints TO plain")  # fmt: skip
    theirs = WitnessDatabase(owner.replace("owner", "plain", 1))
    assert theirs.weakness() == "this role may do more than add and read"


def test_a_file_that_only_grows_is_known_as_one(tmp_path):
    file = tmp_path / "checkpoints.jsonl"
    file.touch()
    chattr = shutil.which("chattr")
    may = chattr is not None and subprocess.run([chattr, "+a", file], check=False).returncode == 0
    if not may and not os.environ.get("CI"):
        pytest.skip("this user or this file system has no append-only files")
    assert may
    try:
        if os.geteuid() == 0:
            subprocess.run(["chattr", "-a", file], check=True)
            os.chown(file, 65534, -1)
            subprocess.run(["chattr", "+a", file], check=True)
        place = WitnessFolder(tmp_path)
        place.append(line(1))
        place.append(line(2))
        assert len(place.lines()) == 2
        assert place.weakness() == ""
        for rewrite in (file.unlink, lambda: file.write_text(""), lambda: os.truncate(file, 0)):
            with pytest.raises(PermissionError):
                rewrite()
    finally:
        subprocess.run(["chattr", "-a", file], check=True)
    assert "append-only" in place.weakness()
