"""README and docs: what they show works. Their Python and `lamina` lines are run, in order, in one folder a page.

A block that cannot run here is marked on the line above it: ``<!-- not run: the reason -->``.
"""

import os
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts)]
FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- not run: \S.*-->\s*\Z")
LINK = re.compile(r"\]\((?P<target>[^)#]+)(?:#[^)]*)?\)")


class Block(NamedTuple):
    """One fenced block of a page, and where it begins."""

    language: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    """The blocks of a page that are to be run."""
    return [
        Block(found["language"], found["text"], page.count("\n", 0, found.start("text")))
        for found in FENCE.finditer(page)
        if not NOT_RUN.search(page[: found.start()])
    ]


def commands(block: Block) -> list[list[str]]:
    """The calls of lamina in a block: those after a prompt, and in a script also those without one."""
    prompt = r"\$ " if block.language == "console" else r"(?:\$ )?"
    text = block.text.replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in re.findall(rf"^{prompt}(lamina .*)$", text, re.MULTILINE)]


def run_command(command: list[str]) -> None:
    """Call the installed command line as a person does; it must end well."""
    program = Path(sys.executable).with_name(command[0])
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([program, *command[1:]], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}{done.stderr}"


def run_python(block: Block, page: Path, names: dict[str, object]) -> None:
    """Run a block in the names that the page has so far; errors point at the page's own lines."""
    exec(compile("\n" * block.line + block.text, page, "exec"), names)  # noqa: S102 - our own pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_does_what_it_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block runs, from the first to the last."""
    monkeypatch.chdir(tmp_path)
    module = types.ModuleType("shown")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for block in blocks(page.read_text()):
        if block.language == "python":
            run_python(block, page, vars(module))
        elif block.language in {"console", "sh"}:
            for command in commands(block):
                run_command(command)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_links_to_what_is_there(page: Path) -> None:
    """Links into the repository lead somewhere."""
    targets = [found["target"] for found in LINK.finditer(FENCE.sub("", page.read_text()))]
    assert [t for t in targets if "://" not in t and not (page.parent / t).exists()] == []


def test_every_kind_of_block_is_found() -> None:
    """Python, prompts and scripts are taken; output, other commands and marked blocks are left."""
    page = """
```python
x = 1
```
```console
$ lamina data --json \\
    # all of them
lamina said this
$ make demo
```
<!-- not run: takes an hour -->
```sh
lamina fit big y
```
```sh
lamina networks
```
"""
    found = blocks(page)
    assert [(b.language, b.line) for b in found] == [("python", 2), ("console", 5), ("sh", 15)]
    assert [commands(b) for b in found[1:]] == [[["lamina", "data", "--json"]], [["lamina", "networks"]]]


def test_a_mark_without_a_reason_marks_nothing() -> None:
    """Whoever leaves a block out says why."""
    assert blocks("<!-- not run: -->\n```sh\nlamina data\n```\n")


def test_what_fails_on_a_page_fails_here(tmp_path: Path) -> None:
    """A wrong line of Python and a command that ends badly are not overlooked, and the page's line is named."""
    with pytest.raises(ZeroDivisionError) as caught:
        run_python(Block("python", "1 / 0\n", 41), tmp_path / "page.md", {})
    assert caught.traceback[-1].lineno == 41
    with pytest.raises(AssertionError, match="no-such-command"):
        run_command(["lamina", "no-such-command"])
