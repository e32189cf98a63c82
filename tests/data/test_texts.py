import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from lamina.data import conform, fit_encoder, infer_schema, read, texts
from lamina.data.columns import Text
from lamina.data.schema import Schema
from lamina.data.texts import TextEncoder, fit_text
from lamina.foundation.errors import DataError

REVIEWS = ["A fine film.", "a DULL film", "Fine, fine acting!", "the film was long and the acting dull"] * 5
LEARN = f"""
import hashlib, pyarrow as pa
from lamina.data.texts import fit_text
print(hashlib.sha256(fit_text("x", pa.chunked_array([{REVIEWS!r}])).vocabulary.encode()).hexdigest())
"""


def column(values):
    """Strings as a column."""
    return pa.chunked_array([pa.array(values, pa.string())])


def written(encoder, values):
    """The codes of some texts."""
    out = np.full((len(values), encoder.tokens), -1, np.int32)
    encoder.write(column(values), out)
    return out


def test_case_spaces_and_forms_of_a_letter_do_not_count():
    """The same words are the same codes, in capitals, with other spaces, with other code points for one letter."""
    encoder = fit_text("review", column(REVIEWS))
    same = written(encoder, ["a fine film.", "A  FINE\n film.", " a ﬁne film. "])
    assert (same == same[0]).all()
    assert (same[0] > 1).sum() >= 4


def test_padding_is_0_and_unknown_is_1():
    """Codes begin at 2; what training never met is 1, and after the end of a text everything is 0."""
    encoder = fit_text("review", column(REVIEWS))
    empty, strange, known = written(encoder, ["", "\u4f60\u597d", "dull"])
    assert (empty == 0).all()
    assert set(strange.tolist()) >= {0, 1}
    assert 1 not in known
    length = int((known > 0).sum())
    assert (known[:length] > 1).all()
    assert (known[length:] == 0).all()


def test_pieces_say_where_they_stand():
    """Each code can be found in the text again, so that an answer can be shown on it."""
    encoder, text = fit_text("review", column(REVIEWS)), "A fine film."
    pieces = encoder.pieces(text)
    assert [piece.code for piece in pieces] == [code for code in written(encoder, [text])[0].tolist() if code]
    assert "".join(text[piece.start : piece.stop] for piece in pieces).replace(" ", "") == "Afinefilm."


def test_formulas_keep_their_case():
    """A text without spaces, such as a formula, is read with its capitals."""
    encoder = fit_text("smiles", column(["CC(=O)Nc1ccc", "c1ccccc1", "CCO", "CCN"] * 5))
    assert (written(encoder, ["CC"]) != written(encoder, ["cc"])).any()


def test_the_vocabulary_is_the_same_in_another_process():
    """Learnt again from the same rows, with other seeds of the hashes, it is the same to the letter."""
    runs = [subprocess.run([sys.executable, "-c", LEARN], capture_output=True, text=True, check=True) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout) == 65


def test_nearly_all_texts_are_read_to_their_end():
    """The length is that of the longest, with some room, unless a few are far longer: these lose their end."""
    usual = ["one two three four five six seven"] * 300
    encoder = fit_text("x", column([*usual, " ".join(["one"] * 14)]))
    assert (encoder.tokens, encoder.cut) == (16, 0.0)
    encoder = fit_text("x", column([*usual, " ".join(["one"] * 500)]))
    assert encoder.tokens == 8
    assert encoder.cut == pytest.approx(1 / 301)
    assert (written(encoder, [" ".join(["one"] * 500)]) > 1).all()


def test_folds_of_one_table_have_one_shape():
    """Lengths and numbers of codes have some room, so that nearly equal parts give networks of one shape."""
    random = np.random.default_rng(0)
    words = ["".join(random.choice(list("abcdefgh"), 5)) for _ in range(900)]
    texts = [" ".join(random.choice(words, random.integers(5, 20))) for _ in range(600)]
    fields = {fit_text("x", column(texts[:start] + texts[start + 120 :])).field for start in range(0, 600, 120)}
    assert len(fields) == 1


def test_a_text_of_ten_megabytes_is_cut_with_a_note():
    """It keeps its first million letters, and a note names the row."""
    raw = read({"post": [*REVIEWS, "word " * 2_000_000]})
    schema = infer_schema(raw, kinds={"post": "text"})
    table, notes = conform(raw, schema, need_target=False)
    assert len(table["post"][20].as_py()) == texts.MOST_LETTERS
    assert [note.sentence for note in notes] == [
        "column 'post' has more than 1,000,000 letters in row 21: the rest is left out."
    ]
    assert fit_encoder(table, schema, categories="codes", fields=True).encode(table).fields[0].shape[0] == 21


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_texts_come_from_every_encoding(tmp_path, encoding):
    """Accents are read the same, however the file spells them."""
    words = "très bon film, une très belle histoire"
    (tmp_path / "t.csv").write_bytes(("y,post\n" + "".join(f'{i},"{words} {i}"\n' for i in range(30))).encode(encoding))
    raw = read(tmp_path / "t.csv")
    assert infer_schema(raw).column("post").word == "text"
    assert raw.table["post"][0].as_py() == f"{words} 0"


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_lines_in_mixed_encodings_are_each_read_by_themselves(tmp_path, ending):
    """One line that another program has written does not spoil the others, and a note says how many there are."""
    words = "très bon film, une très belle histoire numéro"
    lines = [f'"{words} {i}"' if ending == "csv" else f'{{"post": "{words} {i}"}}' for i in range(30)]
    content = "\n".join(["post", *lines] if ending == "csv" else lines).split("\n")
    coded = [line.encode("cp1252" if i % 10 == 7 else "utf-8") for i, line in enumerate(content)]
    (tmp_path / f"t.{ending}").write_bytes(b"\n".join(coded) + b"\n")
    raw = read(tmp_path / f"t.{ending}")
    assert raw.table["post"].to_pylist() == [f"{words} {i}" for i in range(30)]
    if ending == "csv":
        assert raw.notes[0].sentence == ("3 lines of 't.csv' are not UTF-8, as the others are: read as Latin-1.")


def test_short_messages_are_texts():
    """Messages as people send them are texts, not identifiers, though nearly all of them differ."""
    said = [f"Ok I will be there at {hour} then, wait for me" for hour in range(40)]
    assert isinstance(infer_schema(read({"message": said})).column("message"), Text)


def test_no_text_at_all_gives_no_field():
    """A column that is empty in all training rows is nothing to learn from."""
    assert fit_text("x", column([None, ""])) is None
    with pytest.raises(DataError, match="none of the 1 input columns varies"):
        fit_encoder(pa.table({"x": column([None])}), Schema(columns=(Text(name="x"),)), categories="codes", fields=True)


def test_a_spoilt_vocabulary_is_named():
    """A vocabulary that cannot be read is told with its column."""
    encoder = TextEncoder(name="post", vocabulary="{}", tokens=3, codes=9)
    with pytest.raises(DataError, match="vocabulary of the column 'post'"):
        written(encoder, ["a"])


def test_without_tokenizers_the_remedy_is_to_install_it(monkeypatch):
    """Where the library is missing, the error says how to get it, and how to do without."""
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(DataError, match="pip install tokenizers"):
        fit_text("x", column(REVIEWS))
