"""A real S3 server on loopback (moto, which checks signatures and policies and keeps versions), and what can go wrong with it."""

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session

_SESSION = botocore.session.Session()  # reads its descriptions once
REGION = "us-west-1"
BUCKET = "department"


@dataclass
class Server:
    """A server, its credentials, and the next requests that go wrong.

    Attributes:
        url: where it listens.
        access, secret: of a user who may do all in `BUCKET`.
        trouble: asked about each request (method, key with query); what it returns happens.
        asked: every request that came (method, key with query).
    """

    url: str
    access: str = ""
    secret: str = ""
    trouble: Callable[[str, str], str | None] | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    clients: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False)

    def client(self, service: str = "s3", **keys: str) -> Any:
        """botocore's client, of the user where no other keys are given."""
        from botocore.config import Config

        given = {"aws_access_key_id": self.access, "aws_secret_access_key": self.secret} | keys
        about = (service, *given.values())
        if about in self.clients:
            return self.clients[about]
        made = _SESSION.create_client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            config=Config(proxies={}, s3={"addressing_style": "path"}),
            **given,
        )
        return self.clients.setdefault(about, made)

    def objects(self) -> dict[str, bytes]:
        """Every object of the bucket, whole."""
        client, found = self.client(), {}
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for one in page.get("Contents", ()):
                got = client.get_object(Bucket=BUCKET, Key=one["Key"])
                found[one["Key"]] = got["Body"].read()
        return found

    def put(self, key: str, content: bytes) -> None:
        """Write an object, past us."""
        self.client().put_object(Bucket=BUCKET, Key=key, Body=content)

    def delete(self, key: str) -> None:
        """Delete an object, past us."""
        self.client().delete_object(Bucket=BUCKET, Key=key)

    def versions(self) -> list[tuple[str, str]]:
        """(key, version) of all that is stored, marks of deletion too."""
        told = self.client().list_object_versions(Bucket=BUCKET)
        return [
            (v["Key"], v["VersionId"])
            for kind in ("Versions", "DeleteMarkers")
            for v in told.get(kind, ())
        ]

    def empty(self) -> None:
        """Remove everything."""
        client = self.client()
        if there := [{"Key": key, "VersionId": version} for key, version in self.versions()]:
            client.delete_objects(Bucket=BUCKET, Delete={"Objects": there})
        for upload in client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ()):
            client.abort_multipart_upload(
                Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"]
            )

    def settings(self, prefix: str = "", **more: object) -> dict[str, object]:
        """``[bucket]`` of a home whose register and staging lie here."""
        base = f"s3://{BUCKET}/{prefix}" if prefix else f"s3://{BUCKET}"
        told = {"register_url": f"{base}/register", "staging_url": f"{base}/staging"}
        return told | {"endpoint": self.url, "region": REGION, "attempts": 1} | more

    def environment(self) -> dict[str, str]:
        """The user's credentials as the environment has them."""
        return {"AWS_ACCESS_KEY_ID": self.access, "AWS_SECRET_ACCESS_KEY": self.secret}

    def credentials_file(self, path: Path) -> Path:
        """The same as a closed file."""
        path.write_text(
            f"[default]\naws_access_key_id = {self.access}\naws_secret_access_key = {self.secret}\n"
        )
        path.chmod(0o600)
        return path


@contextmanager
def s3_server(certificate: Path | None = None, key: Path | None = None) -> Iterator[Server]:
    """Run it in this process, on a port of its own; with TLS where a certificate is given."""
    import logging

    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    moto = DomainDispatcherApplication(create_backend_app)
    server = Server("")

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        key_asked = environ["PATH_INFO"].removeprefix(f"/{BUCKET}/")
        if environ.get("QUERY_STRING"):
            key_asked += f"?{environ['QUERY_STRING']}"
        server.asked.append((environ["REQUEST_METHOD"], key_asked))
        what = server.trouble and server.trouble(environ["REQUEST_METHOD"], key_asked)
        if what == "slow":
            time.sleep(2)
            what = None
        if what == "cut":
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError  # the server takes it for a client that went
        if what is not None:
            start_response(f"{what} trouble", [("Content-Length", "0")])
            return [b""]
        return moto(environ, start_response)

    context = (str(certificate), str(key)) if certificate and key else None
    listening = make_server("127.0.0.1", 0, application, threaded=True, ssl_context=context)
    server.url = f"{'https' if context else 'http'}://127.0.0.1:{listening.server_port}"
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        if not context:  # what TLS is tried with needs no bucket
            _furnish(server)
        yield server
    finally:
        listening.shutdown()


def _furnish(server: Server) -> None:
    """A bucket, and a user with a key who may do all in it and nothing else; signatures count from now on."""
    for path in ("reset", "reset-auth"):
        _told(server, path, b"1000000")
    root = {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
    server.client(**root).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    iam = server.client("iam", **root)
    iam.create_user(UserName="service")
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::*"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="service", PolicyName="all", PolicyDocument=policy)
    key = iam.create_access_key(UserName="service")["AccessKey"]
    server.access, server.secret = key["AccessKeyId"], key["SecretAccessKey"]
    _told(server, "reset-auth", b"0")


def _told(server: Server, what: str, body: bytes) -> None:
    plain = {"Content-Type": "text/plain"}
    request = urllib.request.Request(f"{server.url}/moto-api/{what}", body, plain, method="POST")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()
