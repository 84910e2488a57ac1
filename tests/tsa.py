"""A time-stamping authority on loopback whose answers come from `openssl ts -reply`: the real counterpart."""

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CONFIG = """[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/{signer}.pem
certs = {folder}/ca.pem
signer_key = {folder}/{signer}.key
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = {accuracy}
clock_precision_digits = 3
ess_cert_id_alg = {ess}
"""
EC = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
RIGHT_USE = "extendedKeyUsage=critical,timeStamping"


def openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def make_ca(folder: Path, name: str = "ca", *, path: str = "") -> None:
    """A self-signed authority of certificates."""
    openssl(
        "req", "-x509", "-newkey", *EC, "-noenc", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem", "-days", 3650,
        "-subj", "/CN=Test CA", "-addext", f"basicConstraints=critical,CA:TRUE{path}", "-addext", "keyUsage=critical,keyCertSign",
    )  # fmt: skip


def make_signer(
    folder: Path, name: str, *, ca: str = "ca", use: str = RIGHT_USE, key: tuple[str, ...] = EC, days: int = 3000, more: str = ""
) -> None:  # fmt: skip
    """A certificate for a signer of time stamps."""
    openssl("req", "-newkey", *key, "-noenc", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr", "-subj", f"/CN={name}")  # fmt: skip
    (folder / "ext").write_text(f"{use}\n{more or 'keyUsage=critical,digitalSignature'}\n")
    openssl(
        "x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / f"{ca}.pem", "-CAkey", folder / f"{ca}.key", "-CAcreateserial",
        "-days", days, "-extfile", folder / "ext", "-out", folder / f"{name}.pem",
    )  # fmt: skip


def reply(
    folder: Path, request: bytes, signer: str = "tsa", *, digest: str = "sha256", ess: str = "sha256", accuracy: str = "secs:1, millisecs:500"
) -> bytes:  # fmt: skip
    """The answer (TimeStampResp, DER) of `openssl ts -reply`."""
    (folder / "serial").write_text("01\n")
    config = _CONFIG.format(folder=folder, signer=signer, digest=digest, ess=ess, accuracy=accuracy)
    (folder / f"{signer}.cnf").write_text(config)
    (folder / "request").write_bytes(request)
    openssl(
        "ts", "-reply", "-section", "one", "-config", folder / f"{signer}.cnf", "-queryfile", folder / "request", "-out", folder / "answer",
    )  # fmt: skip
    return (folder / "answer").read_bytes()


class Authority:
    """The server: ``url``, how it answers (``how``, replaceable), and how often it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked, self.how = folder, 0, self.stamps
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = outer.how(body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Nothing on stderr."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/tsr"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def stamps(self, request: bytes) -> tuple[int, bytes]:
        return 200, reply(self.folder, request)

    @property
    def settings(self) -> str:
        return f'authority_url = "{self.url}"\nca_file = "{self.folder / "ca.pem"}"\n'

    @contextlib.contextmanager
    def running(self) -> Iterator["Authority"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
