"""A witness outside: checkpoints of the ledger where this service can't take them back, and what they say of the ledger here.

A home that was restored as a whole to an older copy holds together by itself: ledger, head, keys and settings are of one day. A place
that saw a later day tells. What happened after the newest checkpoint there is seen by nobody; the first event's hash tells homes
apart.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from approvals.errors import CheckpointWrong
from approvals.ledger import Checkpoint, Unreachable, WitnessDatabase, WitnessFolder, WitnessPlace
from crypto.cms import check_timestamp
from crypto.keyring import accepted_certificates, revoked_certificates
from errors import CodedError
from pipelines import keys
from pipelines.errors import MailRefused, MailUnavailable
from pipelines.home import Settings, write_private
from pipelines.mail import Letter, post_office
from pipelines.safeguards.clock import authorities, stamped
from pipelines.safeguards.errors import WitnessDisagrees, WitnessUnavailable
from pipelines.session import Session

_MARK = 12  # hex figures that tell a place from a former one


@dataclass(frozen=True)
class Seen:
    """A line of this home's at a place: a checkpoint, the hash of its last event, and a time stamp over it where there was one."""

    checkpoint: Checkpoint
    head: str
    token: bytes | None


def places(settings: Settings) -> dict[str, WitnessPlace]:
    """The places that can be read back, each by a name that changes with it."""
    chosen, found = settings.witness, dict[str, WitnessPlace]()
    if chosen.folder:
        found[_named("folder", chosen.folder)] = WitnessFolder(Path(chosen.folder))
    if chosen.database_url:
        found[_named("database", chosen.database_url)] = WitnessDatabase(chosen.database_url)
    return found


def _named(kind: str, place: str) -> str:
    return f"{kind}:{hashlib.sha256(place.encode()).hexdigest()[:_MARK]}"


def has_witness(settings: Settings) -> bool:
    """Whether checkpoints go anywhere."""
    return bool(places(settings) or settings.witness.mail_to)


# Looking


def check_witness(session: Session, *, strict: bool = True) -> None:
    """Compare the ledger's newest events with what each place saw.

    Args:
        session: the opened home.
        strict: refuse where a place can't be reached, as the settings say; else it is only said.

    Raises:
        WitnessDisagrees: a place saw another ledger, or a later one (exit 5).
        WitnessUnavailable: it can't be reached, and the settings want it (exit 3).
    """
    for name, place in places(session.settings).items():
        try:
            found = seen(session, name, place)
        except Unreachable as error:
            _unreachable(session, name, error.why, strict=strict)
            continue
        if found:
            newest = found[-1]
            here = session.ledger.hash_at(newest.checkpoint.size)
            if newest.checkpoint.size and here != newest.head:
                size = session.ledger.size()
                raise WitnessDisagrees(
                    witness=name, events_seen=newest.checkpoint.size, events_here=size
                )


def seen(session: Session, name: str, place: WitnessPlace) -> list[Seen]:
    """What a place has of this home, by size, the newest signature checked; without those by keys that were revoked.

    Raises:
        Unreachable: it can't be read.
        WitnessDisagrees: a line is none, the newest is signed by nobody whom this home knows, or some that went there are gone.
    """
    home = session.ledger.hash_at(1)
    found = sorted(_lines(name, place, home), key=lambda one: one.checkpoint.size)
    known, void = accepted_certificates(session.home.keys), revoked_certificates(session.home.keys)
    while found and not keys.signed_by(found[-1].checkpoint, known):
        if not keys.signed_by(found[-1].checkpoint, void):
            raise WitnessDisagrees(
                witness=name, what="a checkpoint by a key that this home does not have"
            )
        found.pop()
    sent = session.ledger.events(kind="checkpoint_witnessed")
    last = max(
        (int(str(e.facts["size"])) for e in sent if name in _ids(e.facts["witness"])), default=0
    )
    if last > (found[-1].checkpoint.size if found else 0) and not _revoked_since(session, last):
        raise WitnessDisagrees(
            witness=name, what="checkpoints that it took are gone", events_sent=last
        )
    return found


def _revoked_since(session: Session, size: int) -> bool:
    """Whether a key was revoked after this event: its checkpoints count no more."""
    return any(e.seq > size for e in session.ledger.events(kind="signing_key_revoked"))


def _ids(value: object) -> Sequence[str]:
    return value if isinstance(value, tuple) else ()


def _lines(name: str, place: WitnessPlace, home: str | None) -> Iterator[Seen]:
    for line in place.lines():
        try:
            if line is None:
                raise ValueError
            if line["home"] != home:
                continue
            token = base64.b64decode(line["token"]) if line["token"] else None
            yield Seen(
                Checkpoint.from_json(json.dumps(line["checkpoint"])), str(line["head"]), token
            )
        except (ValueError, KeyError, TypeError, CheckpointWrong):
            raise WitnessDisagrees(witness=name, what="a line that is no checkpoint") from None


def _unreachable(session: Session, name: str, why: str, *, strict: bool) -> None:
    error = WitnessUnavailable(witness=name, what=why)
    if strict and session.settings.witness.unavailable == "refuse":
        raise error
    session.warnings.append(str(error))


