"""A model file as bytes: a closed list of members, each with its digest, checked before anything is used."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import joblib
import pytest
import torch

from lamina.foundation.errors import ModelFileError
from lamina.model import container
from lamina.model.archive import FORMAT, FORMATS, MANIFEST, open_archive, read_archive, seal, write_archive

MEMBERS = {name: f"content of {name}".encode() for name in FORMATS[FORMAT].needed}


def resealed(**changes: object) -> bytes:
    """A sealed file whose manifest was changed by hand and packed again with a right container."""
    members = container.unpack(seal(MEMBERS))
    manifest = json.loads(members[MANIFEST]) | changes
    return container.pack(members | {MANIFEST: json.dumps(manifest).encode()})


def refusal(content: bytes) -> ModelFileError:
    """The refusal of some bytes."""
    with pytest.raises(ModelFileError) as caught:
        open_archive(content)
    return caught.value


def file_refusal(path: Path | str) -> str:
    """The refusal of a file; it names the file."""
    with pytest.raises(ModelFileError) as caught:
        read_archive(path)
    assert Path(path).name in caught.value.wrong
    return caught.value.wrong


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Some code in a process of its own."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_members_come_back(tmp_path: Path) -> None:
    """What is written is read, with the manifest beside it and no other file in the folder."""
    write_archive(tmp_path / "model.lamina", MEMBERS)
    members = read_archive(tmp_path / "model.lamina")
    assert {name: members[name] for name in MEMBERS} == MEMBERS
    assert set(members) == {*MEMBERS, MANIFEST}
    assert os.listdir(tmp_path) == ["model.lamina"]


def test_equal_members_give_equal_bytes() -> None:
    """The file does not depend on the clock or on the order in which the members were given."""
    assert seal(MEMBERS) == seal(dict(reversed(MEMBERS.items())))


def test_the_manifest_is_as_documented() -> None:
    """Format, version, and for each member its sha256 and its size in bytes."""
    manifest = json.loads(container.unpack(seal(MEMBERS))[MANIFEST])
    assert list(manifest) == ["format", "lamina", "members"]
    assert manifest["format"] == 2
    assert manifest["members"]["card.md"] == {
        "sha256": "921961ec1ba73cf6e29d22ef85beea0aacce22e52ae17041bb2cb081cd268f3e",
        "bytes": 18,
    }


@pytest.mark.parametrize(
    "changes", [{"sha256": "0" * 64}, {"bytes": 19}, {"bytes": 18.0, "more": 1}, {"sha256": None}, {"bytes": "18"}]
)
def test_a_digest_or_a_size_that_differs_is_refused(changes: dict[str, object]) -> None:
    """A member that is not what the manifest says is refused by name, although its container is right."""
    listed = json.loads(container.unpack(seal(MEMBERS))[MANIFEST])["members"]
    content = resealed(members=listed | {"card.md": listed["card.md"] | changes})
    assert "'card.md' has changed" in refusal(content).wrong


def test_a_changed_member_is_refused() -> None:
    """A member exchanged for another one of the same length is refused, although its container is right."""
    members = container.unpack(seal(MEMBERS))
    swapped = container.pack(members | {"schema.json": members["schema.json"].replace(b"content", b"CONTENT")})
    assert "'schema.json' has changed" in refusal(swapped).wrong


def test_only_listed_members_are_let_in() -> None:
    """A member that is no part of the format, or not in the manifest, is refused."""
    members = container.unpack(seal(MEMBERS))
    assert "holds 'evil.py'" in refusal(container.pack(members | {"evil.py": b"x"})).wrong
    listed = json.loads(members[MANIFEST])["members"]
    wrong = refusal(resealed(members=listed | {"evil.py": listed["card.md"]})).wrong
    assert "lists 'evil.py', which no model has" in wrong


@pytest.mark.parametrize("name", FORMATS[FORMAT].needed)
def test_no_member_may_be_missing(name: str) -> None:
    """Each member that a format needs must be there, and must be listed."""
    members = container.unpack(seal(MEMBERS))
    assert name in refusal(container.pack({n: c for n, c in members.items() if n != name})).wrong
    listed = json.loads(members[MANIFEST])["members"]
    others = {n: facts for n, facts in listed.items() if n != name}
    assert name in refusal(resealed(members=others)).wrong
    unsaid = container.unpack(resealed(members=others))
    assert name in refusal(container.pack({n: c for n, c in unsaid.items() if n != name})).wrong


def test_an_optional_member_may_be_there() -> None:
    """History and calibration are read where they are, and not missed where they are not."""
    for name in ("history.json", "calibration.json"):
        assert open_archive(seal(MEMBERS | {name: b"[]"}))[name] == b"[]"
        assert name not in open_archive(seal(MEMBERS))


def test_format_1_knows_no_calibration() -> None:
    """A file of format 1 is read by the list of format 1: a member that came later is none of it."""
    assert open_archive(resealed(format=1))["card.md"] == MEMBERS["card.md"]
    members = container.unpack(seal(MEMBERS | {"calibration.json": b"{}"}))
    manifest = json.loads(members[MANIFEST]) | {"format": 1}
    older = container.pack(members | {MANIFEST: json.dumps(manifest).encode()})
    assert "lists 'calibration.json', which no model has" in refusal(older).wrong


def test_a_newer_format_says_update() -> None:
    """A file of tomorrow says that lamina should be updated, and by which version it was written."""
    error = refusal(resealed(format=3, lamina="9.1.0"))
    assert "format 3" in error.wrong
    assert "9.1.0" in error.wrong
    assert "update lamina" in error.remedy


@pytest.mark.parametrize("number", [None, "1", 1.0, True, [1], {}])
def test_a_format_that_is_no_number_is_refused(number: object) -> None:
    """The format is a whole number and nothing that merely looks like one."""
    assert "names no format" in refusal(resealed(format=number)).wrong


@pytest.mark.parametrize("manifest", [b"[]", b"{}", b"1", b"", b'{"format": 2}', b'{"format": 2, "members": []}'])
def test_a_manifest_of_another_shape_is_refused(manifest: bytes) -> None:
    """A manifest that is not an object with a format and members is refused."""
    refusal(container.pack(container.unpack(seal(MEMBERS)) | {MANIFEST: manifest}))


def test_a_container_without_a_manifest_is_refused() -> None:
    """A right container that holds no manifest is no model."""
    assert "without a 'manifest.json'" in refusal(container.pack(MEMBERS)).wrong


class Payload:
    """An object whose pickle makes a file when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_is_refused_and_never_opened(tmp_path: Path) -> None:
    """A pickle, a joblib file and both kinds of PyTorch checkpoint are refused, and their payloads do not run."""
    trap = tmp_path / "trap"
    payload = Payload(trap)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(payload))
    joblib.dump(payload, tmp_path / "model.joblib")
    joblib.dump(payload, tmp_path / "model.z.joblib", compress=3)
    torch.save({"weights": payload}, tmp_path / "model.pt")
    torch.save({"weights": payload}, tmp_path / "model.ckpt", _use_new_zipfile_serialization=False)
    for path in sorted(tmp_path.glob("model.*")):
        assert "not opened" in file_refusal(path)
        renamed = path.rename(path.with_suffix(".lamina"))
        assert "not opened" in file_refusal(renamed)
        assert not trap.exists()
    pickle.loads(pickle.dumps(payload))
    assert trap.exists(), "the trap itself works"


