"""Every command of the program, once done and once failed: what the story's other acts leave out.

A new command without a line here, or in the other acts, fails `test_every_command_ran`.
"""

import json
import os
import shutil
from collections.abc import Iterator
from typing import Any

import typer

from crypto.cms.certificates import make_recipient
from pipelines.cli.app import app, hoist, step_of
from pipelines.home import open_home
from pipelines.session import Session, today
from tests.leak.canaries import FREE
from tests.leak.story import Done, Driver, Stage
from tests.parts import missing
from tests.passkeys import registered
from tests.unit.crypto import tokens
from tests.unit.crypto.passkeys.authenticators import SITE

TOKEN_PARTS = ("softhsm2-util", "pkcs11-tool")
# Only in one of the two ways, and why.
ELSEWHERE = {
    ("demo", "done"): "makes its own rows, and a minute's work: tests/integration/conftest.py",
    (
        "deployment.worker",
        "done",
    ): "works until a signal comes: tests/integration/test_standing_prefect.py",
    ("desk", "done"): "answers until a signal comes: tests/integration/desk",
    (
        "register.accept",
        "done",
    ): "takes a load that fails: tests/integration/test_register_judged.py",
    ("register.retire", "done"): "the register is looked at afterwards: the same",
    (
        "release.keep",
        "done",
    ): "two people's ends of a release are a setting: tests/unit/pipelines/custody/test_endings.py",
    ("project.example", "failed"): "prints a form",
    ("project.kinds", "failed"): "prints a table",
    ("ledger.schema", "failed"): "prints SQL",
}


def commands() -> set[str]:
    """Every command in dots, as the program has them."""
    return {".".join(words) for words in _leaves(typer.main.get_command(app))}


