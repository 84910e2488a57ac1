"""How data leave and how they rest: recipients' keys, sealing, signatures, keyring, staging.

It knows nothing of what is inside, and imports no other room. Names load when they are used, since
the command line imports this before it knows whether it needs any of it.

Leaving: `Recipient`, `write_package`, `verify_package`, `seal_stream`, `FileSigner`,
`verify_detached`. Resting: `Keyring`, `StagingKey`, `staging`, `document`. Names for people:
`research_ids`, `order_keys`. Looking after it: `health`.
"""

from crypto import fips

fips.activate()  # before the first import of `cryptography`