def test_a_pickle_as_a_member_is_refused() -> None:
    """A pickle hidden inside a right container is refused."""
    members = container.unpack(seal(MEMBERS))
    assert "pickle" in refusal(container.pack(members | {"data.pkl": pickle.dumps(1)})).wrong


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "an empty file"), (b"<html>404</html>", "HTML page"), (b"a,b\n1,2\n", "plain text")]
)
def test_other_files_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    """Something else given as a model is refused with what it seems to be."""
    path = tmp_path / "model.lamina"
    path.write_bytes(content)
    assert words in file_refusal(path)


def test_a_folder_a_pipe_and_a_device_are_refused(tmp_path: Path) -> None:
    """What is no plain file is refused at once: nothing waits for a pipe that nobody fills."""
    os.mkfifo(tmp_path / "pipe.lamina")
    assert "a folder" in file_refusal(tmp_path)
    assert "a device or a pipe" in file_refusal(tmp_path / "pipe.lamina")
    assert "a device or a pipe" in file_refusal("/dev/zero")


def test_a_missing_file_offers_its_neighbours(tmp_path: Path) -> None:
    """A misspelt path offers the model files of that folder; an empty folder, how to make one."""
    with pytest.raises(ModelFileError, match="lamina fit"):
        read_archive(tmp_path / "modle.lamina")
    (tmp_path / "model.lamina").touch()
    with pytest.raises(ModelFileError, match=r"did you mean 'model\.lamina'"):
        read_archive(tmp_path / "modle.lamina")
    with pytest.raises(ModelFileError, match="there is no file"):
        read_archive(tmp_path / "mod\0el.lamina")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A file larger than any model (here one without content) is refused by its size alone."""
    with open(tmp_path / "model.lamina", "wb") as file:
        file.truncate(2**40)
    assert "1,099,511,627,776 bytes" in file_refusal(tmp_path / "model.lamina")


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """When the disk fills while saving, a clear sentence comes and the old file is still whole."""
    path = tmp_path / "model.lamina"
    write_archive(path, MEMBERS)
    code = """
        import resource, sys
        from lamina.foundation.errors import ModelFileError
        from lamina.model.archive import FORMATS, write_archive
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
        try:
            write_archive(sys.argv[1], {name: bytes(3000) for name in FORMATS[1].needed})
        except ModelFileError as error:
            print(error)
    """
    done = run_python(code, path)
    assert "cannot be written" in done.stdout, done.stderr
    assert "the earlier 'model.lamina' is unchanged" in done.stdout
    assert read_archive(path)["card.md"] == MEMBERS["card.md"]
    assert os.listdir(tmp_path) == ["model.lamina"]


def test_kill_minus_nine_leaves_the_old_file(tmp_path: Path) -> None:
    """A process killed at any step of saving leaves the old file or the new one, whole."""
    path = tmp_path / "model.lamina"
    code = """
        import os, signal, sys
        from lamina.model.archive import FORMATS, read_archive, write_archive

        def die(*_, **__):
            os.kill(os.getpid(), signal.SIGKILL)

        class Half:
            def __init__(self, file): self.file = file
            def __enter__(self): return self
            def __exit__(self, *_): self.file.close()
            def write(self, content):
                self.file.write(content[: len(content) // 2])
                self.file.flush()
                die()

        def save_and_die(step, path):
            real = getattr(os, step)
            def after(*a, **k):
                real(*a, **k)
                die()
            os_step = {"fdopen": lambda *a, **k: Half(real(*a, **k)), "replace": after}.get(step, die)
            setattr(os, step, os_step)
            write_archive(path, dict.fromkeys(FORMATS[1].needed, b"new"))

        for step in ("fdopen", "fsync", "chmod", "replace"):
            write_archive(sys.argv[1], dict.fromkeys(FORMATS[1].needed, b"old"))
            child = os.fork()
            if child == 0:
                save_and_die(step, sys.argv[1])
            killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            print(step, killed, read_archive(sys.argv[1])["card.md"].decode())
    """
    done = run_python(code, path)
    wanted = ["fdopen -9 old", "fsync -9 old", "chmod -9 old", "replace -9 new"]
    assert done.stdout.splitlines() == wanted, done.stderr


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    """Saving into a folder that does not exist, or over a folder, is refused by a clear sentence."""
    with pytest.raises(ModelFileError, match=r"(?s)No such file or directory.*nothing was written"):
        write_archive(tmp_path / "missing" / "model.lamina", MEMBERS)
    (tmp_path / "folder.lamina").mkdir()
    with pytest.raises(ModelFileError, match="Is a directory"):
        write_archive(tmp_path / "folder.lamina", MEMBERS)
    assert os.listdir(tmp_path) == ["folder.lamina"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """Saving where this user may not write is refused by a clear sentence, and the old file stays."""
    path = tmp_path / "model.lamina"
    code = """
        import os, sys
        from lamina.foundation.errors import ModelFileError
        from lamina.model.archive import FORMATS, write_archive
        write_archive(sys.argv[1], {name: b"old" for name in FORMATS[1].needed})
        os.chmod(os.path.dirname(sys.argv[1]), 0o555)
        if os.getuid() == 0:
            os.setuid(65534)  # the administrator may write anywhere
        try:
            write_archive(sys.argv[1], {name: b"new" for name in FORMATS[1].needed})
        except ModelFileError as error:
            print(error)
    """
    done = run_python(code, path)
    tmp_path.chmod(0o755)
    assert "Permission denied" in done.stdout, done.stderr
    assert "a folder that exists, that this user may write to" in done.stdout
    assert read_archive(path)["card.md"] == b"old"
