"""The classical predictor: a learner with the face of a network's predictor, kept in the same file, exact to 1e-12."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeRegressor

from lamina.classical import FAMILIES, LEARNT, Foreign
from lamina.data import Batch
from lamina.foundation.errors import ModelFileError
from lamina.foundation.signature import Signature
from lamina.model import ClassicPredictor, Model, file, load
from lamina.model.archive import open_archive, read_archive, seal
from lamina.model.arrays import read_arrays, write_arrays
from lamina.model.classic import HOLDS_ROWS
from small_models import make_classic, make_model, some_calibration, some_data

QUICK: dict[str, dict[str, Any]] = {"forest": {"trees": 50, "tried": 50}}
CASES = [(name, target) for name in FAMILIES for target in ("species", "ringed", "price")]
MADE: dict[tuple[str, str], Model] = {}


def made(name: str, target: str = "species") -> Model:
    """A model of a family, made once."""
    if (name, target) not in MADE:
        family = FAMILIES[name](**QUICK.get(name, {}))
        MADE[name, target] = make_classic(target, family, calibration=some_calibration(target))
    return MADE[name, target]


def members_of(model: Model) -> dict[str, bytes]:
    """The members that a model is saved as."""
    return file.to_members(model._parts)


def chances(model: Model, rows: Any) -> np.ndarray:
    """All that a model says about rows, as numbers."""
    if model.card.task == "regression":
        return model.predict_interval(rows, 0.5)
    return model.predict_proba(rows)


def refusal(path: Path, members: dict[str, bytes]) -> str:
    """What `load` says about these members, with right digests."""
    path.write_bytes(seal(members))
    with pytest.raises(ModelFileError) as caught:
        load(path)
    return caught.value.wrong


def plan_with(members: dict[str, bytes], **changes: Any) -> dict[str, bytes]:
    """The members with some values of the plan changed."""
    return members | {"model.json": json.dumps(json.loads(members["model.json"]) | changes).encode()}


@pytest.mark.parametrize(("name", "target"), CASES)
def test_every_family_comes_back_as_it_was(tmp_path: Path, name: str, target: str) -> None:
    """Saved and loaded, every answer is the same to 1e-12, and saved again it is the same file."""
    model, rows = made(name, target), some_data(50, seed=3)
    model.save(tmp_path / "model.lamina")
    back = load(tmp_path / "model.lamina")
    np.testing.assert_allclose(chances(back, rows), chances(model, rows), rtol=1e-12, atol=1e-12)
    if target != "price":
        assert back.predict(rows).tolist() == model.predict(rows).tolist()
    assert back.facts() == model.facts()
    assert back.calibration == model.calibration
    back.save(tmp_path / "again.lamina")
    assert (tmp_path / "again.lamina").read_bytes() == (tmp_path / "model.lamina").read_bytes()


def test_another_process_gives_the_same_answers(tmp_path: Path) -> None:
    """In another process, asked in other portions, every family answers the same to 1e-12; no trainer is loaded."""
    rows = some_data(60, seed=4)
    for name, target in CASES:
        made(name, target).save(tmp_path / f"{name}_{target}.lamina")
        np.save(tmp_path / f"{name}_{target}.npy", chances(made(name, target), rows))
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    code = """
        import json, sys
        from pathlib import Path
        import numpy as np
        from lamina.model import load
        folder = Path(sys.argv[1])
        rows = json.load(open(folder / "rows.json"))
        halves = [{n: v[part] for n, v in rows.items()} for part in (slice(0, 23), slice(23, None))]
        for path in sorted(folder.glob("*.lamina")):
            model = load(path)
            if model.card.task == "regression":
                ask = lambda half: model.predict_interval(half, 0.5)
            else:
                ask = model.predict_proba
            found = np.concatenate([ask(half) for half in halves])
            np.testing.assert_allclose(found, np.load(path.with_suffix(".npy")), rtol=1e-12, atol=1e-12)
            print(path.stem)
        assert "sklearn" not in sys.modules, "answers need no trainer"
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert len(done.stdout.split()) == len(CASES), done.stderr


