"""What a file seems to be: the words a person reads when they gave something that is not a model."""

from __future__ import annotations

import gzip
import io
import lzma
import pickle
import tarfile
import zlib
from pathlib import Path

import joblib
import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
import torch
from safetensors.torch import save

from lamina.model.container import names_inside
from lamina.model.suspect import what_it_seems, what_zip_seems

TABLE = pa.table({"a": [1, 2]})


def written(write: object) -> bytes:
    """The bytes that a writer puts into a stream."""
    stream = io.BytesIO()
    write(stream)  # type: ignore[operator]
    return stream.getvalue()


def tar(stream: io.BytesIO) -> None:
    """A tar archive with one member."""
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.json"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        *[(pickle.dumps({"a": 1}, protocol=p), "pickle") for p in range(6)],
        (written(lambda s: joblib.dump({"a": np.ones(3)}, s)), "pickle"),
        (zlib.compress(b"x" * 100), "zlib"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (lzma.compress(b"x"), "xz"),
        (written(lambda s: np.save(s, np.ones(3))), "NumPy array"),
        (written(lambda s: torch.save({"a": 1}, s, _use_new_zipfile_serialization=False)), "PyTorch checkpoint"),
        (save({"weight": torch.ones(2)}), "bare safetensors"),
        (written(lambda s: pyarrow.parquet.write_table(TABLE, s)), "Parquet"),
        (written(lambda s: pyarrow.feather.write_feather(TABLE, s)), "Feather"),
        (written(tar), "tar archive"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"\n <html><body>404 Not Found</body></html>", "HTML page"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        (b'{"kind": "MLP"}', "JSON text"),
        (b"species,mass\nAdelie,3700\n", "plain text"),
        (bytes(range(256)), "unknown binary"),
    ],
)
def test_a_file_is_recognised(content: bytes, words: str) -> None:
    """Files that real programs write are recognised by their first bytes."""
    assert words in what_it_seems(content)


def test_zips_are_recognised_by_their_members(tmp_path: Path) -> None:
    """A checkpoint, an array archive and a workbook, as their own libraries write them, are told apart."""
    torch.save({"a": torch.ones(2)}, tmp_path / "model.pt")
    np.savez(tmp_path / "model.npz", a=np.ones(2))
    openpyxl.Workbook().save(tmp_path / "model.xlsx")
    seems = {p.suffix: what_zip_seems(names_inside(p.read_bytes())) for p in tmp_path.iterdir()}
    assert "PyTorch checkpoint" in str(seems[".pt"])
    assert "NumPy archive" in str(seems[".npz"])
    assert "Office document" in str(seems[".xlsx"])
    assert what_zip_seems(["model.json", "manifest.json"]) is None
