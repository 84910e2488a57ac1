"""Sealing against ``openssl cms -encrypt -stream`` and against the floor of its own parts.

    python benchmarks/sealing.py [--mib 256] [--rounds 5] [--large-gib 10]

Everything in one run, rounds interleaved, so that a busy machine is unfair to nobody: our sealing
with the ciphertext's hash included, on one thread and with four parts two at a time (lists, signature
and bringing it all to the disk included), openssl without a hash, openssl with ``sha256sum`` after
it (what one would have to do instead), and the floor: AES-256-GCM plus one SHA-256 pass in memory.
MB are 10**6 bytes of plaintext; memory is the process's peak. Medians.

``--large-gib`` also seals one package of that size, in parts of 256 MiB, and prints its peak memory.
"""

import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from crypto.cms.certificates import make_recipient
from crypto.cms.recipients import Recipient
from crypto.cms.seal import seal_stream
from crypto.cms.signing import FileSigner, make_signing_identity
from crypto.package.sealed_package import Part, write_package

KINDS = ("rsa3072", "p384")
OPENSSL = [
    *("openssl", "cms", "-encrypt", "-binary", "-stream", "-aes-256-gcm", "-outform", "DER"),
    *("-in", "plain", "-out", "theirs.cms"),
    *("-recip", "rsa3072.pem", "-keyopt", "rsa_padding_mode:oaep"),
    *("-keyopt", "rsa_oaep_md:sha256"),
    *("-recip", "p384.pem", "-keyopt", "ecdh_kdf_md:sha384", "-aes256-wrap"),
]
BLOCK = 256 * 1024  # bytes: as the writer


PARTS = 4  # of a package that is sealed two parts at a time


def ours(folder, parts=0):
    """Seal in a process of its own; it prints its seconds, so that imports don't count."""
    return measured([sys.executable, __file__, "--child", str(folder), str(parts)], folder)


def child(folder, parts):
    folder, now = Path(folder), datetime.now(UTC)
    recipients = [Recipient.from_pem((folder / f"{k}.pem").read_bytes(), on=now) for k in KINDS]
    identity = make_signing_identity("Benchmark", b"a long passphrase")
    signer = FileSigner.load(*identity, b"a long passphrase")
    wall, cpu = time.perf_counter(), time.process_time()
    if parts:
        plain = folder / "plain"
        given = (Part(f"part-{i:03}", lambda: plain.open("rb")) for i in range(parts))
        write_package(folder / "package", given, recipients, signer)
    else:
        with (folder / "plain").open("rb") as source, (folder / "ours.cms").open("wb") as sink:
            seal_stream(source, (folder / "plain").stat().st_size, recipients, sink)
    print((time.perf_counter() - wall) / (parts or 1), (time.process_time() - cpu) / (parts or 1))
    shutil.rmtree(folder / "package", ignore_errors=True)


def openssl(folder):
    return measured(OPENSSL, folder)


def openssl_and_hash(folder):
    wall, cpu, peak = openssl(folder)
    more_wall, more_cpu, _ = measured(["sha256sum", "theirs.cms"], folder)
    return wall + more_wall, cpu + more_cpu, peak


def measured(command, folder):
    """Give wall seconds, CPU seconds and peak MiB of a process."""
    start, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    pid = 0
    while not pid:
        peak = peak_mib(process.pid) or peak
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        time.sleep(0.002)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit("a contestant failed")
    if "--child" in command:
        own = process.stdout.read().split()
        return float(own[0]), float(own[1]), peak
    return wall, usage.ru_utime + usage.ru_stime, peak


def peak_mib(pid):
    """Peak resident memory; getrusage would also count the parent before exec."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def floor(size):
    """Encrypt and hash one cached block again and again: no input, no output, no copies."""
    encryptor = Cipher(AES(bytes(32)), GCM(bytes(12))).encryptor()
    plain, sealed, digest = bytes(BLOCK), bytearray(BLOCK + 15), hashlib.sha256()
    view = memoryview(sealed)[:BLOCK]
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(size // BLOCK):
        encryptor.update_into(plain, sealed)
        digest.update(view)
    return time.perf_counter() - wall, time.process_time() - cpu, 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=256, help="plaintext, at most 256 MiB")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large-gib", type=int, default=0, help="also one package of this size")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child[0], int(options.child[1]))
        return
    size = options.mib * 2**20
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for kind in KINDS:
            (folder / f"{kind}.pem").write_bytes(make_recipient(kind, kind)[1])
        with (folder / "plain").open("wb") as plain:
            for _ in range(options.mib):
                plain.write(os.urandom(2**20))
        contestants = {
            "ours, hash included": lambda: ours(folder),
            f"ours, {PARTS} parts, two at once": lambda: ours(folder, PARTS),
            "openssl -stream, no hash": lambda: openssl(folder),
            "openssl -stream, then sha256sum": lambda: openssl_and_hash(folder),
            "floor: AES-256-GCM + SHA-256": lambda: floor(size),
        }
        runs = {name: [] for name in contestants}
        for _ in range(options.rounds):
            for name, run in contestants.items():
                runs[name].append(run())
        report(runs, size, options)
        if options.large_gib:
            parts = options.large_gib * 2**30 // size
            wall, _, peak = ours(folder, parts)
            made = f"{parts} parts of {options.mib} MiB, {options.large_gib} GiB in all"
            print(f"{made}: {size / wall / 1e6:.0f} MB/s wall, peak {peak:.0f} MiB")


def report(runs, size, options):
    print(f"{options.mib} MiB, 2 recipients, median of {options.rounds} rounds")
    print(f"{'':34}{'MB/s wall':>10}{'MB/s CPU':>10}{'peak MiB':>10}{'by wall':>10}{'by CPU':>10}")
    medians = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)]
        for name, rows in runs.items()
    }
    mine = medians["ours, hash included"]
    for name, (wall, cpu, peak) in medians.items():
        memory = f"{peak:10.0f}" if peak else f"{'':10}"
        times = f"{size / wall / 1e6:10.0f}{size / cpu / 1e6:10.0f}"
        print(f"{name:34}{times}{memory}{wall / mine[0]:9.2f}x{cpu / mine[1]:9.2f}x")
    theirs, two = medians["openssl -stream, no hash"], medians[f"ours, {PARTS} parts, two at once"]
    floor_wall, floor_cpu, _ = medians["floor: AES-256-GCM + SHA-256"]
    print("'by': seconds of that line divided by ours on one thread; over 1: ours is faster")
    print(
        f"openssl / ours on one thread {theirs[0] / mine[0]:.2f} (CPU {theirs[1] / mine[1]:.2f}), "
        f"openssl / ours two at once {theirs[0] / two[0]:.2f}, "
        f"ours / floor {mine[0] / floor_wall:.2f} (CPU {mine[1] / floor_cpu:.2f})"
    )


if __name__ == "__main__":
    main()