@pytest.mark.parametrize("name", FAMILIES)
def test_scores_stay_float64(name: str) -> None:
    """Nothing is cut to float32 on the way from the learner to the answer."""
    predictor = made(name, "price").predictor
    assert isinstance(predictor, ClassicPredictor)
    batch = made(name, "price").encoder.encode(made(name, "price").conform(some_data(9, seed=1))[0])
    scores = predictor.scores(batch, rows_at_once=4)
    assert (scores.shape, scores.dtype) == ((1, 9, 1), np.float64)
    np.testing.assert_allclose(scores[0], predictor.learnt.scores(batch.numbers), rtol=1e-12)
    target: Any = made(name, "price").target
    np.testing.assert_allclose(
        made(name, "price").predict(some_data(9, seed=1)), scores[0, :, 0] * target.scale + target.mean, rtol=1e-15
    )


def test_chances_are_those_of_the_learner() -> None:
    """Without calibration the chances are the exponentials of the learner's scores."""
    model = dataclasses.replace(made("linear"), calibration=None)
    batch = model.encoder.encode(model.conform(some_data(9, seed=1))[0])
    wanted = np.exp(model.predictor.scores(batch)[0])
    np.testing.assert_allclose(model.predict_proba(some_data(9, seed=1)), wanted, rtol=1e-12)


def test_no_rows_give_no_scores() -> None:
    """A batch without rows has scores without rows."""
    empty = Batch(numbers=np.zeros((0, made("linear").predictor.signature.features), np.float32), categories=NO_CODES)
    assert made("linear").predictor.scores(empty).shape == (1, 0, 3)


NO_CODES = np.zeros((0, 0), np.int64)


@pytest.mark.parametrize("name", FAMILIES)
def test_facts_speak_of_the_learner(name: str) -> None:
    """Learner, kind, parameters and whether rows are held are told; what only networks have is not."""
    facts = json.loads(json.dumps(made(name).facts(), allow_nan=False))
    assert facts["learner"].startswith(FAMILIES[name].title)
    assert facts["kind"] in LEARNT
    assert facts["parameters"] == made(name).predictor.size
    assert not {"network", "members", "weights_a_member"} & set(facts)
    assert facts["calibration"]["rows"] == 40
    assert facts["holds_rows"] == (name in ("neighbours", "svm"))
    assert (HOLDS_ROWS in facts["limits"]) == facts["holds_rows"]


def test_held_rows_are_said_once_wherever_the_model_comes_from(tmp_path: Path) -> None:
    """Whoever makes a model that holds rows, its card and its Markdown say so, once, also after loading."""
    model = made("neighbours")
    silent = dataclasses.replace(model, card=dataclasses.replace(model.card, limits=("Birds.",)))
    assert silent.card.limits == ("Birds.", HOLDS_ROWS)
    silent.save(tmp_path / "m")
    assert load(tmp_path / "m").card.limits == ("Birds.", HOLDS_ROWS)
    assert read_archive(tmp_path / "m")["card.md"].decode().count("Encoded training rows") == 1


def test_no_training_row_is_inside_a_linear_model() -> None:
    """A learner that says it holds no rows holds none: as many numbers as it has parameters and codes."""
    for name in ("constant", "linear"):
        arrays = read_arrays(members_of(made(name))["weights.safetensors"])
        assert sum(array.size for array in arrays.values()) <= made(name).predictor.size + 3


def test_a_learner_that_cannot_be_kept_says_why() -> None:
    """A learner without plain arrays still answers, and is refused when it is to be saved, in its own words."""
    model = made("linear")
    other = SimpleNamespace(
        **{name: getattr(model.predictor.learnt, name) for name in ("parameters", "holds_rows", "chosen", "scores")},
        kind="foreign",
        keepable=False,
        why="it is a stack of things.",
    )
    strange = dataclasses.replace(model, predictor=ClassicPredictor(learnt=other, signature=model.predictor.signature))
    assert strange.predict(some_data(5)).tolist() == model.predict(some_data(5)).tolist()
    with pytest.raises(ModelFileError, match=r"(?s)foreign learner cannot be kept.*: it is a stack of things\."):
        members_of(strange)
    del other.keepable, other.why
    with pytest.raises(ModelFileError, match="'foreign' is not made of plain arrays"):
        members_of(strange)


def test_what_could_not_be_read_is_not_written() -> None:
    """A learner whose arrays its own kind would refuse is not saved."""
    model = made("linear")
    broken = dataclasses.replace(model.predictor.learnt, codes=np.array([0, 1, 5]))
    spoilt = ClassicPredictor(learnt=broken, signature=model.predictor.signature)
    with pytest.raises(ModelFileError, match="cannot be kept in a file"):
        file.to_members({**model._parts, "predictor": spoilt})


