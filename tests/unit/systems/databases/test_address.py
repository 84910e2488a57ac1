"""Addresses: what they may say, what they must not, and what no library looks up by itself."""

import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from systems.databases import Login, open_database, parse_address
from systems.databases.errors import (
    AddressUnusable,
    DriverMissing,
    LoginRefused,
    NotEncrypted,
    SecretInAddress,
    ServerNotTrusted,
    ServerUnreachable,
)
from systems.databases.postgres import _refused, _settings


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://a:SECRETVALUE@h/d", "postgresql://h/d?password=SECRETVALUE", "mysql://a:@h/d", "mysql://h/d?passwd=SECRETVALUE",
        "oracle://h/?wallet_password=SECRETVALUE", "adbc+flightsql://h/?token=SECRETVALUE", "foo://a:SECRETVALUE@h/d",
    ],
)  # fmt: skip
def test_a_secret_in_the_address_is_refused(address):
    with pytest.raises(SecretInAddress) as refused:
        open_database(address, Login())
    assert "SECRETVALUE" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "SECRETVALUE", "records.csv", "postgresql:SECRETVALUE", "postgresql://h:SECRETVALUE/d", "postgresql://h/d?service=SECRETVALUE",
        "postgresql://h/d?sslmode=disable", "postgresql://h/d?host=SECRETVALUE", "postgresql://h/d?ca_file=SECRETVALUE",
        "mysql://h/d?read_default_file=/SECRETVALUE", "mysql://h/d?schema=a&schema=SECRETVALUE", "sqlite:///d?mode=rwc",
        "postgresql://h/d?options=-cSECRETVALUE", "postgresql://a@/d?host=/run,SECRETVALUE.example", "postgresql://a@127.0.0.1,SECRETVALUE/d",
    ],
)  # fmt: skip
def test_what_is_no_address_or_has_other_options_is_refused(address):
    with pytest.raises(AddressUnusable) as refused:
        open_database(address, Login())
    assert "SECRETVALUE" not in str(refused.value)


def test_another_machine_must_prove_itself():
    there = parse_address("postgresql://a@db.example.gov/d")
    assert _settings(there, Login())["sslmode"] == "verify-full"
    assert _settings(there, Login())["sslrootcert"] == "system"
    assert _settings(there, Login(encrypted=False))["sslmode"] == "prefer"
    assert _settings(parse_address("postgresql://a@127.0.0.1/d"), Login())["sslmode"] == "prefer"
    assert _settings(parse_address("postgresql://a@h/d?ca_file=/ca.pem"), Login())["sslrootcert"] == "/ca.pem"  # fmt: skip
    for host in (
        "10.0.0.1",
        "127.0.0.1.example.org",
        "localhost.example.org",
    ):
        assert parse_address(f"postgresql://a@{host}/d").checked(Login()), host
    for host in ("localhost", "127.9.9.9", "[::1]", ""):
        assert not parse_address(f"postgresql://a@{host}/d").checked(Login()), host


def test_what_nobody_here_can_check_is_not_asked():
    for address in ("cockroachdb://a@db.example.gov/d", "adbc+snowflake://db.example.gov:1/"):
        with pytest.raises(NotEncrypted):
            open_database(address, Login())


def test_a_driver_that_is_not_installed():
    with pytest.raises(DriverMissing) as refused:
        open_database("oracle://a@127.0.0.1/d", Login())
    assert refused.value.facts["extra"] == "oracle"
    with pytest.raises(DriverMissing):
        open_database("cockroachdb://a@127.0.0.1/d", Login())


