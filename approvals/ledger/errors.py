"""What the ledger refuses, and the problems that its verification finds."""

from dataclasses import dataclass

from errors import CodedError, Exit

_LISTED = 20  # problems of a ledger in a text


@dataclass(frozen=True, slots=True)
class LedgerProblem:
    """What is wrong, and at which number."""

    seq: int
    what: str


class LedgerMissing(CodedError, code="LEDGER-01", exit=Exit.INTEGRITY):
    cause = "the ledger is missing"
    cure = "`doj-release init` makes a new home; a lost ledger must come back from its backup"


class LedgerExists(CodedError, code="LEDGER-02", exit=Exit.USAGE):
    cause = "there is a ledger already"
    cure = "Open it, or choose another home"


class LedgerBroken(CodedError, code="LEDGER-03", exit=Exit.INTEGRITY):
    cause = "the ledger was changed after it was written"
    cure = "Stop all releases, keep the file as it is, and compare it with the last checkpoint"

    def __init__(self, problems: tuple[LedgerProblem, ...]) -> None:
        self.problems = problems
        first = problems[0]
        super().__init__(event=first.seq, what=first.what, problems=len(problems))

    def text(self) -> str:
        """The first line, then one line for each problem."""
        lines = (f"  - event {p.seq}: {p.what}" for p in self.problems[:_LISTED])
        return "\n".join([super().text(), *lines])

    def as_dict(self) -> dict[str, object]:
        """The same for machines, with every problem."""
        listed = [{"event": p.seq, "what": p.what} for p in self.problems]
        return super().as_dict() | {"problems": listed}


class EventRefused(CodedError, code="LEDGER-04", exit=Exit.USAGE):
    cause = "this kind of event is unknown or does not carry these facts"
    cure = "docs/approvals.md lists each kind of event with its facts"


class KeyReused(CodedError, code="LEDGER-05", exit=Exit.INTEGRITY):
    cause = "the ledger has another event under the same key"
    cure = "Look at the event named here: what is being recorded differs from it"


class LedgerUnavailable(CodedError, code="LEDGER-06", exit=Exit.INTERNAL):
    cause = "the ledger's database can't be used"
    cure = "Look whether it runs, has room, and admits this user"


class AttemptUnrecorded(CodedError, code="LEDGER-09", exit=Exit.REFUSED):
    cause = "the step stays refused, but the ledger could not record that it was tried"
    cure = "Tell the security officer what was tried; see `doj-release doctor` for the ledger"


class StateMoved(CodedError, code="APPROVAL-15", exit=Exit.HELD):
    cause = "somebody else recorded something for this project in the meantime"
    cure = "Look again with `doj-release project show`, then repeat the step if it still fits"


class CheckpointWrong(CodedError, code="LEDGER-07", exit=Exit.INTEGRITY):
    cause = "the checkpoint can't be read or its signature does not hold"
    cure = "Use a checkpoint that this home exported, and its own signing certificate"


class HeadWrong(CodedError, code="LEDGER-08", exit=Exit.INTEGRITY):
    cause = "ledger.head, the keyed note of how far the ledger had come, does not hold"
    cure = "Put it back from the backup that the ledger came from; compare with a checkpoint"
