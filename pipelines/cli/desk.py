"""``desk``: review and sign-off in a browser."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.cli.console import Console

if TYPE_CHECKING:
    from pipelines.desk import Address


def desk(
    console: Console, port: int | None = None, socket: Path | None = None, standing: bool = False
) -> None:
    """Review and sign off in a browser, as oneself, until Ctrl-C.

    On this machine's loopback, or on a Unix socket; from another machine by SSH. The address that is
    printed opens the desk once, in one browser; Enter prints another. Standing, it serves everybody who signs in with a
    passkey, as the settings under [desk] say.
    """
    from pipelines.desk import PORT, serve_own, serve_standing
    from pipelines.errors import OptionsDisagree

    home = console.open_home()
    if standing:
        if port is not None or socket is not None:
            raise OptionsDisagree(option="--standing: desk.address, desk.port say where")
        serve_standing(
            home, lambda at: console.show_pairs("Desk", {"open": at.url, "port": at.port})
        )
        return
    _ = console.session.person  # strangers open nothing

    def announce(address: "Address") -> None:
        place = str(address.socket) if address.socket else f"127.0.0.1:{address.port}"
        number = address.port or PORT
        console.show_pairs(
            "Desk",
            {
                "open": address.url,
                "listens": place,
                "from_another_machine": f"ssh -L {number}:{place} {_here()}",
            },
        )
        console.hint("It opens once, within ten minutes. Enter: another address. Ctrl-C: the end.")

    serve_own(home, announce, _asked, port=PORT if port is None else port, place=socket)


def _asked() -> bool:
    """Wait for Enter; false where nobody is at a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and bool(sys.stdin.readline())


def _here() -> str:
    import socket

    return socket.gethostname()
