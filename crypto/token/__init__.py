"""The signing key in a PKCS#11 token: `TokenPlace`, `TokenKey`, `TokenSigner`."""
