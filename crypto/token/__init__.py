"""The signing key in a PKCS#11 token: `TokenPlace`, `TokenKey`, `TokenSigner`."""

from crypto.token.key import TokenPlace, TokenSigner, place_of, stored_place, token_certificate

__all__ = ["TokenPlace", "TokenSigner", "place_of", "stored_place", "token_certificate"]