def _leaves(group: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, child in group.commands.items():
        here = (*above, name)
        if hasattr(child, "commands"):
            yield from _leaves(child, here)
        else:
            yield here


def ran(done: list[Done]) -> set[tuple[str, str]]:
    """(command, done or failed) of everything that ran; waiting for somebody is no failure."""
    return {(step_of(hoist(one.words)), "done" if one.code in (0, 7) else "failed") for one in done}


def escrow(stage: Stage, driver: Driver) -> None:
    """The Department's own key, confirmed before anything is sealed."""
    key, certificate = make_recipient("p384", "Escrow")
    (stage / "inputs" / "escrow.key").write_bytes(key)
    path = stage / "inputs" / "escrow.pem"
    path.write_bytes(certificate)
    driver.run("escrow", "add", stage.cohort and stage.cohort.path, code=None)
    added = driver.run("escrow", "add", path, "--json")
    fingerprint = _said(added)["fingerprint"]
    driver.run("escrow", "confirm", f"{FREE}00", code=3)
    driver.run("escrow", "confirm", fingerprint)


def _said(done: Done) -> Any:
    """The JSON that a command of the driver printed on its terminal, among the log's lines."""
    text = done.out.replace("\r\n", "\n")
    return json.JSONDecoder().raw_decode(text[text.index("{\n") :])[0]


def custody(stage: Stage, driver: Driver) -> None:
    """What is done with a release that is out, while its package is still there."""
    release = stage.releases["deidentified"]
    driver.run("escrow", "request", release, "--reason", f"{FREE}", code=None)
    driver.run("escrow", "request", release, "--reason", "proof")
    shown = _said(driver.run("escrow", "show", "--json"))
    request = shown["uses"][0]["request"]
    driver.run("escrow", "allow", f"{FREE}1", "--out", stage / "tmp" / "copies", code=3)
    driver.run("escrow", "allow", request, "--out", stage / "tmp" / "copies")
    driver.run("release", "handover", release, "--to", "lead")
    driver.run("release", "receipt", release, "--to", "lead")
    driver.run("release", "receipt", release, "--to", "lead", "--code", FREE, code=3)
    driver.run("release", "disclosures")


def every_command(stage: Stage, driver: Driver) -> None:
    """The rest: first what goes well, then what fails, with a canary wherever words may be quoted."""
    _on_a_spare_home(stage, driver)
    _on_files(stage, driver)
    _passkeys(stage, driver)
    _done(stage, driver)
    _refused(stage, driver)
    _on_a_broken_home(stage, driver)


def _on_a_spare_home(stage: Stage, driver: Driver) -> None:
    home, inputs = stage / "tmp" / "spare", stage / "inputs"
    spare = ("--home", home)
    driver.run(*spare, "init")
    driver.run(*spare, "init", code=2)
    driver.run(*spare, "demo", code=2)
    driver.run(*spare, "home", "upgrade")
    rotated = _said(driver.run(*spare, "keys", "rotate", "--json"))
    driver.run(*spare, "keys", "rotate", "--reason", FREE, code=None)
    driver.run(*spare, "keys", "show")
    driver.run(*spare, "keys", "revoke", f"{FREE}00", code=None)
    driver.run(*spare, "keys", "revoke", rotated["former"])
    _token(stage)
    settings = home / "settings.toml"
    whole = settings.read_text()
    settings.write_text(whole.replace("threshold = 10 ", "threshold = 5 "))
    driver.run(*spare, "switch", "list")
    driver.run(*spare, "switch", "override", FREE, code=None)
    driver.run(*spare, "switch", "override", "disclosure.threshold")
    driver.run(*spare, "switch", "confirm", "disclosure.threshold", code=3)
    people = home / "people.toml"
    people.write_text(
        people.read_text()
        .replace("engineer-1", "second-1")
        .replace("roles = [", 'roles = ["approver", "security", ')
    )
    driver.run(*spare, "switch", "confirm", "disclosure.threshold")
    settings.write_text(whole)
    driver.run(*spare, "settings", "confirm", FREE, code=3)
    driver.run(*spare, "settings", "record")
    driver.run(*spare, "settings", "record", code=3)
    driver.run(*spare, "settings", "show")
    people.write_text(people.read_text().replace("second-1", "engineer-1"))
    own = stage / "home" / "settings.toml"  # of the demonstration, where one may do both
    before = own.read_text()
    for text in (before.replace("threshold = 10 ", "threshold = 11 "), before):
        own.write_text(text)
        digest = _said(driver.run("settings", "record", "--json"))["digest"]
        driver.run("settings", "confirm", digest)
    words = inputs / "passphrase"
    words.write_text(f"short {FREE}"[:5])
    driver.run(*spare, "keys", "passphrase", "--new", words, code=None)
    words.write_text(f"four {FREE} random words\n")
    driver.run(*spare, "keys", "passphrase", "--new", words)
    driver.run(*spare, "keys", "rotate", code=5)  # nobody names the passphrase's file
    driver.run("--home", inputs / f"no home of {FREE}", "keys", "show", code=2)
    driver.run("keys", "cluster", inputs / "cluster.key")
    driver.run("keys", "cluster", inputs / "cluster.key", code=2)


def _token(stage: Stage) -> None:
    """In processes of their own: the token's library keeps what it has read for good."""
    if any(map(missing, TOKEN_PARTS)) and "CI" not in os.environ:
        return  # `test_every_command_ran` says so
    folder = stage / "inputs" / "token"
    folder.mkdir(mode=0o700)
    before = os.environ.get("SOFTHSM2_CONF")
    try:
        pin = tokens.make_token(folder)
        words = ("--home", stage / "tmp" / "spare", "keys", "token", "--library", tokens.library())
        words += ("--token", tokens.TOKEN, "--key")
        named = {"DOJ_RELEASE_PIN_FILE": str(pin), "SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"]}
        stage.run(*words, tokens.KEY, environment=named)
        stage.run(*words, FREE, code=5, environment=named)
    finally:
        os.environ.pop("SOFTHSM2_CONF")
        if before is not None:
            os.environ["SOFTHSM2_CONF"] = before
    # Its key signs for the home no longer: the suite's other commands have no token.
    stage.run("--home", stage / "tmp" / "spare", "keys", "rotate", environment=named)


