"""A model file as a closed list of members with a digest each: everything is checked before anything is used.

A reader of this module gets bytes and nothing else: it must not know what a schema or a network is. The order of the
checks is the order in which a hostile or broken file could do harm: is it a small enough plain file, is it our
container (`container`), are the members those of the list, is the format known, are sizes and digests right.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from lamina.foundation.errors import ModelFileError, nearest, require
from lamina.foundation.specs import Json
from lamina.foundation.storage import atomic_write, digest
from lamina.model import container
from lamina.model.environment import lamina_version
from lamina.model.plain_json import read_json, write_json
from lamina.model.suspect import what_it_seems, what_zip_seems

FORMAT = 2
MANIFEST = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Members:
    """The names that a format knows: those that must be there and those that may."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()


_NEEDED = (
    *("model.json", "schema.json", "encoder.json", "target.json", "weights.safetensors"),
    *("metrics.json", "environment.json", "card.json", "card.md"),
)
# A new member means a new format: an older lamina then says "update", and a newer one still reads the old list.
FORMATS: dict[int, Members] = {
    1: Members(needed=_NEEDED, optional=("history.json",)),
    2: Members(needed=_NEEDED, optional=("history.json", "calibration.json")),
}


def write_archive(path: str | os.PathLike[str], members: Mapping[str, bytes]) -> None:
    """Put the members into a model file of the newest format at ``path``, whole or not at all.

    Raises:
        ModelFileError: the file cannot be written (disk full, no such folder, no permission), or is too large. What
            was at ``path`` before is still there.
    """
    content = seal(members)
    try:
        atomic_write(path, content)
    except OSError as error:
        raise _unwritable(Path(path), error) from error


def seal(members: Mapping[str, bytes]) -> bytes:
    """The bytes of a model file: the members in the order of the format's list, after a manifest of their digests."""
    known = FORMATS[FORMAT]
    needed = {name: members[name] for name in known.needed}
    ordered = needed | {name: members[name] for name in known.optional if name in members}
    facts = {name: {"sha256": digest(content), "bytes": len(content)} for name, content in ordered.items()}
    manifest = {"format": FORMAT, "lamina": lamina_version(), "members": facts}
    return container.pack({MANIFEST: write_json(manifest), **ordered})


def read_archive(path: str | os.PathLike[str]) -> dict[str, bytes]:
    """The members of the model file at ``path``, the manifest among them, after every check on bytes has passed.

    Raises:
        ModelFileError: no such file, not a model file (it says what the file seems to be), cut short, changed since it
            was written, unsafe, or of a newer format.
    """
    content = _read_file(Path(path))
    try:
        return open_archive(content)
    except ModelFileError as error:
        raise ModelFileError(
            wrong=f"{Path(path).name!r} is not a usable model file: {error.wrong}",
            expected=error.expected,
            remedy=error.remedy,
        ) from error


def open_archive(content: bytes) -> dict[str, bytes]:
    """The members of a model file that was read as bytes, after the checks of `read_archive`."""
    if not content.startswith(container.LOCAL_MARK):
        raise _something_else(what_it_seems(content))
    seems = what_zip_seems(container.names_inside(content))
    if seems is not None:
        raise _something_else(seems)
    members = container.unpack(content)
    if MANIFEST not in members:
        raise _something_else("a zip without a 'manifest.json'")
    _check_members(members)
    return members


def _check_members(members: Mapping[str, bytes]) -> None:
    manifest = read_json(members[MANIFEST], MANIFEST)
    known = _known_members(manifest)
    listed = manifest.get("members")
    _require(isinstance(listed, dict), "its manifest has no list of members")
    for name in known.needed:
        _require(name in listed, f"its manifest does not list {name!r}")
    for name in listed:
        _require(name in known.needed or name in known.optional, f"its manifest lists {name!r}, which no model has")
        _require(name in members, f"its member {name!r} is missing")
    for name, content in members.items():
        _require(name == MANIFEST or name in listed, f"it holds {name!r}, which its manifest does not list")
        _require(name == MANIFEST or _as_listed(content, listed[name]), f"{name!r} has changed since it was written")


def _known_members(manifest: Json) -> Members:
    number = manifest.get("format") if isinstance(manifest, dict) else None
    _require(type(number) is int, "its manifest names no format")
    if number not in FORMATS:
        raise ModelFileError(
            wrong=f"it has format {str(number)[:20]}, written by lamina {str(manifest.get('lamina'))[:40]!r}.",
            expected=f"a format that lamina {lamina_version()} knows: {', '.join(map(str, sorted(FORMATS)))}.",
            remedy="update lamina: pip install --upgrade lamina",
        )
    return FORMATS[number]


def _as_listed(content: bytes, facts: Json) -> bool:
    return bool(facts == {"sha256": digest(content), "bytes": len(content)})


def _read_file(path: Path) -> bytes:
    """All bytes of a plain file; nothing is read from a folder, a pipe, a device or a file that is too large."""
    try:
        if path.is_dir():
            raise _something_else("a folder", path)
        with _opened(path) as file:
            # asked of the open file, so that nothing can be swapped in between
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise _something_else("a device or a pipe", path)
            if facts.st_size > container.LARGEST_BYTES:
                raise _something_else(f"a file of {facts.st_size:,} bytes, more than any model has", path)
            return file.read(container.LARGEST_BYTES)
    except FileNotFoundError as error:
        raise _missing(path) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _opened(path: Path) -> BinaryIO:
    if "\0" in str(path):
        raise _missing(path)
    # a pipe with nobody at its other end would block without O_NONBLOCK
    return os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb")


def _not_as_listed(complaint: str) -> ModelFileError:
    return ModelFileError(
        wrong=f"{complaint}.",
        expected="the members that its manifest lists, unchanged.",
        remedy="take another copy of the file, or make it again with `lamina fit` or `model.save(path)`.",
    )


_require = partial(require, refusal=_not_as_listed)


def _something_else(seems: str, path: Path | None = None) -> ModelFileError:
    named = "" if path is None else f"{path.name!r} is not a model file: "
    return ModelFileError(
        wrong=f"{named}it seems to be {seems}; it was not opened.",
        expected="a model file, as `lamina fit` or `model.save(path)` write it.",
        remedy="give the path of a file such as 'run/model.lamina'; other formats of weights cannot be used.",
    )


def _missing(path: Path) -> ModelFileError:
    beside = sorted(p.name for p in path.parent.glob("*.lamina")) if path.parent.is_dir() else []
    return ModelFileError(
        wrong=f"there is no file {str(path)!r}.",
        expected="the path of a model file, such as 'run/model.lamina'.",
        remedy=nearest(path.name, beside) if beside else "make one: lamina fit penguins species --out run",
    )


def _unreadable(path: Path, error: OSError) -> ModelFileError:
    return ModelFileError(
        wrong=f"{path.name!r} cannot be read: {error.strerror or error}.",
        expected="a file that this user may read.",
        remedy="look at its permissions and at the disk.",
    )


def _unwritable(path: Path, error: OSError) -> ModelFileError:
    return ModelFileError(
        wrong=f"the model cannot be written to {str(path)!r}: {error.strerror or error}.",
        expected="a folder that exists, that this user may write to, and room on its disk.",
        remedy=f"make room or save elsewhere; {_left_alone(path)}",
    )


def _left_alone(path: Path) -> str:
    return f"the earlier {path.name!r} is unchanged." if os.path.isfile(path) else "nothing was written."
