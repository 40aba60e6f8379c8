"""Pictures of the page for README and docs, of a suite at work: into $BUILD/pictures, or PICTURE_DIR."""

import os
import pathlib
import struct

import pytest

from support.procs import BUILD

DIR = pathlib.Path(os.environ.get("PICTURE_DIR") or BUILD / "pictures")
BYTES_MAX = 200_000


def take(page, name):
    page.script("document.activeElement?.blur(); scrollTo(0, scrollY)")
    DIR.mkdir(parents=True, exist_ok=True)
    file = DIR / f"dashboard-{name}.png"
    assert page.driver.save_screenshot(str(file))
    return file


def size(file):
    """Width and height of a PNG."""
    head = file.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n" and head[12:16] == b"IHDR"
    return struct.unpack(">II", head[16:24])


@pytest.mark.parametrize("name, screen, scheme", [
    ("light", (1366, 768), "light"), ("dark", (1366, 768), "dark"), ("phone", (390, 844), "light")])
def test_picture(page, name, screen, scheme):
    page.browser.look(*screen, scheme)
    page.open()
    page.wait(lambda: page.marks("scale_up"), "a mark to show")
    file = take(page, name)
    assert size(file) == screen and 10_000 < file.stat().st_size < BYTES_MAX


def test_picture_of_an_explanation(page, story):
    plan = story.scaled_up()
    page.explained(plan["id"])
    page.script("arguments[0].scrollIntoView({block: 'start'})", page.decision(plan["id"]))
    file = take(page, "explain")
    assert size(file) == (1366, 768) and 10_000 < file.stat().st_size < BYTES_MAX
