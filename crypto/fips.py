"""FIPS mode of the OpenSSL inside `cryptography`, by a configuration of its own.

A process here has two OpenSSLs: Python's (`hashlib`, `ssl`) and the one inside `cryptography`. Both read
OPENSSL_CONF when they start, and where both load one provider's library they overwrite each other's
state: the second breaks the first. So the configuration is named in a variable of ours and shown to
the second alone. Everything in `crypto` runs there, hashes included.
"""

import hashlib
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from crypto.errors import FipsRequired

VARIABLE = "DOJ_RELEASE_FIPS_CONF"
_READ_BY_OPENSSL = ("OPENSSL_CONF", "OPENSSL_MODULES")
_INSIDE = "cryptography.hazmat.bindings._rust"


def activate() -> bool:
    """Start the OpenSSL inside `cryptography` in FIPS mode, where the variable asks for it.

    Call it before anything imports `cryptography`; `crypto` does. Modules are looked for beside the
    configuration, unless OPENSSL_MODULES names another folder.

    Raises:
        FipsRequired: the mode was asked for and is not on afterwards.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return False
    configuration = Path(named).absolute()
    if not configuration.is_file() or (_INSIDE in sys.modules and not enabled()):
        raise FipsRequired
    hashlib.sha256(b"")  # Python's OpenSSL has read its configuration now
    modules = os.environ.get("OPENSSL_MODULES", str(configuration.parent))
    with _environment(dict(zip(_READ_BY_OPENSSL, (str(configuration), modules), strict=True))):
        on = enabled()
    if not on:
        raise FipsRequired
    return True


def enabled() -> bool:
    """Whether that OpenSSL refuses what is not approved: it then has no ChaCha20."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    try:
        ChaCha20Poly1305(bytes(32))
    except (UnsupportedAlgorithm, ValueError):
        return True
    return False


def require_fips() -> None:
    """Stop where policy asks for FIPS mode and it is off.

    Raises:
        FipsRequired: it is off.
    """
    if not enabled():
        raise FipsRequired


@contextmanager
def _environment(values: dict[str, str]) -> Generator[None, None, None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
