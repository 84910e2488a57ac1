"""Passkeys (W3C Web Authentication, level 2): what a browser is asked, and whether what an authenticator answered holds.

It knows a site, challenges, public keys, signatures and counters. It keeps nothing, knows no person, and never says who may have a passkey:
attestation is not asked for, since a second person confirms each key.
"""

from crypto.passkeys.assertion import Assertion, assertion_options, verify_assertion
from crypto.passkeys.reading import LONGEST, Site, check_nothing_else, from_base64url, to_base64url
from crypto.passkeys.registration import (
    ALGORITHMS,
    Passkey,
    passkey_fingerprint,
    registration_options,
    verify_registration,
)
