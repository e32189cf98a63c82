"""Format 2: a model comes back as it was, and no file, however made, does anything but load or be refused."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from lamina.classical import Neighbours
from lamina.data import Encoder, Number, NumberTarget, Schema
from lamina.data.numbers import NumberEncoder
from lamina.foundation.errors import ModelFileError
from lamina.model import Card, Model, Predictor, file, load
from lamina.model.archive import open_archive, read_archive, seal
from lamina.model.file import from_members, to_members
from lamina.networks import MLP
from small_models import make_classic, make_model, random_weights, some_calibration, some_data

MORE_OF_A_CARD: dict[str, Any] = {
    "intervals": {"test": {"accuracy": (0.4, 0.6), "roc_auc": (None, None)}},
    "groups": {"kind": {"a": {"accuracy": 0.5, "rows": 3}}},  # a column of that name is no spec
    "learner": "3 networks",
    "intended_use": ("Tests.",),
    "out_of_scope": ("Birds.",),
}
TEXTS = (
    *("model.json", "schema.json", "encoder.json", "target.json", "calibration.json"),
    *("card.json", "metrics.json", "environment.json"),
)


def members_of(model: Model) -> dict[str, bytes]:
    """The members that a model is saved as."""
    return to_members(model._parts)


MEMBERS = members_of(make_model("species", calibration=some_calibration("species")))
CLASSIC = members_of(make_classic("price", Neighbours(), calibration=some_calibration("price")))


def resaved(path: Path, **changes: Any) -> Path:
    """A file with right digests in which some members (``model_json=...``) hold something else."""
    contents = {name.replace("_", "."): value for name, value in changes.items()}
    texts = {name: v if isinstance(v, bytes) else json.dumps(v).encode() for name, v in contents.items()}
    path.write_bytes(seal(MEMBERS | texts))
    return path


def changed(name: str, **changes: Any) -> dict[str, Any]:
    """The values of a JSON member with some of them changed."""
    return {**json.loads(MEMBERS[name]), **changes}


def refusal(path: Path) -> str:
    """What `load` says when it refuses; the file is named."""
    with pytest.raises(ModelFileError) as caught:
        load(path)
    assert path.name in caught.value.wrong
    return caught.value.wrong


def run_python(code: str, *arguments: object) -> str:
    """What some code prints in a process of its own."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.mark.parametrize("target", ["species", "ringed", "price"])
def test_a_model_comes_back_as_it_was(tmp_path: Path, target: str) -> None:
    """Every part comes back equal, and every answer to the bit; saved again, it is the same file."""
    plain = make_model(target, calibration=some_calibration(target))
    model = dataclasses.replace(plain, card=dataclasses.replace(plain.card, **MORE_OF_A_CARD))
    model.save(tmp_path / "model.lamina")
    back = load(tmp_path / "model.lamina")
    for part in ("schema", "encoder", "target", "link", "card", "quantiles", "history", "calibration"):
        assert getattr(back, part) == getattr(model, part), part
    assert back.predictor.spec == model.predictor.spec
    assert back.predictor.signature == model.predictor.signature
    assert back.answer(some_data(30, seed=3)).equals(model.answer(some_data(30, seed=3)))
    assert back.facts() == model.facts()
    back.save(tmp_path / "again.lamina")
    assert (tmp_path / "again.lamina").read_bytes() == (tmp_path / "model.lamina").read_bytes()


def test_equal_models_give_equal_bytes(tmp_path: Path) -> None:
    """Two models made alike are files with the same bytes."""
    for name in ("a", "b"):
        make_model("species").save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_training_row_is_inside(tmp_path: Path) -> None:
    """Neither the identifiers nor the numbers of the training rows are in the file."""
    data = some_data()
    texts = b"".join(content for name, content in MEMBERS.items() if not name.startswith("weights"))
    assert not any(name.encode() in texts for name in data["id"])
    assert not any(repr(value).encode() in texts for value in data["length"])
    assert b"Torgersen" in texts, "the search itself works"