def test_a_graph_is_kept_and_asks_for_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ONNX graph answers the same after loading; where onnx is not installed, it is said how to come by it."""
    pytest.importorskip("skl2onnx")
    model = make_classic("species", Foreign(estimator=GaussianNB()), calibration=some_calibration("species"))
    assert model.facts()["kind"] == "graph"
    model.save(tmp_path / "m")
    rows = some_data(50, seed=3)
    found = load(tmp_path / "m").predict_proba(rows)
    np.testing.assert_allclose(found, model.predict_proba(rows), rtol=1e-12, atol=1e-12)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelFileError, match=r"(?s)onnxruntime is not installed.*pip install 'lamina\[onnx\]'"):
        load(tmp_path / "m")


def test_a_foreign_learner_is_kept_or_says_why() -> None:
    """An estimator of another library is kept as arrays where it can be, and else refused with its own reason."""
    held = make_classic("price", Foreign(estimator=DecisionTreeRegressor(max_depth=3)), learner="A tree")
    assert (held.facts()["kind"], held.facts()["learner"]) == ("forest", "A tree")
    loose = make_classic("price", Foreign(estimator=Loose()))
    with pytest.raises(ModelFileError, match="foreign learner cannot be kept in a file"):
        members_of(loose)
    assert loose.predict(some_data(5)).shape == (5,)


class Loose(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """An estimator that no library knows how to write down."""

    def fit(self, features: np.ndarray, truth: np.ndarray) -> Loose:
        """Remember the mean."""
        self.mean_ = float(truth.mean())
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The mean, with a twist that no table of coefficients has."""
        return np.sin(np.asarray(features)).sum(axis=1) + self.mean_


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        (Signature(features=2, scores=2, categories=(3,)), "1 columns of codes"),
        (Signature(features=2**40, scores=2), "too many"),
        (Signature(features=2, scores=2**40), "too many"),
    ],
)
def test_a_signature_that_is_not_for_learners_is_refused(signature: Signature, words: str) -> None:
    """Codes are for networks, and absurd sizes are for nobody."""
    with pytest.raises(ModelFileError, match=words):
        ClassicPredictor(learnt=made("linear").predictor.learnt, signature=signature)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"link": "sigmoid"}, "link 'sigmoid'"),
        ({"link": "identity"}, "link 'identity'"),
        ({"calibration": some_calibration("price")}, "calibration is that of another task"),
    ],
)
def test_parts_must_belong_together(changes: dict[str, Any], words: str) -> None:
    """Links of networks and calibrations of numbers do not fit a learner of classes."""
    with pytest.raises(ModelFileError, match=f"(?s)do not belong together.*{words}"):
        dataclasses.replace(made("linear"), **changes)
    with pytest.raises(ModelFileError, match="another task"):
        dataclasses.replace(make_model("price"), calibration=some_calibration("species"))
    with pytest.raises(ModelFileError, match="no quantiles"):
        dataclasses.replace(made("linear", "price"), quantiles=(0.5,))


