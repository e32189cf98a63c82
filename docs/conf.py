"""How Sphinx makes the pages: Markdown through MyST, the furo theme, and nothing from the network."""

import tomllib
from pathlib import Path

_facts = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]

project = _facts["name"]
release = _facts["version"]
copyright = "the lamina authors, Apache-2.0"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"{project} {release}"
myst_heading_anchors = 3
