"""The journal: whole lines, whatever happens to who writes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from lamina.foundation.errors import DataError
from lamina.tuning.journal import Journal
from lamina.tuning.locks import locked_if_free

WRITER = """
import sys
from lamina.tuning.journal import Journal
journal = Journal(sys.argv[1])
for i in range(int(sys.argv[3])):
    journal.append([{"who": sys.argv[2], "line": i, "filling": "x" * 3000}])
"""


def test_lines_come_back_in_order(tmp_path) -> None:
    """What was added last is read last, by another holder too."""
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append([{"a": 1}, {"a": 2}])
    Journal(journal.path).append([{"a": 3}])
    assert [entry["a"] for entry in journal.read()] == [1, 2, 3]


@pytest.mark.parametrize("torn", [b"{", b'{"a": 3', b'{"a": 3}', b"\xff\x00" * 70_000])
def test_a_torn_last_line_is_dropped_on_opening(tmp_path, torn) -> None:
    """However far the write had got: even a whole object counts only with its end of line."""
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append([{"a": 1}, {"a": 2}])
    whole = journal.path.read_bytes()
    for content in (whole, b""):
        journal.path.write_bytes(content + torn)
        assert Journal(journal.path).path.read_bytes() == content


def test_a_torn_line_is_dropped_by_whoever_writes_next(tmp_path) -> None:
    """Another process may be killed while this one lives: its half line never joins ours."""
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append([{"a": 1}])
    with journal.path.open("ab") as file:
        file.write(b'{"a": 2, "b')
    assert journal.read() == [{"a": 1}]
    journal.append([{"a": 3}])
    assert journal.read() == [{"a": 1}, {"a": 3}]


@pytest.mark.parametrize("line", [b"nonsense", b"[1]", b""])
def test_a_broken_line_in_the_middle_is_refused(tmp_path, line) -> None:
    """Someone changed it: nothing is guessed, and the line is named."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"a": 1}\n' + line + b'\n{"a": 2}\n')
    with pytest.raises(DataError, match="line 2 of"):
        Journal(path).read()


def test_a_place_that_cannot_be_written_is_said(tmp_path) -> None:
    """In words, with another place to try."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be used"):
        Journal(tmp_path / "file" / "journal.jsonl")


def test_two_processes_lose_no_line(tmp_path) -> None:
    """Both add fifteen long lines at once: each is there, whole, in the order of who wrote it."""
    path = tmp_path / "journal.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name, "15"], stderr=subprocess.PIPE)
        for name in ("a", "b")
    ]
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [(b"", 0)] * 2
    entries = Journal(path).read()
    for name in ("a", "b"):
        assert [entry["line"] for entry in entries if entry["who"] == name] == list(range(15))


def test_what_is_added_may_depend_on_what_is_there(tmp_path) -> None:
    """While it is decided nobody else writes."""
    journal = Journal(tmp_path / "journal.jsonl")
    for _ in range(3):
        journal.add(lambda seen: [{"number": len(seen)}])
    assert [json.loads(line)["number"] for line in journal.path.read_text().splitlines()] == [0, 1, 2]


def test_a_lock_is_held_once_and_given_back(tmp_path) -> None:
    """A second holder hears so at once, and gets it afterwards."""
    with locked_if_free(tmp_path / "lock") as first:
        assert first
        with locked_if_free(tmp_path / "lock") as second:
            assert not second
    with locked_if_free(tmp_path / "lock") as third:
        assert third
