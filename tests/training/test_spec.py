"""`Training`: what is refused, and what nobody chose."""

import pytest

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import from_json, to_json
from lamina.training import OPTIMISERS, AdamW, Muon, Training
from lamina.training.spec import USUAL_OPTIMISER, training_with


@pytest.mark.parametrize("asked", ["muon", "adam", "", None, 0.01], ids=repr)
def test_an_optimiser_is_a_spec_or_auto(asked) -> None:
    """A name, or anything else that is no optimiser, is refused at once and not taken for something else."""
    with pytest.raises(SpecError, match="optimiser is"):
        Training(optimiser=asked)


@pytest.mark.parametrize("optimiser", ["auto", Muon(learning_rate=0.05)], ids=repr)
def test_a_training_comes_back_from_a_file(optimiser) -> None:
    """Whether somebody chose the optimiser or nobody did."""
    training = Training(optimiser=optimiser)
    assert from_json(to_json(training), (*OPTIMISERS, Training, type(training.schedule), *_inner())) == training


def test_where_nobody_chose_it_is_the_usual_one() -> None:
    """And whoever names a learning rate alone means AdamW's."""
    assert Training().chosen_optimiser == USUAL_OPTIMISER
    assert Training(optimiser=Muon()).chosen_optimiser == Muon()
    assert training_with(learning_rate=0.1).optimiser == AdamW(learning_rate=0.1, decay=USUAL_OPTIMISER.decay)
    assert training_with(epochs=3).optimiser == "auto"


def _inner() -> tuple[type, ...]:
    return (type(Training().schedule.then),)
