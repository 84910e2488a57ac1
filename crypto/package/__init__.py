"""A sealed package: its parts and their signed list of hashes.

It is written whole or not at all, and verified in the recipient's own order before anybody opens it. It never
decrypts, and trusts no certificate that lies inside.
"""

from crypto.package.sealed_package import Part, verify_by_any, write_package
