"""https without a proxy: the server with a certificate, and the demonstration for telephones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests
import zxingcpp
from PIL import Image, ImageOps

from coi_tracker.cli import phone
from coi_tracker.config import Settings
from tests.functional.test_cli import ADMIN, coi, house, installed
from tests.functional.test_cli_running import free_port, running

__all__ = ["house", "installed"]  # fixtures

pytestmark = pytest.mark.requirement("COI-REPO-10")


def certificate(house: Path, name: str = "tls") -> tuple[Path, Path]:
    """A certificate and its key, as a demonstration makes them."""
    folder = house / name
    folder.mkdir()
    made = phone.for_telephones(Settings(), folder)
    assert made.tls_certificate is not None
    assert made.tls_key is not None
    return made.tls_certificate, made.tls_key


def sign_in(browser: requests.Session, where: str, *, came_from: str) -> requests.Response:
    form = browser.get(where, timeout=10).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token is not None
    fields = {"csrf_token": token[1], "account": "anna", "password": ADMIN}
    return browser.post(where, data=fields, headers={"Referer": came_from}, timeout=10)


def test_somebody_signs_in_by_https_and_her_cookies_go_no_other_way(installed: Path) -> None:
    port, (cert, key) = free_port(), certificate(installed)
    settings = {"COI_TLS_CERTIFICATE": str(cert), "COI_TLS_KEY": str(key)}
    with running(installed, "serve", port=port, trusted=cert, **settings):
        browser, where = requests.Session(), f"https://127.0.0.1:{port}/sign-in"
        browser.verify, browser.trust_env = str(cert), False  # the environment may name other authorities
        assert sign_in(browser, where, came_from="https://elsewhere.example/").status_code == 400
        assert sign_in(browser, where, came_from=where).status_code == 200
        assert "Sign out" in browser.get(f"https://127.0.0.1:{port}/me", timeout=10).text
        assert {cookie.name for cookie in browser.cookies} >= {"coi_form"}
        assert [cookie.name for cookie in browser.cookies if not cookie.secure] == []
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(f"http://127.0.0.1:{port}/health", timeout=5)


@pytest.mark.slow
def test_a_demonstration_is_shown_to_telephones(house: Path) -> None:
    port, cert = free_port(), house / "show" / "tls.crt"
    arguments = ["demo", "--participants", "1", "--dir", "show", "--phone"]
    with running(house, *arguments, port=port, trusted=cert) as process:
        assert (house / "show" / "tls.key").stat().st_mode & 0o077 == 0, "nobody else reads the key"
        where = f"https://{phone.own_address()}:{port}/"
        assert "Sign in" in requests.get(where, verify=str(cert), timeout=10).text
        process.terminate()
        told = process.communicate(timeout=30)[0]
    assert f"On a telephone in the same network: {where}" in told
    assert seen_by_a_telephone(told) == where


def seen_by_a_telephone(told: str) -> str:
    """What is in the picture that the terminal shows in half blocks."""
    lines = re.findall(r"^[ ▀▄█]*[▀▄█][ ▀▄█]*$", told, re.MULTILINE)
    dots = [[character in halves for character in line] for line in lines for halves in ("▀█", "▄█")]
    picture = Image.new("L", (len(dots[0]), len(dots)))
    picture.putdata([0 if dark else 255 for row in dots for dark in row])
    framed = ImageOps.expand(picture.resize((picture.width * 6, picture.height * 6), 0), 24, 255)
    found = zxingcpp.read_barcode(framed)
    assert found is not None, told
    return found.text


@pytest.mark.parametrize("wrong", ["no key", "no such file", "the key of another", "no certificate at all"])
def test_a_certificate_that_cannot_be_used_is_said_before_anything_is_served(
    installed: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    cert, key = certificate(installed)
    other = certificate(installed, "other")[1]
    nonsense = installed / "nonsense.pem"
    nonsense.write_text("not a certificate")
    given = {
        "no key": (cert, None),
        "no such file": (installed / "gone.pem", key),
        "the key of another": (cert, other),
        "no certificate at all": (nonsense, key),
    }[wrong]
    for name, value in zip(("COI_TLS_CERTIFICATE", "COI_TLS_KEY"), given, strict=True):
        if value is not None:
            monkeypatch.setenv(name, str(value))
    done = coi("serve", "--port", str(free_port()))
    assert done.exit_code == 1, done.output
    assert done.stderr.startswith("error: Expected ")
    assert "COI_TLS_KEY" in done.stderr
    assert "Serving" not in done.stdout
