import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dvfs_kernel.storage.atomic_file import write_atomically


def test_a_file_appears_and_is_replaced(tmp_path):
    path = tmp_path / "out.bin"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interruption_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "out.bin"
    path.write_bytes(b"old")

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_threads_write_the_same_file_at_once(tmp_path, monkeypatch):
    path, both = tmp_path / "out.bin", threading.Barrier(2)
    monkeypatch.setattr(os, "fsync", lambda _: both.wait(30))
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write_atomically, [path, path], [b"same", b"same"]))
    assert path.read_bytes() == b"same"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk_names_the_file_and_leaves_the_old_one(tmp_path, monkeypatch, number):
    path = tmp_path / "out.bin"
    path.write_bytes(b"old")

    def full(_):
        raise OSError(number, os.strerror(number))  # as the system does: no name

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        write_atomically(path, b"new")
    assert (caught.value.errno, caught.value.filename) == (number, str(path))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_device_that_is_full_is_named():
    with pytest.raises(OSError, match="No space left") as caught:
        write_atomically(Path("/dev/full"), b"x")
    assert caught.value.filename == "/dev/full"


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_what_is_no_file_is_written_directly():
    write_atomically(Path("/dev/null"), b"gone")


def test_permissions_follow_the_umask(tmp_path):
    path = tmp_path / "out.bin"
    old = os.umask(0o027)
    try:
        write_atomically(path, b"x")
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "no" / "out.bin", b"x")
