"""A real browser without a window: what it draws, prints and complains of."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from html import unescape
from pathlib import Path

import pytest

_WAIT_S = 60.0
_QUIET = (
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_PROBE = """<script>
addEventListener("load", function () {
  var root = document.documentElement, small = 0;
  document.querySelectorAll("svg").forEach(function (svg) {
    var box = svg.getBoundingClientRect();
    if (box.width < 150 || box.height < 60 || box.right > root.clientWidth) small += 1;
  });
  document.querySelectorAll("h1, h2, h3").forEach(function (heading) {
    heading.scrollIntoView();
    var box = heading.getBoundingClientRect();
    var top = document.elementFromPoint(box.left + 6, box.top + box.height / 2);
    if (!heading.contains(top)) small += 1;
  });
  parent.postMessage([root.clientWidth, root.scrollWidth, small,
    getComputedStyle(document.body).backgroundColor].join(";"), "*");
});
</script></head>"""
_FRAME = """<!DOCTYPE html><script>
addEventListener("message", function (event) { document.title = event.data; });
</script><iframe src="copy.html" style="width:%dpx;height:900px;border:0"></iframe>"""


def find() -> str:
    """The browser's path; skips the test where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no chromium: apt install chromium")


def browse(page: Path, *how: str) -> tuple[str, list[str]]:
    """Open a page.  Returns what the browser printed, and what the page's console said."""
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command: Sequence[str] = [
            find(), *_QUIET, *root, f"--user-data-dir={profile}", *how, page.as_uri()
        ]  # fmt: skip
        ran = subprocess.run(command, capture_output=True, text=True, timeout=_WAIT_S, check=True)
    return ran.stdout, [line for line in ran.stderr.splitlines() if "CONSOLE" in line]


def measure(html: str, width_px: int, folder: Path) -> tuple[int, int, int, str]:
    """The page in a frame of that width: the width it has, the width it needs, how many of its
    drawings are cut or tiny and of its headings covered, and its background.

    A frame, since no window is narrower than 500 px; and a copy, since the page itself lets no
    script run.
    """
    assert _POLICY.search(html)
    copy = _POLICY.sub("", html).replace("</head>", _PROBE, 1)
    (folder / "copy.html").write_text(copy, encoding="utf-8")
    (folder / "frame.html").write_text(_FRAME % width_px)
    printed, _ = browse(folder / "frame.html", "--virtual-time-budget=3000", "--dump-dom")
    found = re.search("<title>(.*?)</title>", printed)
    assert found, printed[:500]
    has, needs, small, background = unescape(found[1]).split(";")
    return int(has), int(needs), int(small), background
