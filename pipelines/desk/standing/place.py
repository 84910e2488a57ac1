"""Where a standing desk is, from the settings; and the TLS that it speaks."""

import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path

from crypto.passkeys import Site
from pipelines.desk.errors import StandingUnusable
from pipelines.desk.standing.challenges import Challenges
from pipelines.desk.standing.proxy import Proxy
from pipelines.home import DeskSettings
from pipelines.mail import read_secret

_SHORTEST = 32  # characters of the proxy's secret


@dataclass(frozen=True)
class Standing:
    """A standing desk. ``copies``: whether passkeys may be used that may leave their device."""

    site: Site
    copies: bool = False
    proxy: Proxy | None = None
    challenges: Challenges = field(default_factory=Challenges)
    entering: threading.Lock = field(default_factory=threading.Lock)  # one sign-in at a time

    @classmethod
    def of(cls, settings: DeskSettings) -> "Standing":
        """The standing desk of these settings.

        Raises:
            StandingUnusable: with the setting that is missing or can't be used.
        """
        site = Site.of(settings.origin)
        if site is None:
            raise StandingUnusable(setting="desk.origin")
        proxy = None
        if settings.proxy_secret_file:
            secret = read_secret(Path(settings.proxy_secret_file)) or ""
            if len(secret) < _SHORTEST:
                raise StandingUnusable(setting="desk.proxy_secret_file")
            people = dict(settings.certificates)
            if len(people) != len(settings.certificates):
                raise StandingUnusable(setting="desk.certificates")
            proxy = Proxy(secret, settings.proxy_header.lower(), people)
        return cls(site, settings.synced_passkeys == "allow", proxy)


def tls_of(settings: DeskSettings) -> ssl.SSLContext:
    """TLS 1.3 and nothing before it, with the desk's own certificate.

    Raises:
        StandingUnusable: the certificate or its key is not there, open to others, or they are no pair.
    """
    if not settings.key_file or read_secret(Path(settings.key_file)) is None:
        raise StandingUnusable(setting="desk.key_file")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0  # nothing is resumed
    try:
        context.load_cert_chain(settings.certificate_file, settings.key_file, password="")
    except (OSError, ValueError):
        raise StandingUnusable(setting="desk.certificate_file") from None
    return context
