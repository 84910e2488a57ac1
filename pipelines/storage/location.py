"""Where a bucket is and how it is reached: checked before anything is sent.

Credentials come from a closed file or from the environment, never from settings, and are shown by no repr.
"""

import configparser
import ipaddress
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pipelines.home import Bucket
from pipelines.storage.errors import BucketUnsafe, CredentialsMissing

# Names after S3's own rules; a prefix of plain words, so that no key needs quoting anywhere.
_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+)/?")


@dataclass(frozen=True)
class Location:
    """A prefix of a bucket."""

    bucket: str
    prefix: str

    def key(self, name: str) -> str:
        """The key of an object."""
        return f"{self.prefix}/{name}"


@dataclass(frozen=True, repr=False)
class Credentials:
    """An access key and its secret; a token where they are temporary."""

    access: str
    secret: str
    token: str | None = None

    def __repr__(self) -> str:
        return "<Credentials hidden>"


@dataclass(frozen=True)
class Server:
    """Who is asked: scheme, host and port (none: AWS's own for the region)."""

    scheme: str
    netloc: str

    @property
    def url(self) -> str | None:
        """As botocore takes it."""
        return f"{self.scheme}://{self.netloc}" if self.netloc else None


def location_of(settings: Bucket, purpose: str) -> Location | None:
    """The place of ``register`` or ``staging``; None where it lies in the home.

    Raises:
        BucketUnsafe: the settings can't be used; all that is wrong is named.
    """
    if purpose not in configured_urls(settings):
        return None
    if wrong := unsafe_settings(settings):
        raise BucketUnsafe(settings=wrong)
    return _parsed(configured_urls(settings)[purpose])


def configured_urls(settings: Bucket) -> dict[str, str]:
    """What is not in the home, and where it is."""
    urls = {"register": settings.register_url, "staging": settings.staging_url}
    return {purpose: url for purpose, url in urls.items() if url}


def unsafe_settings(settings: Bucket) -> list[str]:
    """Which settings are malformed, reach another machine without TLS, or name files open to others."""
    places = {p: _parsed(url) for p, url in configured_urls(settings).items()}
    wrong = [f"{p}_url" for p, found in places.items() if found is None]
    if not wrong and len(places) > 1:
        one, other = (f"{p.bucket}/{p.prefix}/" for p in places.values() if p is not None)
        if one.startswith(other) or other.startswith(one):
            wrong.append("staging_url")
    if server(settings) is None:
        wrong.append("endpoint")
    if settings.ca_file and not Path(settings.ca_file).is_file():
        wrong.append("ca_file")
    if settings.credentials_file and not _private(Path(settings.credentials_file)):
        wrong.append("credentials_file")
    return wrong


def server(settings: Bucket) -> Server | None:
    """Who is asked; None where the address is none, or would be asked without TLS."""
    if not settings.endpoint:
        return Server("https", "")
    try:
        parts = urlsplit(settings.endpoint)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    more = parts.path not in ("", "/") or parts.query or parts.fragment or parts.username
    if not host or more or "@" in parts.netloc:
        return None
    if parts.scheme == "https" or (parts.scheme == "http" and _this_machine(host)):
        return Server(parts.scheme, parts.netloc)
    return None


def credentials(settings: Bucket) -> Credentials:
    """Read the credentials.

    Raises:
        CredentialsMissing: there are none, or half of them.
    """
    if settings.credentials_file:
        read = configparser.RawConfigParser()
        try:
            read.read_string(Path(settings.credentials_file).read_text("utf-8"))
            found = dict(read["default"])
        except (OSError, UnicodeDecodeError, configparser.Error, KeyError):
            raise CredentialsMissing from None  # the parser's text quotes the line
    else:
        found = {name.lower(): value for name, value in os.environ.items()}
    access, secret = found.get("aws_access_key_id"), found.get("aws_secret_access_key")
    if not access or not secret:
        raise CredentialsMissing
    return Credentials(access, secret, found.get("aws_session_token") or None)


def _parsed(url: str) -> Location | None:
    match = _URL.fullmatch(url)
    return Location(match[1], match[2].strip("/")) if match else None


def _this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _private(path: Path) -> bool:
    return path.is_file() and not stat.S_IMODE(path.stat().st_mode) & 0o077