def test_another_process_gives_the_same_answers(tmp_path: Path) -> None:
    """In another process the answers are the same bits; with another number of threads, the same to 1e-6."""
    model = make_model("species")
    model.save(tmp_path / "model.lamina")
    np.save(tmp_path / "here.npy", model.predict_proba(some_data(300, seed=4)))
    (tmp_path / "rows.json").write_text(json.dumps(some_data(300, seed=4)))
    code = """
        import json, os, sys
        import numpy as np, torch
        from lamina.model import load
        folder = sys.argv[1]
        rows, here = json.load(open(f"{folder}/rows.json")), np.load(f"{folder}/here.npy")
        for threads in (int(sys.argv[2]), 3):
            torch.set_num_threads(threads)
            print(float(np.abs(load(f"{folder}/model.lamina").predict_proba(rows) - here).max()))
        print("sympy" in sys.modules)
    """
    same, other, compiler = run_python(code, tmp_path, torch.get_num_threads()).split()
    assert float(same) == 0
    assert float(other) <= 1e-6
    assert compiler == "False", "loading a model brings in a compiler, which takes seconds"


def test_a_flipped_bit_is_refused_wherever_it_is() -> None:
    """At every byte of a real file one bit is flipped: each such file is refused."""
    content = seal(MEMBERS)
    assert open_archive(content)
    for at in range(len(content)):
        harmed = bytearray(content)
        harmed[at] ^= 1 << (at * 7) % 8
        with pytest.raises(ModelFileError):
            open_archive(bytes(harmed))


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    """A file cut off at any of a hundred lengths is refused as cut short, or as empty."""
    content = seal(MEMBERS)
    path = tmp_path / "model.lamina"
    for length in range(0, len(content), len(content) // 100):
        path.write_bytes(content[:length])
        assert any(words in refusal(path) for words in ("cut short", "empty file", "binary data", "plain text"))


def test_a_model_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A model that cannot be written says so in three parts."""
    with pytest.raises(ModelFileError, match=r"(?s)cannot be written.*Expected: .*To fix it: "):
        make_model("price").save(tmp_path / "missing" / "model.lamina")


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("model.json", {"kind": "os.system"}, "'os.system' is not known"),
        ("model.json", {"kind": "Schema", "columns": []}, "'Schema' is not known"),
        ("model.json", {"kind": "Signature", "features": 1, "scores": 1}, "'Signature' is not known"),
        ("model.json", {"kind": ["MLP"]}, "does not hold what it should"),
        ("model.json", {"kind": "MLP", "__class__": "x"}, "has no setting '__class__'"),
        ("model.json", {"kind": "MLP", "widths": [-1]}, "widths"),
        ("model.json", {"kind": "MLP", "widths": "64"}, "widths"),
        ("model.json", {"kind": "MLP", "activation": "__import__('os')"}, "activation"),
        ("model.json", "MLP", "names no network"),
        ("model.json", None, "names no network"),
        ("model.json", [], "names no network"),
    ],
)
def test_only_known_networks_are_built(tmp_path: Path, member: str, value: Any, words: str) -> None:
    """A spec of a kind outside the closed list, or with settings that it does not have, is refused."""
    assert words in refusal(resaved(tmp_path / "m", model_json=changed(member, network=value)))


@pytest.mark.parametrize("value", [None, 3, [], {"features": 1, "scores": 1}])
def test_a_signature_is_a_signature(tmp_path: Path, value: Any) -> None:
    """Nothing but a signature stands where one should."""
    assert "no signature" in refusal(resaved(tmp_path / "m", model_json=changed("model.json", signature=value)))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", [None, [], {}, 3, "text", [[]], {"kind": []}, {"kind": "MLP"}])
def test_a_member_that_holds_something_else_is_refused(tmp_path: Path, name: str, value: Any) -> None:
    """No JSON member can be exchanged for other plain values."""
    path = resaved(tmp_path / "m", **{name.replace(".", "_"): value})
    if value == {} and name in ("metrics.json", "environment.json"):
        assert load(path).card.metrics == json.loads(MEMBERS["metrics.json"]) or name == "metrics.json"
    else:
        assert "does not hold what it should" in refusal(path)


@pytest.mark.parametrize("name", [*TEXTS, "history.json"])
@pytest.mark.parametrize("text", [b"", b"{", b'{"a": 1, "a": 2}', b"[" * 100_000, b"\xff", b"[NaN]"])
def test_a_member_that_is_no_plain_json_is_refused(tmp_path: Path, name: str, text: bytes) -> None:
    """Broken, ambiguous and bottomless JSON is refused, with the name of its member."""
    assert f"'{name}' is not plain JSON" in refusal(resaved(tmp_path / "m", **{name.replace(".", "_"): text}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**30) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kind", "name", "a"]), inner),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all values inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inside for place in places(item, (*path, key)))]


def exchanged(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A JSON value with the value at one path exchanged for another."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = exchanged(copy[path[0]], path[1:], new)
    return copy


@settings(max_examples=400)
@given(data=st.data(), members=st.sampled_from([MEMBERS, CLASSIC]), name=st.sampled_from(TEXTS), new=json_values)
def test_any_exchanged_value_is_refused_or_harmless(
    data: st.DataObject, members: dict[str, bytes], name: str, new: Any
) -> None:
    """Whatever value inside whatever member is exchanged, the file is a model or is refused as a model file."""
    value = json.loads(members[name])
    path = data.draw(st.sampled_from(places(value)))
    text = json.dumps(exchanged(value, path, new)).encode()
    with contextlib.suppress(ModelFileError):
        assert members_of(Model(**from_members(members | {name: text})))


def test_duplicate_tensors_are_refused(tmp_path: Path) -> None:
    """A header of weights in which one name stands twice is refused, although its digests are right."""
    weights = MEMBERS["weights.safetensors"]
    length = int.from_bytes(weights[:8], "little")
    header = weights[8 : 8 + length].rstrip()
    first = next(iter(json.loads(header).items()))
    twice = header[:-1] + b"," + json.dumps({first[0]: first[1]}).encode()[1:]
    evil = len(twice).to_bytes(8, "little") + twice + weights[8 + length :]
    assert f"key {first[0]!r} twice" in refusal(resaved(tmp_path / "m", weights_safetensors=evil))


def with_weights(path: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> Path:
    """A file whose weights were changed by a function."""
    weights = dict(make_model("species").predictor.weights)
    change(weights)
    return resaved(path, weights_safetensors=bytes(save(weights)))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_poisoned_weights_are_refused(tmp_path: Path, value: float) -> None:
    """A single weight that is not finite is refused."""

    def poison(weights: dict[str, torch.Tensor]) -> None:
        name = sorted(weights)[-1]
        weights[name] = weights[name].clone()
        weights[name].view(-1)[-1] = value

    assert "not finite" in refusal(with_weights(tmp_path / "m", poison))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.popitem(), "the network needs"),
        (lambda w: w.update(evil=torch.zeros(3)), "'evil', which the network does not have"),
        (lambda w: w.update({n: t[:2] for n, t in w.items()}), "declares 3 members"),
        (lambda w: w.update({n: t[:0] for n, t in w.items()}), "belong to no member"),
        (lambda w: w.update({n: t.double() for n, t in w.items()}), "the type 'F64'"),
        (lambda w: w.clear(), "belong to no member"),
    ],
)
def test_weights_of_another_network_are_refused(tmp_path: Path, change: Any, words: str) -> None:
    """Missing, additional, too few and differently typed weights are refused."""
    assert words in refusal(with_weights(tmp_path / "m", change))


def test_declared_sizes_take_no_memory(tmp_path: Path) -> None:
    """A small file that declares networks of petabytes is refused, and no memory was taken for it."""
    plan = json.loads(MEMBERS["model.json"])
    wide = {"kind": "MLP", "widths": [30_000, 30_000]}
    plans = {
        "features": {**plan, "signature": {**plan["signature"], "features": 2**30}},
        "scores": {**plan, "signature": {**plan["signature"], "scores": 2**30}},
        "codes": {**plan, "signature": {**plan["signature"], "categories": [2**30] * 100}},
        "columns": {**plan, "signature": {**plan["signature"], "categories": [4] * 40_000}},
        "endless": {**plan, "signature": {**plan["signature"], "features": 10**200}},
        "widths": {**plan, "network": {"kind": "Table", "trunk": wide}},
        "deep": {**plan, "network": {"kind": "Table", "trunk": {"kind": "MLP", "widths": [1] * 1000}}},
    }
    files = [str(resaved(tmp_path / name, model_json=value)) for name, value in plans.items()]
    code = """
        import resource, sys
        from lamina.foundation.errors import ModelFileError
        from lamina.model import load
        load(sys.argv[1]).predict(sys.argv[2])  # everything that a right model needs is now loaded
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for path in sys.argv[3:]:
            try:
                load(path)
            except ModelFileError:
                print("refused", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    right, rows = resaved(tmp_path / "right"), tmp_path / "rows.csv"
    data = some_data(5)
    rows.write_text(
        "\n".join(map(",".join, [list(data), *(map(str, row) for row in zip(*data.values(), strict=True))]))
    )
    told = [line.split() for line in run_python(code, right, rows, *files).splitlines()]
    assert [word for word, _ in told] == ["refused"] * len(plans)
    assert max(int(kibibytes) for _, kibibytes in told) < 300 * 1024


def test_a_wide_table_is_no_bomb(tmp_path: Path) -> None:
    """A model of four thousand columns is saved and loaded: only the plan must be short, not the schema."""
    names = [f"column {i}" for i in range(4000)]
    schema = Schema(columns=(*(Number(name=name) for name in names), Number(name="price")), target="price")
    encoder = Encoder(columns=tuple(NumberEncoder(name=name, centre=0.0, scale=1.0) for name in names))
    signature, spec = encoder.signature(scores=1), MLP(widths=())
    model = Model(
        schema=schema,
        encoder=encoder,
        target=NumberTarget(mean=0.0, scale=1.0, low=0.0, high=1.0),
        predictor=Predictor(spec=spec, signature=signature, weights=random_weights(spec, signature, 1)),
        link="identity",
        card=Card(name="wide", task="regression", target="price", rows=1, created="2026-11-21"),
    )
    assert len(members_of(model)["schema.json"]) > 2**18
    model.save(tmp_path / "m")
    row = dict.fromkeys(names, 0.5)
    assert load(tmp_path / "m").predict(row) == model.predict(row)


def test_what_could_not_be_read_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that `load` would refuse as too long is refused by `save`."""
    monkeypatch.setattr(file, "LARGEST_PLAN_BYTES", len(MEMBERS["model.json"]))
    assert members_of(make_model("species"))
    monkeypatch.setattr(file, "LARGEST_PLAN_BYTES", len(MEMBERS["model.json"]) - 1)
    with pytest.raises(ModelFileError, match="is the most"):
        members_of(make_model("species"))


def test_a_long_plan_is_refused(tmp_path: Path) -> None:
    """A plan with more counts than any model has is refused unread."""
    plan = changed("model.json", quantiles=[0.5] * 100_000)
    assert "262,144 is the most" in refusal(resaved(tmp_path / "m", model_json=plan))


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("model.json", {"link": "exp"}, "link 'exp'"),
        ("model.json", {"link": {"a": 1}}, "link"),
        ("model.json", {"members": 4}, "declares 4 members"),
        ("model.json", {"members": True}, "declares True members"),
        ("model.json", {"quantiles": [0.5]}, "classes have no quantiles"),
        ("card.json", {"target": "price"}, "the card says 'price'"),
        ("card.json", {"task": "regression"}, "the card says regression"),
        ("card.json", {"created": "yesterday"}, "created"),
        ("card.json", {"metrics": {}}, "no card"),
        ("target.json", {"classes": ["a", "b", "c"]}, "the card says"),
        ("schema.json", {"target": "price"}, "schema"),
        ("metrics.json", {"test": 1}, "metrics"),
        ("environment.json", {"torch": [1]}, "environment"),
    ],
)
def test_members_that_contradict_each_other_are_refused(
    tmp_path: Path, name: str, changes: dict[str, Any], words: str
) -> None:
    """A value that does not fit the rest of the file is refused, and the sentence says which."""
    key = name.replace(".", "_")
    assert words in refusal(resaved(tmp_path / "m", **{key: changed(name, **changes)}))


def test_the_file_can_be_read_without_lamina(tmp_path: Path) -> None:
    """Any zip program shows the card, and any JSON reader the plan: the file hides nothing."""
    make_model("species").save(tmp_path / "model.lamina")
    members = read_archive(tmp_path / "model.lamina")
    assert members["card.md"].decode().startswith("---\nlicense:")
    assert json.loads(members["model.json"])["network"]["kind"] == "Table"
    assert json.loads(members["metrics.json"]) == {"test": {"accuracy": 0.5, "roc_auc": None}}