def test_a_learner_of_other_features_or_answers_is_refused() -> None:
    """A learner that was made for another table is found out by asking it one row."""
    for name, target in (("linear", "price"), ("linear", "ringed")):
        strange = ClassicPredictor(
            learnt=made(name, target).predictor.learnt, signature=made("linear").predictor.signature
        )
        with pytest.raises(ModelFileError, match="do not belong together"):
            dataclasses.replace(made("linear"), predictor=strange)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classical": "os.system"}, "'os.system' is not known"),
        ({"classical": None}, "'None' is not known"),
        ({"classical": ["linear"]}, "is not known"),
        ({"classical": {"kind": "linear"}}, "is not known"),
        ({"classical": "forest"}, "'weights.safetensors' does not hold what it should"),
        ({"network": {"kind": "MLP"}}, "a network and another learner"),
        ({"signature": None}, "no signature"),
        ({"signature": {"kind": "Signature", "features": 2**40, "scores": 3}}, "does not"),
        ({"signature": {"kind": "Signature", "features": 3, "scores": 3}}, "does not hold what it should"),
        ({"signature": {"kind": "Signature", "features": 3, "scores": 3, "categories": [2]}}, "does not hold"),
        ({"link": "sigmoid"}, "link"),
        ({"quantiles": [0.5]}, "quantiles"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    """Unknown kinds, kinds of other arrays, two predictors at once and wrong sizes are each refused in words."""
    assert words in refusal(tmp_path / "m", plan_with(members_of(made("linear")), **changes))


def test_a_plan_without_a_predictor_is_refused(tmp_path: Path) -> None:
    """A plan must name a network or a learner."""
    members = members_of(made("linear"))
    plan = {name: value for name, value in json.loads(members["model.json"]).items() if name != "classical"}
    words = refusal(tmp_path / "m", members | {"model.json": json.dumps(plan).encode()})
    assert "no network and no learner" in words


def test_weights_of_a_network_are_no_learner(tmp_path: Path) -> None:
    """Arrays and plan must be of one model: neither way round do they pass."""
    network, learner = members_of(make_model("species")), members_of(made("linear"))
    for plan, weights in ((network, learner), (learner, network)):
        mixed = plan | {"weights.safetensors": weights["weights.safetensors"]}
        assert "weights.safetensors" in refusal(tmp_path / "m", mixed)


@pytest.mark.parametrize("name", FAMILIES)
def test_changed_arrays_are_refused_or_harmless(tmp_path: Path, name: str) -> None:
    """Each array left out, doubled, cut, of another type or holding nonsense: refused in words, or it still answers."""
    members = members_of(made(name))
    arrays = read_arrays(members["weights.safetensors"])
    for key, array in arrays.items():
        others = {n: a for n, a in arrays.items() if n != key}
        assert "does not hold" in refusal(tmp_path / "m", members | packed(others))
        assert "does not hold" in refusal(tmp_path / "m", members | packed(arrays | {f"{key}2": array}))
        other = np.int32 if array.dtype.kind == "f" else np.float32
        assert "does not hold" in refusal(tmp_path / "m", members | packed(arrays | {key: array.astype(other)}))
        for changed in (array[:-1], array[:0], array[None], np.full_like(array, 2**31 - 1), -array - 1):
            (tmp_path / "m").write_bytes(seal(members | packed(arrays | {key: changed})))
            with contextlib.suppress(ModelFileError), np.errstate(all="ignore"):
                assert load(tmp_path / "m").predict(some_data(5)).shape == (5,)


def packed(arrays: dict[str, np.ndarray]) -> dict[str, bytes]:
    """The member of weights that holds these arrays."""
    return {"weights.safetensors": write_arrays(arrays)}


def test_nothing_travels_beside_the_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array that the learner does not need is refused, even if its kind would pass over it."""
    own = LEARNT["linear"]

    class Careless(own):  # type: ignore[misc, valid-type]
        @classmethod
        def from_arrays(cls, arrays: Any, *, features: int, scores: int) -> Any:
            wanted = {name: arrays[name] for name in ("weight", "bias", "codes")}
            return own.from_arrays(wanted, features=features, scores=scores)

    members = members_of(made("linear"))
    arrays = read_arrays(members["weights.safetensors"])
    monkeypatch.setitem(LEARNT, "linear", Careless)
    hidden = members | packed(arrays | {"secret": np.zeros(3, np.uint8)})
    assert "an array 'secret' too many" in refusal(tmp_path / "m", hidden)


def test_a_flipped_bit_is_refused_wherever_it_is() -> None:
    """At every byte of a classical file with a calibration one bit is flipped: each such file is refused."""
    content = seal(members_of(made("linear", "price")))
    assert "calibration.json" in open_archive(content)
    for at in range(len(content)):
        harmed = bytearray(content)
        harmed[at] ^= 1 << (at * 7) % 8
        with pytest.raises(ModelFileError):
            open_archive(bytes(harmed))


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        3,
        "text",
        {"kind": "Card"},
        {"kind": "Calibration", "temperature": 0},
        {"kind": "Calibration", "temperature": 1, "conformity": [2, 1], "rows": 2},
        {"kind": "Calibration", "temperature": 1, "conformity": [0.5], "rows": 10**30},
        {"kind": "Calibration", "temperature": 1, "conformity": "abc", "rows": 3},
        {"kind": "Calibration", "temperature": 1, "more": 1},
    ],
)
def test_a_calibration_is_a_calibration(tmp_path: Path, value: Any) -> None:
    """Nothing but a sound calibration stands where one should."""
    members = members_of(made("linear")) | {"calibration.json": json.dumps(value).encode()}
    assert "'calibration.json' does not hold what it should" in refusal(tmp_path / "m", members)


def test_a_calibration_of_another_task_is_refused(tmp_path: Path) -> None:
    """Scores above 1 cannot come from classes."""
    other = members_of(made("linear", "price"))["calibration.json"]
    assert "another task" in refusal(tmp_path / "m", members_of(made("linear")) | {"calibration.json": other})
