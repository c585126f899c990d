"""Where the page goes: nothing of anybody else is overwritten, nothing half is left."""

import errno
import os
import stat
from pathlib import Path

import pytest

from host.page_rig import page_of, result_of
from nodewright.errors import BadInput
from nodewright.page.target import ReportError, Target


@pytest.fixture(scope="module")
def html() -> str:
    return page_of(result_of(1))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_target__checked__leaves_nothing(tmp_path: Path) -> None:
    Target(tmp_path / "demo.html")
    assert names(tmp_path) == []


def test_target__new_file__is_whole_and_readable_by_others(tmp_path: Path, html: str) -> None:
    mask = os.umask(0o022)
    try:
        Target(tmp_path / "demo.html").write(html)
    finally:
        os.umask(mask)
    assert (tmp_path / "demo.html").read_text(encoding="utf-8") == html
    assert stat.S_IMODE((tmp_path / "demo.html").stat().st_mode) == 0o644
    assert names(tmp_path) == ["demo.html"]


@pytest.mark.parametrize("there", ["ours", "empty"])
def test_target__our_page_or_nothing_there__replaced(
    there: str, tmp_path: Path, html: str
) -> None:
    path = tmp_path / "demo.html"
    path.write_text(html.replace("All", "Old") if there == "ours" else "", encoding="utf-8")
    Target(path).write(html)
    assert path.read_text(encoding="utf-8") == html


def test_target__a_file_of_somebody__refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "thesis.html"
    path.write_text("<!DOCTYPE html><title>Thesis</title>")
    with pytest.raises(BadInput, match=r"thesis\.html exists and is no page of nodewright"):
        Target(path)
    assert path.read_text() == "<!DOCTYPE html><title>Thesis</title>"
    assert names(tmp_path) == ["thesis.html"]


def test_target__a_file_came_meanwhile__refused_and_untouched(tmp_path: Path, html: str) -> None:
    path = tmp_path / "demo.html"
    target = Target(path)
    path.write_text("mine")
    with pytest.raises(BadInput, match="exists"):
        target.write(html)
    assert path.read_text() == "mine"
    assert names(tmp_path) == ["demo.html"]


@pytest.mark.parametrize("name", ["missing/demo.html", "file/demo.html", "", "x" * 300])
def test_target__a_place_that_cannot_be__refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="--report"):
        Target(tmp_path / name)
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_target__a_folder_of_somebody__refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(BadInput, match="cannot be written"):
            Target(tmp_path / "demo.html")
    finally:
        tmp_path.chmod(0o700)


def test_target__a_device__refused() -> None:
    with pytest.raises(BadInput, match="no ordinary file"):
        Target(Path(os.devnull))


def test_target__a_link__stays_one(tmp_path: Path, html: str) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "latest.html"
    link.symlink_to(tmp_path / "real" / "demo.html")
    Target(link).write(html)
    assert link.is_symlink()
    assert (tmp_path / "real" / "demo.html").read_text(encoding="utf-8") == html


def test_target__links_in_a_circle__refused(tmp_path: Path) -> None:
    (tmp_path / "a.html").symlink_to(tmp_path / "b.html")
    (tmp_path / "b.html").symlink_to(tmp_path / "a.html")
    with pytest.raises(BadInput, match="--report"):
        Target(tmp_path / "a.html")


def test_target__the_disk_is_full__the_old_page_stays(
    tmp_path: Path, html: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "demo.html"
    target = Target(path)
    target.write(html)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReportError, match="No space left"):
        target.write("half a page")
    assert path.read_text(encoding="utf-8") == html
    assert names(tmp_path) == ["demo.html"]
