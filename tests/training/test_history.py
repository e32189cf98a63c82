"""History: what is written down is read back, and the best epoch is the best."""

import dataclasses
import json
import math

import pytest

from lamina.training.history import Epoch, History


def history(training: list[float], validation: list[float | None] | None = None) -> History:
    """A history of these losses, a second an epoch."""
    validation = validation or [None] * len(training)
    pairs = enumerate(zip(training, validation, strict=True), start=1)
    return History(
        epochs=tuple(Epoch(epoch=i, seconds=float(i), training_loss=t, validation_loss=v) for i, (t, v) in pairs)
    )


FULL = Epoch(
    epoch=3,
    seconds=1.5,
    training_loss=0.25,
    validation_loss=0.5,
    metrics={"accuracy": 0.9},
    learning_rate=0.001,
    gradient_norm=2.0,
    layer_norms={"0.weight": 1.0, "1.weight": 3.0},
    dead_units={"1": 0.125},
    rows_per_second=1000.0,
)


def test_history_survives_json() -> None:
    """Every number comes back from JSON, layers in their order."""
    whole = History(start_loss=1.1, chance_loss=1.0).add(FULL)
    back = History.from_json(json.loads(json.dumps(whole.to_json(), allow_nan=False)))
    assert back == whole
    assert list(back.epochs[0].layer_norms) == ["0.weight", "1.weight"]


def test_numbers_that_json_lacks_become_null() -> None:
    """NaN and infinities are written as null and read as NaN; what was not measured stays None."""
    broken = Epoch(epoch=1, seconds=0.1, training_loss=math.inf, metrics={"accuracy": math.nan})
    text = json.dumps(History(start_loss=math.nan).add(broken).to_json(), allow_nan=False)
    back = History.from_json(json.loads(text))
    assert back.start_loss is None
    assert math.isnan(back.epochs[0].training_loss)
    assert math.isnan(back.epochs[0].metrics["accuracy"])
    assert math.isnan(back.epochs[0].learning_rate)
    assert back.epochs[0].validation_loss is None


def test_adding_an_epoch_leaves_the_old_history_alone() -> None:
    """A history is a value: `add` makes another one."""
    empty = History()
    one = empty.add(FULL)
    assert (len(empty.epochs), len(one.epochs)) == (0, 1)
    assert [e.seconds for e in one.add(dataclasses.replace(FULL, seconds=2.5)).epochs] == [1.5, 2.5]
    with pytest.raises(AttributeError):
        one.epochs = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("training", "validation", "best"),
    [
        ([3.0, 2.0, 1.0], [1.0, 0.5, 0.7], 2),
        ([3.0, 2.0, 1.0], [0.5, 0.5, 0.7], 1),
        ([3.0, 1.0, 2.0], None, 2),
        ([3.0, 1.0, 2.0], [math.nan] * 3, 2),
        ([3.0, 2.0, 1.0], [math.nan, 0.6, None], 2),
        ([math.nan, math.inf], None, None),
        ([], None, None),
    ],
)
def test_best_epoch(training: list[float], validation: list[float | None] | None, best: int | None) -> None:
    """The first epoch of the lowest validation loss, or training loss where no validation was measured."""
    assert history(training, validation).best_epoch == best


def test_losses_and_seconds_are_at_hand() -> None:
    """Losses as sequences, the time of the whole run."""
    some = history([3.0, 2.0], [1.0, None])
    assert some.training_losses == (3.0, 2.0)
    assert some.validation_losses == (1.0,)
    assert some.seconds == 2.0
    assert History().seconds == 0.0