def test_libpq_is_told_everything(monkeypatch, tmp_path):
    """Each setting that it would take from the environment or a file has a value."""
    import psycopg

    settings = _settings(parse_address("postgresql://a@127.0.0.1/d"), Login())
    files = {"passfile", "sslcert", "sslkey", "sslrootcert", "sslcrl"}
    assert all(settings[name] == "/nonexistent" for name in files)
    named = {one.keyword.decode() for one in psycopg.pq.Conninfo.get_defaults() if one.envvar}
    assert named - set(settings) <= {
        # no files, no servers, nothing that lets anything weaker through than what is set
        "service", "servicefile", "hostaddr", "channel_binding", "require_auth", "replication", "sslnegotiation", "sslcompression", "sslcertmode",
        "sslsni", "requirepeer", "ssl_min_protocol_version", "ssl_max_protocol_version", "sslcrldir", "krbsrvname", "gsslib",
        "gssdelegation", "load_balance_hosts", "sslpassword", "requiressl", "min_protocol_version", "max_protocol_version",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ('connection to server at "tls-1.example.gov" failed: FATAL:  no pg_hba.conf entry for host "x", user "y", SSL off', LoginRefused),
        ('connection to server at "tls-1.example.gov" failed: Connection refused', ServerUnreachable),
        ("fe_sendauth: no password supplied", LoginRefused),
        ("server does not support SSL, but SSL was required", ServerNotTrusted),
        ('server certificate for "a" does not match host name "b"', ServerNotTrusted),
        ("SSL error: certificate verify failed", ServerNotTrusted),
    ],
)  # fmt: skip
def test_what_libpq_says_of_a_failed_connection(said, meant):
    assert type(_refused(said)) is meant


@pytest.mark.parametrize("kind", ["postgresql", "mysql", "adbc+postgresql"])
def test_nobody_answers(kind):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ServerUnreachable) as refused:
            open_database(f"{kind}://a@127.0.0.1:{taken.getsockname()[1]}/d", Login(seconds=1))
        assert "127" not in str(refused.value)


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_somebody_answers_and_says_nothing(kind):
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ServerUnreachable):
        open_database(f"{kind}://a@127.0.0.1:{silent.getsockname()[1]}/d", Login(seconds=2))


@pytest.fixture(scope="module")
def certificate():
    """A server's certificate for localhost that signs itself: key and certificate, which its user can read."""
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        subprocess.run(
            [*words.split(), "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
            check=True, capture_output=True,
        )  # fmt: skip
        for path in folder.iterdir():
            path.chmod(0o644)
        yield folder


def answering(listener, answer, folder=None):
    """A server that takes one connection, says one thing to what it hears, and may go on in TLS."""

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            connection.recv(8)
            connection.sendall(answer)
            if folder is not None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
                try:
                    with context.wrap_socket(connection, server_side=True) as inner:
                        inner.recv(100)
                except OSError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_a_server_without_tls_or_with_another_certificate(certificate):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"postgresql://a@localhost:{listener.getsockname()[1]}/d?ca_file=/etc/ssl/certs/ca-certificates.crt"
        for answer, folder in ((b"N", None), (b"S", certificate)):
            thread = answering(listener, answer, folder)
            with pytest.raises(ServerNotTrusted):
                open_database(address, Login("SECRETVALUE", seconds=3))
            thread.join()


@pytest.mark.machine("mariadb")
@pytest.mark.long
def test_tls_of_a_real_server(certificate):
    """MariaDB with a certificate for localhost: let in by its authority, refused by any other and by another name."""
    from tests.servers import mariadb

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tls = (f"--ssl-cert={certificate / 'cert.pem'}", f"--ssl-key={certificate / 'key.pem'}")
    with mariadb(
        "--bind-address=127.0.0.1", f"--port={port}", "--skip-name-resolve", *tls
    ) as running:
        import sqlalchemy as sa

        engine = sa.create_engine(running.replace("mysql://", "mysql+pymysql://"))
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "CREATE USER a@'127.0.0.1' IDENTIFIED BY 'gehörig' REQUIRE SSL"
            )
            connection.exec_driver_sql("GRANT SELECT ON records.* TO a@'127.0.0.1'")
        engine.dispose()
        ca = f"?ca_file={certificate / 'cert.pem'}"
        source = open_database(f"mysql://a@localhost:{port}/records{ca}", Login("gehörig"))
        assert source.snapshot
        source.close()
        with pytest.raises(LoginRefused):
            open_database(f"mysql://a@localhost:{port}/records{ca}", Login("SECRETVALUE"))
        for host, file in (
            ("127.0.0.1", ca),
            ("localhost", "?ca_file=/etc/ssl/certs/ca-certificates.crt"),
        ):
            with pytest.raises(ServerNotTrusted):
                open_database(f"mysql://a@{host}:{port}/records{file}", Login("gehörig"))
