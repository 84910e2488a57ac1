"""The home's ledger as a whole: verified against all that was ever signed, checkpointed, exported."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

from approvals.ledger import (
    Checkpoint,
    CheckpointWrong,
    Event,
    HeadFile,
    make_checkpoint,
    verify_chain,
)
from approvals.project import check_pinned_documents
from crypto.keyring import accepted_certificates, revoked_certificates
from pipelines.errors import FileExists
from pipelines.home import write_private
from pipelines.keys.sealing import read_file
from pipelines.session import Session


def verify_ledger(session: Session, checkpoints: Sequence[Path] = ()) -> dict[str, object]:
    """Check the whole ledger, against its head and every checkpoint that this home ever signed.

    Args:
        session: the home.
        checkpoints: more of them, that were kept elsewhere: who can change the ledger may be able
            to remove what lies beside it, but not what left the building.

    Raises:
        LedgerBroken: with every problem and its place (exit 5).
        CheckpointWrong: a checkpoint is not one that this home signed.
        DocumentsGone: a document that an event pins is missing or changed.
        HeadWrong: the note of how far the ledger had come is gone or forged.
    """
    head = HeadFile(session.home.ledger_head, session.keyring.digest).read()
    keys = session.home.keys
    stored = [_parse(path) for path in sorted(session.home.checkpoints.glob("*.json"))]
    # A checkpoint by a revoked key proves nothing; the verdict says that there are some.
    void = [c for c in stored if _signed_by(c, revoked_certificates(keys))]
    found = [c for c in stored if c not in void] + [_parse(path) for path in checkpoints]
    if not all(_signed_by(c, accepted_certificates(keys)) for c in found):
        raise CheckpointWrong(what="signature")
    verdict = verify_chain(session.ledger, found, head)
    verdict.check()
    documents = check_pinned_documents(session.projects)
    return {
        "size": verdict.entries,
        "root": verdict.root,
        "checkpoints": len(found),
        "checkpoints_of_revoked_keys": len(void),
        "last_checkpoint": max((c.size for c in found), default=0),
        "documents": documents,
    }


def _parse(path: Path) -> Checkpoint:
    return Checkpoint.from_json(read_file(path, "checkpoint"))


def _signed_by(checkpoint: Checkpoint, certificates: Sequence[bytes]) -> bool:
    for pinned in certificates:
        with contextlib.suppress(CheckpointWrong):
            checkpoint.check_signature(pinned)
            return True
    return False


def checkpoint(session: Session) -> dict[str, object]:
    """Sign the ledger's size and root, and keep a copy in the home.

    Raises:
        LedgerBroken: a ledger that does not hold gets no checkpoint.
    """
    made = make_checkpoint(session.ledger, session.keyring.signer())
    body = made.as_dict()
    session.home.checkpoints.mkdir(mode=0o700, exist_ok=True)
    write_private(session.home.checkpoints / f"{made.size:012d}.json", json.dumps(body, indent=1))
    facts = {"size": made.size, "root": made.root}
    session.append(Event("checkpoint_made", session.person.id, facts=facts))
    return body


def export_ledger(session: Session, out: Path) -> int:
    """Write every event's body, one line each, into a new file; return how many.

    Raises:
        FileExists: something is there.
    """
    try:
        return session.ledger.export(out)
    except FileExistsError:
        raise FileExists(file="export") from None