def _on_files(stage: Stage, driver: Driver) -> None:
    inputs, outputs = stage / "inputs", stage / "outputs"
    cells = inputs / "good.csv"
    cells.write_text("year,kind,count\n" + "".join(f"{y},k{k},{20 + y % 7 + k}\n" for y in (2020, 2021) for k in (1, 2, 3)))  # fmt: skip
    words = ("--dims", "year,kind", "--count", "count")
    driver.run("tools", "suppress", cells, *words, "--out", outputs / "cells.csv")
    driver.run("tools", "audit", outputs / "cells.csv", *words)
    rates = ("tools", "rates", outputs / "cells.csv", *words, "--out", outputs / "rates.csv")
    driver.run(*rates, "--percent-of", "year")
    driver.run(*rates, "--percent-of", FREE, code=None)
    secret = inputs / "secret.txt"
    secret.write_text(f"{FREE}\n" * 99)
    made = (
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-384",
        "-noenc",
        "-days",
        "9",
    )
    made += ("-subj", "/CN=Sealer", "-addext", "keyUsage=critical,digitalSignature")
    made += ("-keyout", inputs / "sealer.key", "-out", inputs / "sealer.pem")
    tokens.run("openssl", *made)
    signer = ("--sign", inputs / "sealer.key", "--sign-cert", inputs / "sealer.pem")
    to = ("--to", inputs / "keys" / "analyst.pem", "--out", outputs / "sealed")
    driver.run("tools", "seal", secret, *to, *signer)
    driver.run("tools", "seal", secret, *to, *signer, code=None)
    driver.run("tools", "verify", outputs / "sealed", "--signer", inputs / "sealer.pem")
    driver.run("tools", "verify", outputs / "sealed", code=5)  # not the home's signer
    driver.run("register", "make-up", "RIPA", inputs / "made-up", "--records", 20)
    driver.run("register", "make-up", FREE, inputs / "made-up-2", code=None)
    [snapshot] = (p.parent.name for p in stage.root.glob("home/register/CARPOS/*/manifest.json"))
    driver.run("register", "index", snapshot)
    driver.run("register", "index", FREE, code=6)
    driver.run("register", "describe", "RIPA", "stop")
    driver.run("register", "describe", "RIPA", FREE, code=None)
    poisoned = [*(inputs / "wrong").glob("*.parquet"), inputs / "headers" / "person.parquet"]
    driver.run("register", "map", "CARPOS", *poisoned[:-1], "--out", outputs / "mapping.toml")
    driver.run("register", "map", FREE, *poisoned, "--out", outputs / "none.toml", code=None)


def _passkeys(stage: Stage, driver: Driver) -> None:
    """Of the demonstration, where one may do both; what its page would do is done here."""
    settings = stage / "home" / "settings.toml"
    before = settings.read_text()
    driver.run("passkey", "invite", FREE, code=None)
    settings.write_text(before.replace('origin = ""', f'origin = "{SITE.origin}"'))
    with Session(open_home(stage / "home")) as session:
        who, digest, now = session.person, session.keyring.digest, session.ledger.clock()[1]
        _, fingerprint = registered(session.ledger, who.id, who, today(), digest, now=now)
    driver.run("passkey", "invite", who.id)
    driver.run("passkey", "list")
    driver.run("passkey", "confirm", FREE, code=None)
    driver.run("passkey", "confirm", fingerprint)
    driver.run("passkey", "revoke", fingerprint, "--reason", FREE, code=None)
    driver.run("passkey", "revoke", fingerprint)
    settings.write_text(before)


def _done(stage: Stage, driver: Driver) -> None:
    project, release = stage.numbers["deidentified"], stage.releases["deidentified"]
    pem = (stage / "inputs" / "keys" / "analyst.pem").read_bytes()
    from crypto.cms.recipients import Recipient

    fingerprint = Recipient.from_pem(pem, on=today()).fingerprint
    snapshot = next((stage / "home" / "register" / "CARPOS").glob("CARPOS-*")).name
    for words in (
        ("bucket", "upload"), ("bucket", "evict"), ("bucket", "sweep"), ("deadlines",), ("status", "--all"), ("remind",), ("completion", "bash"),
        ("home", "retention", "--dry-run"), ("ledger", "checkpoint", "--out", stage / "outputs" / "checkpoint.json"),
        ("deployment", "files", "--out", stage / "outputs" / "deployment"), ("ledger", "clock"), ("ledger", "schema", "--role", "doj_append"), ("project", "example", "standard"), ("project", "kinds"),
        ("project", "history", project), ("project", "compare", project), ("project", "show", project, "--applicant"), ("project", "documents", project), ("project", "certificate", project),
        ("project", "check", project, "--kind", "deidentified"), ("release", "list"), ("release", "watch"), ("release", "watch", release),
        ("release", "map", stage.releases["aggregated"], "--out", stage / "outputs" / "map.svg"),
        ("release", "report", release, "--out", stage / "outputs" / "report.html"), ("project", "letter", project), ("project", "letter", project, "--again", "approval"),
        ("release", "destroy", release, "--confirm", release),
        ("project", "event", project, "acknowledgment_recorded", "member=lead", f"on={today()}"),
        ("recipient", "revoke", project, fingerprint, "--reason", "lost"),
        ("register", "show", snapshot, "--out", stage / "outputs" / "snapshot.html"),
        ("register", "diff", snapshot, snapshot, "--out", stage / "outputs" / "diff.html"),
    ):  # fmt: skip
        driver.run(*words)


