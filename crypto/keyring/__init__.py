"""The keyring of a home: every secret at rest, and the Department's signing keys over time."""

from crypto.keyring import health, signers
from crypto.keyring.health import require_fips
from crypto.keyring.keyring import ESCROW, Keyring
from crypto.keyring.signers import PIN_VARIABLE, accepted

__all__ = ["ESCROW", "PIN_VARIABLE", "Keyring", "accepted", "health", "require_fips", "signers"]
