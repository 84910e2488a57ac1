"""Making a home: folders, settings, keys, the people file, and the ledger's first event."""

import os
import pwd
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

from approvals.ledger import Event, HeadFile, Ledger
from crypto.cms import certificate_fingerprint
from crypto.keyring import Keyring
from pipelines import home as homes
from pipelines.safeguards import keep_first


def init_home(
    root: Path,
    *,
    department: str | None = None,
    demo: bool = False,
    passphrase: bytes | None = None,
    ledger_url: str = "",
) -> dict[str, object]:
    """Make a home and return what a person wants to know about it.

    Args:
        root: a new or empty folder.
        department: the name in the signing certificate.
        demo: one person may confirm everything, and only synthetic registers are taken; the
            ledger's first event says so and can't be taken back.
        passphrase: for the keys; made up and left in ``keys/passphrase`` where none is given.
        ledger_url: of a PostgreSQL database, whose table an administrator may have made
            (``ledger schema``) and which holds no event; empty: a SQLite file in the home.

    Raises:
        HomeExists: there is something in the folder.
        LedgerExists, LedgerUnavailable: the database is another home's, or does not answer.
    """
    home = homes.lay_out(root, ledger_url=ledger_url)
    with homes.emptied_unless_done(home.root):
        return _furnish(home, department=department, demo=demo, passphrase=passphrase)


def _furnish(
    home: homes.Home, *, department: str | None, demo: bool, passphrase: bytes | None
) -> dict[str, object]:
    name = department or home.settings().department.name
    user = pwd.getpwuid(os.geteuid()).pw_name
    person = "demo-engineer" if demo else "engineer-1"
    roles = ["engineer", "administrator"]
    if demo:
        roles = ["engineer", "reviewer", "approver", "administrator", "security"]
    homes.write_private(
        home.people_file,
        Path(__file__)
        .with_name("people.toml")
        .read_text("utf-8")
        .format(
            id=person,
            name="Demo Engineer" if demo else "The user who made this home",
            user=user,
            roles=", ".join(f'"{role}"' for role in roles),
        ),
    )
    home.keys.rmdir()
    keyring = Keyring.create(home.keys, department=name, passphrase=passphrase)
    signer = keyring.signer()
    homes.write_private(home.signing_certificate, signer.certificate_pem.decode("ascii"))
    home.signing_certificate.chmod(0o644)
    head = HeadFile(home.ledger_head, keyring.digest)
    ledger = Ledger.open(home.ledger_url(), create=True, witness=head.advance)
    settings = keep_first(home, keyring)
    facts = {"demo": demo, "code_version": version("doj-release"), "settings": settings}
    ledger.append(Event("home_created", person, facts=facts))
    return {
        "home": str(home.root),
        "signing certificate": str(home.signing_certificate),
        "fingerprint": signer.fingerprint,
        "fingerprint for letters": certificate_fingerprint(signer.certificate_pem),
        "demo": demo,
        "you are": person,
    }


# A home goes from one version of the software to the next


def upgrade(home: homes.Home) -> dict[str, object]:
    """Take a home to today's format; safe to run again, and after it was interrupted.

    Raises:
        SettingsUnusable, ReleaseHeld: see their texts.
    """
    with homes.locked(home.root):
        before = home.format
        done = (
            _filled_up(home) if before < homes.FORMAT else []
        )  # each format only added to the last
        homes.read_settings(home.settings_file)
        if before != homes.FORMAT:
            home.write_format()
    return {"from": before, "to": homes.FORMAT, "changed": done}


def _filled_up(home: homes.Home) -> list[str]:
    """Folders and sections of the settings that homes of an earlier format lack, with their comments."""
    done: list[str] = []
    for name in homes.FOLDERS:
        if not (home.root / name).is_dir():
            (home.root / name).mkdir(mode=0o700)
            done.append(f"folder {name}")
    text = home.settings_file.read_text("utf-8")
    there = tomllib.loads(text)
    missing = {n: body for n, body in _sections(homes.TEMPLATE).items() if n not in there}
    if missing:
        homes.write_private(
            home.settings_file, "\n".join([text.rstrip("\n") + "\n", *missing.values()])
        )
        done += [f"settings [{name}]" for name in missing]
    return done


def _sections(template: str) -> dict[str, str]:
    parts = re.split(r"^(?=\[(?:\w+)\]$)", template, flags=re.MULTILINE)
    return {part[1 : part.index("]")]: part.rstrip("\n") + "\n" for part in parts[1:]}
