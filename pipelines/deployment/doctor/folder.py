"""What is looked at of a home: its folder, who may read it, the service's user, keys, ledger and witnesses."""

import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from approvals.custody import snapshot_states
from approvals.people import People
from crypto.files import standing
from crypto.keyring import crypto_findings
from errors import CodedError
from pipelines import home as homes
from pipelines.deployment.doctor.finding import Finding, State, judged
from pipelines.operations import unsafe_notices, waiting_notices
from pipelines.registers import stale_indexes
from pipelines.safeguards import (
    as_error,
    check_clock,
    last_verified,
    verified_in_words,
    verify_everything,
    witness_states,
)
from pipelines.session import Session
from systems.description import LOCAL, Systems

_LEAST_FREE = 1 << 30  # bytes: below it the next register or release hardly fits

_DAY = 24 * 3600  # seconds

_KEY_AT_MOST = 64 * 1024  # bytes of a PEM file


def check_folder(home: homes.Home) -> Iterator[Finding]:
    """Look at the modes of the home's files and at its keyring."""
    for seen in crypto_findings(home.keys):
        if seen.what.startswith("keyring"):
            yield Finding(seen.what, "good" if seen.ok else "note", seen.detail)
    seen = ((path, found.st_mode) for path, found in standing(home.root))
    open_files = sum(_too_open(home, path, mode) for path, mode in seen)
    bad = f"{open_files} files others may read"
    yield judged("permissions", open_files, bad, "only the owner can read")


def check_place(home: homes.Home) -> Iterator[Finding]:
    """See that nobody else could change the home, or put another in its place, and that it lies on a disk of this machine.

    Raises:
        HomeExposed, HomeLinked, HomeOnNetwork: with what is wrong.
    """
    homes.open_home(home.root)
    kind = homes.network_file_system(home.root)
    on_network = f"on {kind}, as storage.network_home allows: its server must hold locks"
    yield judged("home's place", kind, on_network, "nobody else could exchange it", "note")


def _too_open(home: homes.Home, path: Path, mode: int) -> bool:
    # The signing certificate is public; a link has no mode of its own.
    return path != home.signing_certificate and not stat.S_ISLNK(mode) and bool(mode & 0o077)


def check_service(home: homes.Home) -> Iterator[Finding]:
    """Look at what a home that runs as a service needs: today's format, space, no unfinished files.

    Raises:
        HomeNewer: a later version has upgraded it.
    """
    found = home.format
    older = f"{found}, today's is {homes.FORMAT}: `doj-release home upgrade`"
    yield judged("home's format", found != homes.FORMAT, older, str(found), "note")
    yield _free_space(home)
    old = sum(1 for age in homes.unfinished(home) if age > _DAY)
    left = f"{old} of processes that are gone: `remind` removes them, is it scheduled?"
    yield judged("unfinished files", old, left, "none older than a day", "note")
    yield _notices(home)


def _notices(home: homes.Home) -> Finding:
    """Whether somebody is told of what runs come to, and has been."""
    what, chosen = "notices", home.settings().notices
    if wrong := unsafe_notices(chosen):
        return Finding(what, "bad", wrong)
    if waiting := waiting_notices(home):
        return Finding(what, "bad", f"{len(waiting)} were not taken; `remind` hands them over")
    if not (chosen.mail_to or chosen.url_file):
        return Finding(what, "note", "nobody is told of a run's end: [notices] in settings.toml")
    return Finding(what, "good", f"of {', '.join(chosen.states)}; none waits")


def check_service_user(home: homes.Home) -> Iterator[Finding]:
    """See that what a schedule starts acts as a person: as the user who owns the home, or the service's.

    Raises:
        CodedError: ``people.toml`` can't be read.
    """
    people = People.read(home.people_file)
    what, user = "service's user", people.service or _owner(home)
    try:
        yield Finding(what, "good", f"{user} acts as {people.by_user(user).id}")
    except CodedError:
        cure = f'give a [[person]] of people.toml user = "{user}"'
        yield Finding(what, "note", f"is nobody, no schedule can write letters: {cure}")


def _owner(home: homes.Home) -> str:
    try:
        return home.root.owner()
    except KeyError:  # a number without a name
        return str(home.root.stat().st_uid)


