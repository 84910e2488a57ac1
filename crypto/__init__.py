"""How data leave and how they rest: recipients' keys, sealing, signatures, keyring, staging.

It knows nothing of what is inside, and imports no other room. Names load when they are used, since
the command line imports this before it knows whether it needs any of it.

Leaving: `Recipient`, `write_package`, `verify_package`, `seal_stream`, `FileSigner`,
`verify_detached`. Resting: `Keyring`, `StagingKey`, `staging`, `document`. Names for people:
`research_ids`, `order_keys`. Looking after it: `health`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from crypto import fips

if TYPE_CHECKING:
    from crypto import document, health, staging
    from crypto.files import remove_partials
    from crypto.identifiers import order_keys, research_ids
    from crypto.keyring import Keyring
    from crypto.package import Package, VerifiedPackage, verify_package, write_package
    from crypto.parts import Part, SealedFile
    from crypto.readme import recipient_readme
    from crypto.recipients import Recipient
    from crypto.seal import MAX_PLAINTEXT, SealedDigest, seal_bytes, seal_stream
    from crypto.secret import Secret, StagingKey
    from crypto.selfmade import make_recipient
    from crypto.signing import (
        FileSigner,
        Signer,
        certificate_fingerprint,
        make_signing_identity,
        public_key_fingerprint,
        verify_detached,
        verify_raw,
    )

__all__ = [
    "MAX_PLAINTEXT",
    "FileSigner",
    "Keyring",
    "Package",
    "Part",
    "Recipient",
    "SealedDigest",
    "SealedFile",
    "Secret",
    "Signer",
    "StagingKey",
    "VerifiedPackage",
    "certificate_fingerprint",
    "document",
    "health",
    "make_recipient",
    "make_signing_identity",
    "order_keys",
    "public_key_fingerprint",
    "recipient_readme",
    "remove_partials",
    "research_ids",
    "seal_bytes",
    "seal_stream",
    "staging",
    "verify_detached",
    "verify_package",
    "verify_raw",
    "write_package",
]

fips.activate()  # before the first import of `cryptography`

_WHERE = {
    "files": ("remove_partials",),
    "identifiers": ("order_keys", "research_ids"),
    "keyring": ("Keyring",),
    "package": ("Package", "VerifiedPackage", "verify_package", "write_package"),
    "parts": ("Part", "SealedFile"),
    "readme": ("recipient_readme",),
    "recipients": ("Recipient",),
    "seal": ("MAX_PLAINTEXT", "SealedDigest", "seal_bytes", "seal_stream"),
    "secret": ("Secret", "StagingKey"),
    "selfmade": ("make_recipient",),
    "signing": (
        "FileSigner", "Signer", "certificate_fingerprint", "make_signing_identity",
        "public_key_fingerprint", "verify_detached", "verify_raw",
    ),
}  # fmt: skip
_MODULES = ("document", "health", "staging")
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"crypto.{name}")
    if name in _MODULE_OF:
        return getattr(importlib.import_module(f"crypto.{_MODULE_OF[name]}"), name)
    raise AttributeError(name)
