"""What a file seems to be when it is not a model: said from its first bytes, without opening it.

People hand over checkpoints, pickles and pages saved from a browser. A pickle runs code when it is opened, so none is;
the sentence says what was recognised and what it is usually called.
"""

from __future__ import annotations

from collections.abc import Sequence

_OPENINGS: tuple[tuple[bytes, str], ...] = (
    (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P", "an old PyTorch checkpoint (.pt, .pth, .ckpt), which is a pickle"),
    (b"}q\x00", "an old pickle, which can run any code when it is opened"),
    (b"]q\x00", "an old pickle, which can run any code when it is opened"),
    (b"\x80", "a pickle (.pkl, .joblib), which can run any code when it is opened"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (b"\x89HDF", "an HDF5 file (.h5, .keras before 2022)"),
    (b"PAR1", "a Parquet table"),
    (b"ARROW1", "a Feather table"),
    (b"SQLite format 3", "an SQLite database"),
    (b"version https://git-lfs", "a Git LFS pointer: the file itself has not been fetched (`git lfs pull`)"),
    (b"\x1f\x8b", "something compressed with gzip, as .joblib and .tar.gz are"),
    (b"BZh", "something compressed with bzip2, as .joblib can be"),
    (b"\xfd7zXZ", "something compressed with xz, as .joblib can be"),
    (b"\x28\xb5\x2f\xfd", "something compressed with Zstandard"),
    (b"\x78\x01", "something compressed with zlib, as .joblib can be"),
    (b"\x78\x5e", "something compressed with zlib, as .joblib can be"),
    (b"\x78\x9c", "something compressed with zlib, as .joblib can be"),
    (b"\x78\xda", "something compressed with zlib, as .joblib can be"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"PK\x05\x06", "an empty zip"),
    (b"PK\x03\x04", "a zip"),
)


def what_it_seems(content: bytes) -> str:
    """A few words for what these bytes most likely are; for a zip see `what_zip_seems`.

    >>> what_it_seems(b""), what_it_seems(b"<!DOCTYPE html><title>404</title>")
    ('an empty file', 'an HTML page, perhaps an error message saved in place of a download')
    """
    if not content:
        return "an empty file"
    for opening, words in _OPENINGS:
        if content.startswith(opening):
            return words
    if content[257:262] == b"ustar":
        return "a tar archive"
    if content[8:9] == b"{" and int.from_bytes(content[:8], "little") <= len(content):
        return "bare safetensors weights, without the schema and the encoder that a model needs"
    return _what_text_seems(content[:512])


def what_zip_seems(names: Sequence[str]) -> str | None:
    """A few words for a zip with these members, or None if nothing speaks against a model.

    >>> what_zip_seems(["archive/data.pkl", "archive/version"])
    'a PyTorch checkpoint (.pt, .pth, .ckpt), which holds a pickle'
    """
    if any(name.endswith(("data.pkl", "constants.pkl")) for name in names):
        return "a PyTorch checkpoint (.pt, .pth, .ckpt), which holds a pickle"
    if any(name.endswith((".pkl", ".pickle", ".joblib")) for name in names):
        return "a zip with a pickle inside"
    if "model.weights.h5" in names:
        return "a Keras model (.keras)"
    if "[Content_Types].xml" in names:
        return "an Office document (.xlsx, .docx)"
    if names and all(name.endswith(".npy") for name in names):
        return "a NumPy archive (.npz)"
    return None


def _what_text_seems(opening: bytes) -> str:
    text = opening.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n").lower()
    if text.startswith(("<!doctype html", "<html", "<head")):
        return "an HTML page, perhaps an error message saved in place of a download"
    if text.startswith("<"):
        return "an XML document"
    if text.startswith(("{", "[")):
        return "JSON text"
    if text.startswith(("(d", "(l", "cos\n", "c__builtin__", "ccopy_reg", "(i")):
        return "an old pickle, which can run any code when it is opened"
    if all(letter.isprintable() or letter in "\t\r\n" for letter in text):
        return "plain text, perhaps a table"
    return "unknown binary data"