def _free_space(home: homes.Home) -> Finding:
    free = shutil.disk_usage(home.root).free
    newest = max(map(_size, home.register.glob("*/[A-Z]*")), default=0)
    enough = free > max(_LEAST_FREE, 2 * newest)
    detail = f"{free / 2**30:.1f} GiB free; newest register {newest / 2**30:.1f} GiB"
    return Finding("room on the disk", "good" if enough else "bad", detail)


def _size(folder: Path) -> int:
    return sum(found.st_size for _, found in standing(folder) if stat.S_ISREG(found.st_mode))


def check_registers(home: homes.Home) -> Iterator[Finding]:
    """See that releases find what was worked out of each system's newest snapshot.

    Raises:
        SnapshotDamaged: a manifest is missing or not ours.
    """
    with Session(home) as session:
        stale = stale_indexes(session)
    slow = f"releases read the whole register: `doj-release register index {' '.join(stale[:1])}`"
    yield judged("register's index", stale, slow, "of this version, or none needed", "note")


def check_added(home: homes.Home) -> Iterator[Finding]:
    """See that what the home adds to its systems fits them.

    Raises:
        LocalWrong: it does not.
    """
    systems = Systems.of(home.systems)
    for code, _ in systems.added:
        systems.load(code)
        yield Finding(f"{code}, {LOCAL}", "good", "fits what is installed")


def check_private_keys(home: homes.Home) -> Iterator[Finding]:
    """See that no unencrypted private key lies in the home, the escrow key's least of all."""
    demo = home.root / "demo"
    found = sum(
        _holds_a_key(path)
        for path, status in standing(home.root)
        if stat.S_ISREG(status.st_mode)
        and demo not in path.parents
        and status.st_size < _KEY_AT_MOST
    )
    bad = f"{found} files with an unencrypted private key"
    yield judged("private keys", found, bad, "none unencrypted")


def _holds_a_key(path: Path) -> bool:
    try:
        return bool(re.search(rb"-----BEGIN (RSA |EC )?PRIVATE KEY", path.read_bytes()))
    except FileNotFoundError:  # another process has taken it away
        return False


def check_ledger(home: homes.Home) -> Iterator[Finding]:
    """Verify the ledger, look at its database's rights, and say who acts.

    Raises:
        CodedError: the ledger does not hold, or can't be read.
    """
    from approvals.ledger import weaknesses

    with Session(home) as session:
        yield from _outside(session)
        facts = verify_everything(session, strict=False)
        yield Finding("ledger", "good", f"{facts['size']} events, chain whole")
        known = last_verified(session)
        said = verified_in_words(session)
        yield Finding("last verified", "good" if known and known.holds else "note", said)
        yield _in_force(session)
        yield _registers(session)
        weak = weaknesses(session.ledger.engine)
        what = f"{session.ledger.engine.dialect.name}, this role appends and reads"
        yield Finding("ledger database", "note" if weak else "good", "; ".join(weak) or what)
        try:
            yield Finding("who acts", "good", session.person.id)
        except CodedError as error:
            yield Finding("who acts", "bad", str(error))


def _registers(session: Session) -> Finding:
    """Whether a snapshot waits for a second person: orders use the one before meanwhile, if there is one."""
    waiting = [n for n, state in snapshot_states(session.ledger).items() if state.waits]
    bad = f"{', '.join(waiting)}: kept aside, see `register show`"
    return judged("registers", waiting, bad, "no snapshot waits for a second person", "note")


def _in_force(session: Session) -> Finding:
    """Whether two people said what settings.toml and people.toml say; a home's first list of people stops nothing yet."""
    what = "settings in force"
    try:
        unconfirmed, stops = as_error(session, first=True), as_error(session) is not None
    except CodedError as error:  # people.toml can't be read
        return Finding(what, "bad", str(error))
    state: State = "bad" if stops and not session.demo else "note"
    return judged(what, unconfirmed, str(unconfirmed), "the digest that the ledger holds", state)


def _outside(session: Session) -> Iterator[Finding]:
    """What the witnesses and the time-stamping authority say."""
    if not (session.settings.witness.folder or session.settings.witness.database_url):
        said = "none that can be read back: an older copy of the home is not found ([witness])"
        yield Finding("witness", "note", said)
    for name, wrong, good in witness_states(session):
        state: State = "note" if good else "bad"
        yield judged(f"witness {name}", wrong, f"{wrong}; {good}" if good else wrong, good, state)
    if session.settings.time.authority_url:
        try:
            check_clock(session)
            yield Finding("clock", "good", "as the authority of [time] says")
        except CodedError as error:
            yield Finding("clock", "bad", str(error))
