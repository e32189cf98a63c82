"""Draw the README's picture: what a person sees of `lamina fit penguins species`.

Run: ``python docs/images/make.py``.
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console

from lamina.cli.progress import progress_line
from lamina.cli.render import show_study
from lamina.evaluation import fit


def main() -> None:
    """Run the fit and keep its terminal as an SVG."""
    console = Console(record=True, width=104, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print("$ lamina fit penguins species --out run", highlight=False)

    def show(progress):  # every quarter of the run
        if progress.epoch in (1, progress.epochs) or progress.epoch % max(1, progress.epochs // 4) == 0:
            console.print(f"epoch {progress_line(progress)}", highlight=False, style="dim")

    study = fit("penguins", "species", on_epoch=show)
    with tempfile.TemporaryDirectory() as folder:
        study.save(folder)
    show_study(study, [Path("run/model.lamina"), Path("run/result.json")], console)
    drawn = console.export_svg(title="lamina", unique_id="lamina-fit")
    plain = re.sub(r"@font-face \{.*?\}|<!--.*?-->", "", drawn, flags=re.DOTALL)  # a picture asks no other host
    Path(__file__).with_name("fit.svg").write_text(plain)


if __name__ == "__main__":
    main()
