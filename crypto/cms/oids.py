"""Object identifiers that CMS structures here are made of, as encoded DER."""

from crypto.cms import der

DATA = der.oid("1.2.840.113549.1.7.1")
SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
AUTH_ENVELOPED_DATA = der.oid("1.2.840.113549.1.9.16.1.23")  # RFC 5083
AES256_GCM = der.oid("2.16.840.1.101.3.4.1.46")  # RFC 5084
AES256_WRAP = der.oid("2.16.840.1.101.3.4.1.45")  # RFC 3565
RSA_ENCRYPTION = der.oid("1.2.840.113549.1.1.1")
RSAES_OAEP = der.oid("1.2.840.113549.1.1.7")  # RFC 4055
MGF1 = der.oid("1.2.840.113549.1.1.8")
EC_PUBLIC_KEY = der.oid("1.2.840.10045.2.1")
STD_DH_SHA384_KDF = der.oid("1.3.132.1.11.2")  # RFC 5753
SHA256 = der.oid("2.16.840.1.101.3.4.2.1")
SHA384 = der.oid("2.16.840.1.101.3.4.2.2")
ECDSA_WITH_SHA384 = der.oid("1.2.840.10045.4.3.3")
SHA384_WITH_RSA = der.oid("1.2.840.113549.1.1.12")
CONTENT_TYPE = der.oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = der.oid("1.2.840.113549.1.9.4")
