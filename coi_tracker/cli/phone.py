"""The demonstration on telephones: https in this network, with a certificate that was made here a moment ago.

A browser gives its camera to pages that came by https, or from the machine itself. For people who do not exist a
certificate that nobody vouches for is enough; a real record has a real one.
"""

from __future__ import annotations

import ipaddress
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from coi_tracker.cli.server import address, room
from coi_tracker.config import Settings

DAYS = 30
SOMEWHERE = "192.0.2.1"
"""An address that is nobody's (RFC 5737): asked only which way leads there, and nothing is sent."""


def for_telephones(settings: Settings, folder: Path) -> Settings:
    """Settings with which the pages are served to the network by https. Writes certificate and key into a folder."""
    certificate, key = folder / "tls.crt", folder / "tls.key"
    _make(certificate, key, hosts=(own_address(), "127.0.0.1", "localhost"))
    return settings.model_copy(
        update={"host": "0.0.0.0", "tls_certificate": certificate, "tls_key": key, "https": True}  # noqa: S104
    )


def own_address() -> str:
    """This machine's address in its network; its own loopback where there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect((SOMEWHERE, 9))
        except OSError:
            return "127.0.0.1"
        return str(way.getsockname()[0])


def tell_the_way(settings: Settings) -> None:
    """Say where a telephone goes, as words and as a picture for its camera, and what its browser will ask."""
    where = address(settings, own_address())
    mark = x509.load_pem_x509_certificate(Path(str(settings.tls_certificate)).read_bytes()).fingerprint(hashes.SHA256())
    click.echo(f"\nOn a telephone in the same network: {where}")
    click.echo(room("web.pictures").in_characters(where))
    click.echo("Its browser does not know the certificate, which was made here a moment ago; SHA-256:")
    click.echo(f"  {mark.hex(':').upper()}")
    click.echo(
        "Accept it once. Everybody in this network can reach these people who do not exist: stop it afterwards.\n"
    )


def _make(certificate: Path, key: Path, *, hosts: tuple[str, ...]) -> None:
    """A key of its own and a certificate that it signs itself, for these names and addresses."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "COI Tracker demonstration")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # telephones whose clock is late
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_named(host) for host in dict.fromkeys(hosts)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    key.touch(mode=0o600)
    key.write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def _named(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
