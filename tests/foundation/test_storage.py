"""Writing that never loses what was there."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lamina.foundation.storage import atomic_write, atomic_writer, digest

KILLED = """
import os, signal, sys
from lamina.foundation.storage import atomic_writer
with atomic_writer(sys.argv[1]) as file:
    file.write(b"half of the new one")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
FULL = """
import resource, signal, sys
from lamina.foundation.storage import atomic_write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    atomic_write(sys.argv[1], bytes(5000))
except OSError as error:
    sys.exit(f"refused: {error.strerror}")
"""


def run(script: str, path: Path) -> subprocess.CompletedProcess[str]:
    """The script in a Python of its own, with the path as its argument."""
    return subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False)


def mode(path: Path) -> int:
    """Who may read and write a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that was there before."""
    path = tmp_path / "model"
    path.write_bytes(b"the old one")
    return path


def test_the_new_file_replaces_the_old(old: Path) -> None:
    """Afterwards there is one file, with the new content."""
    atomic_write(old, b"the new one")
    assert old.read_bytes() == b"the new one"
    assert list(old.parent.iterdir()) == [old]


def test_the_old_file_stays_until_the_new_one_is_whole(old: Path) -> None:
    """A reader meets the old file or the new one, never a part."""
    with atomic_writer(old) as file:
        file.write(b"the new")
        file.flush()
        assert old.read_bytes() == b"the old one"
        file.write(b" one")
    assert old.read_bytes() == b"the new one"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_in_the_middle_leaves_the_old_file_alone(old: Path, error: type[BaseException]) -> None:
    """The half-written file is taken away, the old one stays, and the error is not swallowed."""

    def stop() -> None:
        with atomic_writer(old) as file:
            file.write(b"half of the new one")
            raise error

    with pytest.raises(error):
        stop()
    assert old.read_bytes() == b"the old one"
    assert list(old.parent.iterdir()) == [old]


def test_a_kill_in_the_middle_leaves_the_old_file_alone(old: Path) -> None:
    """Even when nothing can be tidied up, the name still leads to the old content."""
    assert run(KILLED, old).returncode == -signal.SIGKILL
    assert old.read_bytes() == b"the old one"
    assert all(path == old or path.suffix == ".partial" for path in old.parent.iterdir())


def test_a_full_disk_leaves_the_old_file_alone(old: Path) -> None:
    """Writing past what the system allows is an OSError; nothing is lost and nothing left over."""
    assert "refused" in run(FULL, old).stderr
    assert old.read_bytes() == b"the old one"
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.parametrize("kept", [0o600, 0o640, 0o666])
def test_the_mode_of_the_old_file_is_kept(old: Path, kept: int) -> None:
    """A file that others may not read stays so, and one that they may write as well."""
    old.chmod(kept)
    atomic_write(old, b"the new one")
    assert mode(old) == kept


def test_a_new_file_has_the_mode_of_any_new_file(tmp_path: Path) -> None:
    """As `open` would have made it: what the process's umask leaves."""
    (tmp_path / "plain").write_bytes(b"")
    atomic_write(tmp_path / "model", b"new")
    assert mode(tmp_path / "model") == mode(tmp_path / "plain")


def test_the_umask_of_the_process_is_never_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to all threads: changed for a moment, it would open another thread's new file to everybody."""
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the umask was changed"))
    atomic_write(tmp_path / "model", b"new")


def test_private_content_is_private_while_it_is_written(old: Path) -> None:
    """Nobody who may not read the old file can read the unfinished new one."""
    old.chmod(0o600)
    with atomic_writer(old):
        (partial,) = (path for path in old.parent.iterdir() if path != old)
        assert mode(partial) == 0o600


def test_a_link_stays_a_link(old: Path) -> None:
    """The content goes to where the link leads."""
    link = old.with_name("link")
    link.symlink_to(old)
    atomic_write(link, b"the new one")
    assert link.is_symlink()
    assert old.read_bytes() == b"the new one"


def test_many_writers_leave_one_whole_file(old: Path) -> None:
    """Whoever comes last wins, whole."""
    contents = [bytes([i]) * 100_000 for i in range(8)]
    writers = [threading.Thread(target=atomic_write, args=(old, content)) for content in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert old.read_bytes() in contents
    assert list(old.parent.iterdir()) == [old]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Folders are not made behind the caller's back."""
    with pytest.raises(FileNotFoundError):
        atomic_write(tmp_path / "missing" / "model", b"new")


def test_the_digest_is_sha256() -> None:
    """The value that FIPS 180-2 gives for "abc"."""
    assert digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
