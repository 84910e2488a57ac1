"""How data leave and how they rest: recipients' keys, sealing, signatures, keyring, staging.

It knows nothing of what is inside, and imports no other room but `errors`. `crypto.cms` seals and signs,
`crypto.package` makes of it what a recipient gets, `crypto.keyring` holds every secret, `crypto.token` a signing key
that never leaves its token, `crypto.resting` encrypts files that stay; `crypto.identifiers` gives research ids.
"""

from crypto.process import activate_fips

activate_fips()  # before the first import of `cryptography`
