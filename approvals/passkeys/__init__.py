"""Who has which passkey, and what was signed with it: approvals that whoever owns the ledger's database can't make up.

It works out of the ledger which passkeys are in force, writes what is signed as one canonical statement, adds signatures to
events and checks them again. It asks no browser, and knows no session.
"""

from approvals.passkeys.checking import SignedEvents, check_signatures
from approvals.passkeys.keys import (
    CONFIRMERS,
    INVITERS,
    RegisteredPasskey,
    confirm_passkey,
    enter,
    in_force,
    invite,
    open_invitation,
    passkeys,
    register_passkey,
    revoke_passkey,
    signature_counter,
)
from approvals.passkeys.signing import Signing
from approvals.passkeys.statements import Statement, StatementWanted, challenge_of
