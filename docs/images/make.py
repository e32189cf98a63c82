"""Draw the README's picture: what a person sees of `lamina fit penguins species`.

Run: ``python docs/images/make.py``.
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console

from lamina.cli.progress import show_opening
from lamina.cli.render import show_study
from lamina.evaluation import fit


def main() -> None:
    """Run the fit and keep its terminal as an SVG."""
    console = Console(record=True, width=112, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print("$ lamina fit penguins species --out run", highlight=False)
    study = fit("penguins", "species", on_step=lambda step: show_opening(step, console))
    with tempfile.TemporaryDirectory() as folder:
        written = [Path("run") / path.name for path in study.save(folder)]
    show_study(study, written, console)
    drawn = console.export_svg(title="lamina", unique_id="lamina-fit")
    plain = re.sub(r"@font-face \{.*?\}|<!--.*?-->", "", drawn, flags=re.DOTALL)  # a picture asks no other host
    Path(__file__).with_name("fit.svg").write_text(plain)


if __name__ == "__main__":
    main()
