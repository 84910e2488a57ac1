"""The home's ledger as a whole: verified against all that was ever signed, checkpointed, exported."""

import json
from collections.abc import Sequence
from pathlib import Path

from approvals.events import Event
from approvals.ledger_head import HeadFile
from approvals.ledger_verify import Checkpoint, make_checkpoint, verify
from pipelines.errors import FileExists
from pipelines.home import write_private
from pipelines.office import Office
from pipelines.seals import read_file


def verify_ledger(office: Office, checkpoints: Sequence[Path] = ()) -> dict[str, object]:
    """Check the whole ledger, against its head and every checkpoint that this home ever signed.

    Args:
        office: the home.
        checkpoints: more of them, that were kept elsewhere: who can change the ledger may be able
            to remove what lies beside it, but not what left the building.

    Raises:
        LedgerBroken: with every problem and its place (exit 5).
        CheckpointWrong: a checkpoint is not one that this home signed.
        HeadWrong: the note of how far the ledger had come is gone or forged.
    """
    head = HeadFile(office.home.ledger_head, office.keyring.digest).read()
    kept = sorted(office.home.checkpoints.glob("*.json"))
    found = [_read(office, path) for path in (*kept, *checkpoints)]
    verdict = verify(office.ledger, found, head)
    verdict.check()
    return {
        "size": verdict.entries,
        "root": verdict.root,
        "checkpoints": len(found),
        "last_checkpoint": max((c.size for c in found), default=0),
    }


def _read(office: Office, path: Path) -> Checkpoint:
    found = Checkpoint.from_json(read_file(path, "checkpoint"))
    found.check_signature(office.keyring.signing_certificate())
    return found


def checkpoint(office: Office) -> dict[str, object]:
    """Sign the ledger's size and root, and keep a copy in the home.

    Raises:
        LedgerBroken: a ledger that does not hold gets no checkpoint.
    """
    made = make_checkpoint(office.ledger, office.keyring.signer())
    body = made.as_dict()
    office.home.checkpoints.mkdir(mode=0o700, exist_ok=True)
    write_private(office.home.checkpoints / f"{made.size:012d}.json", json.dumps(body, indent=1))
    facts = {"size": made.size, "root": made.root}
    office.append(Event("checkpoint_made", office.person.id, facts=facts))
    return body


def export_ledger(office: Office, out: Path) -> int:
    """Write every event's body, one line each, into a new file; return how many.

    Raises:
        FileExists: something is there.
    """
    try:
        return office.ledger.export(out)
    except FileExistsError:
        raise FileExists(file="export") from None
