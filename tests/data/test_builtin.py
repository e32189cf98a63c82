import csv
import subprocess
import sys
from importlib import resources

import pytest

from lamina.data.builtin import BUILTIN, load_builtin
from lamina.data.conform import conform
from lamina.data.infer import infer_schema, infer_task
from lamina.data.read import read
from lamina.foundation.errors import DataError


@pytest.mark.parametrize("name", BUILTIN)
def test_every_set_is_what_its_facts_say(name):
    """Rows, columns, target and task of every built-in set are as stated, and it conforms to its own schema."""
    facts, raw = BUILTIN[name], read(name)
    schema = infer_schema(raw, target=facts.target)
    table, _ = conform(raw, schema, need_target=True)
    assert table.shape == (facts.rows, facts.columns)
    assert infer_task(schema) == facts.task
    assert table.column(facts.target).null_count == 0
    assert all([facts.sentence, facts.source, facts.licence])


@pytest.mark.parametrize(
    ("name", "classes"), [("penguins", 3), ("iris", 3), ("wine", 3), ("digits", 10), ("breast-cancer", 2)]
)
def test_classes_have_names(name, classes):
    """Classes are words a person can read, not codes without a meaning."""
    levels = infer_schema(read(name), target=BUILTIN[name].target).target_column.levels
    assert len(levels) == classes
    assert name == "digits" or not any(level.isdigit() for level in levels)


def test_penguins_are_the_published_ones():
    """The table in the package has the species, the missing cells and the total body mass of the published one."""
    with (resources.files("lamina.data") / "sets" / "penguins.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [sum(row["species"] == s for row in rows) for s in ("Adelie", "Chinstrap", "Gentoo")] == [152, 68, 124]
    assert sum(value == "NA" for row in rows for value in row.values()) == 19
    assert sum(int(row["body_mass_g"]) for row in rows if row["body_mass_g"] != "NA") == 1437000


def test_kinds_of_penguin_columns():
    """Measurements are numbers; species, island and sex are categories, none taken for something else."""
    words = [column.word for column in infer_schema(read("penguins"), target="species").columns]
    assert words == ["category", "category", "number", "number", "number", "number", "category", "number"]


def test_sklearn_is_imported_only_for_its_sets():
    """Neither the room nor the penguins need scikit-learn or torch."""
    code = "import sys; from lamina.data import read; read({!r}); print({{'sklearn', 'torch'}} & set(sys.modules))"
    for name, loaded in (("penguins", "set()"), ("iris", "{'sklearn'}")):
        done = subprocess.run([sys.executable, "-c", code.format(name)], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == loaded


def test_a_misspelt_set_is_answered_with_the_nearest():
    """A name that is no set and no file offers the sets most like it."""
    for attempt in (read, load_builtin):
        with pytest.raises(DataError, match="did you mean 'penguins'"):
            attempt("pengiuns")


def test_a_file_of_the_same_name_is_pointed_out(tmp_path, monkeypatch):
    """The built-in set is read even if a file has its name, and a note says how to read the file."""
    (tmp_path / "iris").write_text("a,b\n1,2\n")
    monkeypatch.chdir(tmp_path)
    raw = read("iris")
    assert raw.rows == 150
    assert "'./iris'" in raw.notes[0].sentence
    assert read("./iris").rows == 1