def _refused(stage: Stage, driver: Driver) -> None:
    """Names that nobody has; each a canary, and told by no text."""
    wrong = stage / "inputs" / f"wrong {FREE}.toml"
    wrong.write_text(f'[project]\ntitle = "{FREE}"\n{FREE} = 1\n')
    password = stage / "inputs" / "password"
    password.write_text(f"{FREE}\n")
    password.chmod(0o600)
    torn = stage / "inputs" / f"torn {FREE}.pem"
    torn.write_text(f"-----BEGIN CERTIFICATE-----\n{FREE}\n")
    project = stage.numbers["deidentified"]
    for words in (
        ("project", "submit", wrong), ("project", "approve", FREE), ("project", "check", FREE),
        ("project", "certificate", FREE), ("project", "documents", FREE), ("project", "history", FREE),
        ("project", "show", FREE), ("project", "compare", FREE), ("cohort", "confirm", FREE), ("project", "event", project, FREE, f"{FREE}=1"),
        ("recipient", "add", project, torn, "--member", "lead"), ("recipient", "confirm", FREE),
        ("recipient", "revoke", project, FREE), ("release", "approve", FREE), ("release", "return", FREE, "--comment", wrong), ("release", "answer", FREE, "--comment", wrong), ("release", "keep", FREE), ("release", "report", FREE, "--out", stage / "tmp" / "no.html"),
        ("project", "letter", FREE), ("project", "letter", project, "--again", FREE), ("release", "destroy", FREE),
        ("release", "disclosures", "--project", FREE), ("release", "handover", FREE, "--to", FREE), ("release", "list", "--project", FREE),
        ("release", "receipt", FREE, "--to", FREE), ("release", "show", FREE), ("release", "watch", FREE), ("release", "map", FREE), ("remind", "--read", FREE), ("release", "withdraw", FREE, "--reason", "other"),
        ("refresh", "CARPOS", "--project", FREE), ("run", FREE, "--kind", "identified"), ("review", FREE, "--export", wrong),
        ("ledger", "export", "--out", stage / "outputs" / "ledger.jsonl"), ("ledger", "clock", "--accept"), ("completion", FREE), ("home", "backup", stage / "nowhere" / "b.tar"),
        ("register", "show", FREE), ("register", "accept", FREE, "--reason", "verified"), ("register", "diff", FREE, FREE),
        ("register", "retire", FREE, "--reason", "superseded"), ("run", project, "--kind", "aggregated", "--snapshot", FREE),
        ("deployment", "files", "--out", stage / "inputs"), ("deployment", "worker", "--pool", FREE), ("desk", "--socket", wrong),
        ("register", "load", "CARPOS", "--from", f"postgresql://{FREE}:{FREE}@127.0.0.1/{FREE}"),
        ("register", "load", "CARPOS", "--from", f"postgresql://{FREE}@/{FREE}?host={stage.root}", "--password-file", wrong),
        ("register", "load", "CARPOS", "--from", f"mysql://{FREE}@/{FREE}?unix_socket={stage.root}/none", "--password-file", password),
    ):  # fmt: skip
        driver.run(*words, code=None)


def _on_a_broken_home(stage: Stage, driver: Driver) -> None:
    """A copy of the home whose ledger, manifest and settings of the bucket are spoilt."""
    home = stage / "inputs" / "broken"
    shutil.copytree(stage / "inputs" / "restored", home)
    shutil.copy(stage / "home" / "keys" / "passphrase", home / "keys" / "passphrase")
    settings = home / "settings.toml"
    whole = settings.read_text()
    settings.write_text(
        whole.replace('register_url = ""', f"s3://{FREE}".join(('register_url = "', '"')))
    )
    for words in (("bucket", "upload"), ("bucket", "evict"), ("bucket", "sweep")):
        driver.run("--home", home, *words, code=3)
    settings.write_text(whole)
    next(home.glob("register/CARPOS/*/manifest.json")).write_text(f'{{"{FREE}": 1}}')
    driver.run("--home", home, "register", "list", code=5)
    (home / "ledger.sqlite3").write_bytes(b"SQLite format 3\0" + FREE.encode() * 500)
    for words in (
        ("deadlines",), ("status",), ("remind",), ("doctor",), ("escrow", "show"), ("passkey", "list"), ("switch", "list"), ("home", "retention",),
        ("settings", "show"), ("ledger", "verify"), ("ledger", "show"), ("ledger", "checkpoint", "--out", stage / "tmp" / "no.json"),
        ("project", "list"), ("release", "list"), ("release", "disclosures"), ("switch", "confirm", "disclosure.threshold"),
    ):  # fmt: skip
        driver.run("--home", home, *words, code=None)
    (home / "home.json").write_text('{"format": 99}')
    driver.run("--home", home, "home", "upgrade", code=2)
