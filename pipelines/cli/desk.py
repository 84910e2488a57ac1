"""``desk``: review and sign-off in a browser."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.cli.console import Console

if TYPE_CHECKING:
    from pipelines.desk import Address


def desk(console: Console, port: int | None = None, socket: Path | None = None) -> None:
    """Review and sign off in a browser, as oneself, until Ctrl-C.

    On this machine's loopback, or on a Unix socket; from another machine by SSH. The address that is
    printed opens the desk once, in one browser; Enter prints another.
    """
    from pipelines.desk import PORT, serve_own

    home = console.open_home()
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