# Telling


def keep_checkpoint(session: Session) -> dict[str, object]:
    """Sign the ledger's size and root, keep a copy in the home, and give it to every witness, with a time stamp over it.

    Raises:
        LedgerBroken: a ledger that does not hold gets no checkpoint.
        WitnessDisagrees: a place saw another ledger: it is not told of this one.
        WitnessUnavailable: a place did not take it, and the settings want that; the others have it.
        CodedError: of the time-stamping authority, see `check_clock`.
    """
    check_witness(session, strict=False)
    body = keys.checkpoint(session)
    made = Checkpoint.from_json(json.dumps(body))
    stamp = stamped(session, stamped_content(made))
    token = base64.b64encode(stamp.token).decode("ascii") if stamp else ""
    if stamp:
        write_private(session.home.checkpoints / f"{made.size:012d}.tsr", token)
    line: dict[str, Any] = {
        "home": session.ledger.hash_at(1),
        "head": session.ledger.hash_at(made.size),
        "checkpoint": body,
        "token": token,
    }
    missed = dict[str, str]()
    took = list[str]()
    for name, place in places(session.settings).items():
        try:
            place.append(line)
            took.append(name)
        except Unreachable as error:
            missed[name] = error.why
    for address in session.settings.witness.mail_to:
        name = _named("mail", address)
        try:
            with post_office(session.settings.mail) as send:
                send(_letter(address, made, line))
            took.append(name)
        except (MailUnavailable, MailRefused, ValueError) as error:
            missed[name] = type(error).__name__
    if took:
        session.note("checkpoint_witnessed", size=made.size, witness=tuple(took))
    if missed:
        session.note("witness_missed", size=made.size, witness=tuple(missed))
    for name, why in missed.items():
        _unreachable(session, name, why, strict=True)
    return body


def notify_witness(session: Session) -> None:
    """After something was decided, or daily: give every witness a checkpoint; nothing where there is none.

    Raises:
        CodedError: see `keep_checkpoint`.
    """
    if has_witness(session.settings):
        keep_checkpoint(session)


def _letter(address: str, made: Checkpoint, line: dict[str, Any]) -> Letter:
    text = (
        f"The release ledger has {made.size} events. Keep this: it shows, later, whether the ledger was put back or rewritten.\n"
        "Save the JSON below as a file and run `doj-release ledger verify --checkpoint FILE`.\n\n"
        f"{json.dumps(line['checkpoint'], indent=1)}\n\nTime stamp (RFC 3161, Base64): {line['token'] or 'none'}\n"
    )
    return Letter(
        address,
        f"Ledger checkpoint of {made.size} events",
        text,
        f"checkpoint.{made.size}.{made.root[:16]}",
    )


def stamped_content(made: Checkpoint) -> bytes:
    """What a time stamp of a checkpoint is over: its content and its signature."""
    return made.content() + b"\n" + made.signature.encode("ascii")


# Verifying all of it


def verify_everything(
    session: Session, checkpoints: Sequence[Path] = (), *, strict: bool = True
) -> dict[str, object]:
    """Check the whole ledger against its head, every checkpoint here, those named, and all that witnesses have.

    Not ``strict``: a witness that can't be reached is only said.

    Raises:
        WitnessDisagrees, WitnessUnavailable: see `check_witness`.
        TimestampDoesNotHold: a time stamp is not of its checkpoint.
        CodedError: see `pipelines.keys.verify_ledger`.
    """
    check_witness(session, strict=strict)
    found = dict[str, list[Seen]]()
    for name, place in places(session.settings).items():
        try:
            found[name] = seen(session, name, place)
        except Unreachable as error:
            _unreachable(session, name, error.why, strict=strict)
    outside = [one for lines in found.values() for one in lines]
    facts = keys.verify_ledger(session, checkpoints, [one.checkpoint for one in outside])
    tokens = [(one.checkpoint, one.token) for one in outside if one.token] + list(
        _own_tokens(session)
    )
    if session.settings.time.ca_file:
        pinned = authorities(session.settings.time)
        for made, token in tokens:
            check_timestamp(token, stamped_content(made), pinned)
        facts["time_stamps"] = len(tokens)
    if found:
        facts["witnesses"] = {name: len(lines) for name, lines in found.items()}
    return facts


def _own_tokens(session: Session) -> Iterator[tuple[Checkpoint, bytes]]:
    for path in sorted(session.home.checkpoints.glob("*.tsr")):
        made = Checkpoint.from_json(path.with_suffix(".json").read_bytes())
        yield made, base64.b64decode(path.read_text("ascii"))


def witness_states(session: Session) -> Iterator[tuple[str, str, str]]:
    """Of each place its name, what is wrong (an error's text, or how it could be rewritten), and what it has."""
    for name, place in places(session.settings).items():
        try:
            found = seen(session, name, place)
            newest = found[-1].checkpoint.size if found else 0
            yield (
                name,
                place.weakness() if found else "",
                f"{len(found)} checkpoints, newest of {newest} events",
            )
        except Unreachable as error:
            yield name, str(WitnessUnavailable(witness=name, what=error.why)), ""
        except CodedError as error:
            yield name, str(error), ""
