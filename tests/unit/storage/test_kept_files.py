"""What is kept on disk: whole or not there, found under its own name alone."""

import pytest

from dvfs_kernel.errors import CacheError
from dvfs_kernel.storage import atomic_file
from dvfs_kernel.storage.kept_files import KeptFiles

KEY, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def kept(tmp_path):
    return KeptFiles(tmp_path / "not" / "there", "thing")


def files(kept):
    return [path for path in kept.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("data", [b"", b"\0", bytes(range(256)) * 9])
def test_what_was_written_is_read(kept, data):
    assert kept.read(KEY) is None
    kept.write(KEY, data)
    assert kept.read(KEY) == data
    assert kept.read(OTHER) is None
    assert [path.suffix for path in files(kept)] == [".thing"]


def test_every_damage_is_told_with_the_path(kept):
    kept.write(KEY, b"some bytes")
    (path,) = files(kept)
    whole = path.read_bytes()
    damaged = [whole[:length] for length in range(len(whole))]
    damaged += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
    for content in [*damaged, whole + b"\0"]:
        path.write_bytes(content)
        with pytest.raises(CacheError, match=r"the kept thing .* is damaged, delete it: it ") as e:
            kept.read(KEY)
        assert str(path) in str(e.value)
    path.write_bytes(whole)
    assert kept.read(KEY) == b"some bytes"


def test_a_file_under_another_name_is_not_believed(kept):
    kept.write(KEY, b"one")
    kept.write(OTHER, b"other")
    (path,) = (path for path in files(kept) if path.stem == KEY)
    path.replace(kept.folder / OTHER[:2] / f"{OTHER}.thing")
    with pytest.raises(CacheError, match="does not begin with its own name"):
        kept.read(OTHER)


def test_folders_that_cannot_be_used_are_told(kept, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CacheError, match=r"cannot be written: Not a directory.*--no-cache"):
        KeptFiles(tmp_path / "file" / "below", "thing")
    (kept.folder / KEY[:2]).touch()
    with pytest.raises(CacheError, match="the thing cannot be kept in"):
        kept.write(KEY, b"")
    (kept.folder / OTHER[:2] / f"{OTHER}.thing").mkdir(parents=True)
    with pytest.raises(CacheError, match="cannot be read: Is a directory"):
        kept.read(OTHER)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interruption_leaves_nothing(kept, monkeypatch, error):
    def interrupted(_):
        raise error

    monkeypatch.setattr(atomic_file.os, "fsync", interrupted)
    with pytest.raises((KeyboardInterrupt, CacheError)):
        kept.write(KEY, b"data")
    assert files(kept) == []
