"""The signing keys of a home from the command line: rotation, a token, revocation, old packages."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crypto.cms.certificates import make_recipient
from crypto.cms.recipients import Recipient
from crypto.package.sealed_package import Part, write_package
from pipelines.deployment.init import init_home
from pipelines.session import open_session, today
from tests.in_process import run_here
from tests.unit.crypto import tokens

PROGRAM = Path(sys.executable).with_name("doj-release")


@pytest.fixture
def home(tmp_path):
    init_home(tmp_path / "home", demo=True)
    return tmp_path / "home"


@pytest.fixture
def run(home):
    """The command in this process; what it printed as JSON."""

    def act(*arguments, **environment):
        done = run_here(*arguments, "--json", home=home, **environment)
        return done.code, json.loads(done.out)

    return act


@pytest.fixture
def process(home):
    """In processes of their own: a token's library keeps what it has read for good."""

    def act(*arguments, **environment):
        command = [PROGRAM, "--home", home, "--json", *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, env=os.environ | environment
        )
        return done.returncode, json.loads(done.stdout)

    return act


def seal(home, folder):
    recipient = Recipient.from_pem(make_recipient("p384", "Member")[1], on=today())
    with open_session(home) as session:
        parts = [Part.from_bytes("part-001.zip", b"content")]
        write_package(folder, parts, [recipient], session.keyring.signer())


@pytest.mark.long
def test_a_rotation_keeps_old_packages_and_checkpoints_and_a_revocation_ends_them(
    home, run, tmp_path
):
    seal(home, tmp_path / "old")
    assert run("ledger", "checkpoint")[0] == 0
    code, made = run("keys", "rotate", "--reason", "scheduled")
    assert code == 0
    seal(home, tmp_path / "new")
    assert run("verify", tmp_path / "old") == (0, run("verify", tmp_path / "old")[1])
    assert run("verify", tmp_path / "old")[1]["signer"] == made["former"]
    assert run("verify", tmp_path / "new")[1]["signer"] == made["fingerprint"]
    assert run("ledger", "verify")[0] == 0
    states = [row["state"] for row in run("keys", "show")[1]]
    assert states == ["signs", "verifies"]
    assert run("keys", "revoke", made["former"], "--reason", "compromised")[0] == 0
    assert run("verify", tmp_path / "old")[0] == 5
    assert run("verify", tmp_path / "new")[0] == 0
    code, ledger = run("ledger", "verify")  # the checkpoint that it signed proves nothing now
    assert (code, ledger["checkpoints"], ledger["checkpoints_of_revoked_keys"]) == (0, 0, 1)
    kept = next((home / "checkpoints").glob("*.json"))
    assert run("ledger", "verify", "--checkpoint", kept)[0] == 5
    kinds = [event["kind"] for event in run("ledger", "show")[1]]
    assert kinds[-2:] == ["signing_key_changed", "signing_key_revoked"]
    public = (home / "signing.pem").stat().st_mode & 0o777
    assert public == 0o644


def test_a_reason_in_words_of_ones_own_changes_nothing(home, run):
    before = (home / "signing.pem").read_bytes()
    for words in (("rotate",), ("revoke", "00")):
        assert run("keys", *words, "--reason", "Jane-s-ex-husband")[0] not in (0, 1)
    assert (home / "signing.pem").read_bytes() == before
    assert "Jane" not in str(run("ledger", "show")[1])


@pytest.mark.machine("softhsm2-util", "pkcs11-tool")
@pytest.mark.long  # six processes
def test_a_token_signs_for_the_home(process, tmp_path):
    pin = tokens.make_token(tmp_path)
    named = {"DOJ_RELEASE_PIN_FILE": str(pin)}
    asked = ("keys", "token", "--library", tokens.library(), "--token", tokens.TOKEN, "--key")
    assert process(*asked, tokens.KEY)[0] == 5  # no PIN is named
    assert process(*asked, "nobody's", **named)[0] == 5
    code, made = process(*asked, tokens.KEY, **named)
    assert (code, made["kept in"]) == (0, "token")
    assert process("ledger", "checkpoint", **named)[0] == 0
    assert process("ledger", "checkpoint")[0] == 5
    assert process("ledger", "verify", **named)[0] == 0


def test_the_passphrase_moves_out_of_the_keyring(home, run, tmp_path):
    new = tmp_path / "passphrase"
    new.write_text("four random words here\n")
    assert run("keys", "passphrase", "--new", new)[0] == 0
    assert not (home / "keys" / "passphrase").exists()
    assert run("ledger", "checkpoint")[0] == 5
    assert run("ledger", "checkpoint", DOJ_RELEASE_PASSPHRASE_FILE=str(new))[0] == 0
