"""What custody, documents, checkpoints and the steps of two people refuse."""

from faults import CodedError, Exit


class DocumentsGone(CodedError):
    """Documents that the ledger pins are missing or changed."""

    code = "APPROVAL-37"
    exit = Exit.INTEGRITY
    cause = "documents are missing or are not those that the ledger's events name"
    cure = "`doj-release project documents` lists them; put them back from a backup"


class PackageDiffers(CodedError):
    """The package in the outbox is not the one that the ledger names."""

    code = "APPROVAL-38"
    exit = Exit.INTEGRITY
    cause = "the package is not the one that was sealed to this member, so it is not handed over"
    cure = "Withdraw the release, find out who changed the outbox, and release again"


class ReceiptCodeWrong(CodedError):
    """The code is not the one inside the member's package."""

    code = "APPROVAL-39"
    exit = Exit.REFUSED
    cause = "this is not the receipt code inside the package that was sealed to this member"
    cure = "The member reads it from provenance.json after opening the package with their own key"


class EscrowRefused(CodedError):
    """The escrow key, or its use, does not stand."""

    code = "APPROVAL-40"
    exit = Exit.REFUSED
    cause = "the escrow key can't be taken, confirmed or used like this"
    cure = "`doj-release escrow show` says what is recorded; each step takes two people"


class EscrowChanged(CodedError):
    """The escrow certificate in the keyring is not the one that two people confirmed."""

    code = "APPROVAL-41"
    exit = Exit.INTEGRITY
    cause = "the escrow certificate in the keyring is not the one that two people confirmed"
    cure = "Put the confirmed certificate back, or have the new one added and confirmed"


class SwitchNotConfirmed(CodedError):
    """A setting is less cautious than its default and two people have not said so."""

    code = "APPROVAL-42"
    exit = Exit.REFUSED
    cause = "settings are less cautious than their defaults and were not confirmed by two people"
    cure = "`doj-release switch override NAME`, then another person `switch confirm NAME`"


class CheckpointWrong(CodedError):
    """A checkpoint that was not made by this Department's key."""

    code = "LEDGER-07"
    exit = Exit.INTEGRITY
    cause = "the checkpoint can't be read or its signature does not hold"
    cure = "Use a checkpoint that this home exported, and its own signing certificate"


class HeadWrong(CodedError):
    """The note of how far the ledger had come does not hold."""

    code = "LEDGER-08"
    exit = Exit.INTEGRITY
    cause = "ledger.head, the keyed note of how far the ledger had come, does not hold"
    cure = "Put it back from the backup that the ledger came from; compare with a checkpoint"
