"""Which settings to try next: at random, or near those that did well (TPE, where Optuna is installed).

Both draw a share of the way along each axis, so what a setting's bounds and scale are is the space's business alone.
Equal seeds and equal results give equal settings.

Source: Bergstra, Bardenet, Bengio and Kegl (2011), "Algorithms for Hyper-Parameter Optimization", for the
tree-structured Parzen estimator; its code is Optuna's (Akiba et al. 2019, arXiv:1907.10902).
"""

from __future__ import annotations

import importlib.util
import math
import warnings
from typing import Any, Literal

from lamina.foundation.errors import SpecError
from lamina.foundation.randomness import derive_seed, numpy_stream
from lamina.tuning.axis import Axis
from lamina.tuning.records import Records, Round, Trial
from lamina.tuning.space import Point, Space

Way = Literal["tpe", "random"]
STARTING = 10  # trials that are drawn at random before TPE has anything to learn from


def way_of(asked: str | None) -> tuple[Way, str]:
    """How settings are drawn, and a sentence that says so; None takes TPE where Optuna is installed.

    Raises:
        SpecError: another word, or TPE was asked for and Optuna is not installed.
    """
    there = importlib.util.find_spec("optuna") is not None
    if asked not in (None, "tpe", "random") or (asked == "tpe" and not there):
        raise SpecError(
            wrong=f"the sampler {asked!r} is not known." if there else "the sampler 'tpe' needs Optuna.",
            expected="'tpe' (with Optuna installed) or 'random'.",
            remedy="try sampler='random', or pip install 'lamina[tune]'.",
        )
    if asked == "random":
        return "random", "Settings are drawn at random."
    if there:
        return "tpe", "Settings are drawn by Optuna's TPE, near those that did well."
    return "random", "Settings are drawn at random, for Optuna is not installed (pip install 'lamina[tune]')."


def draw(space: Space, records: Records, settings: int, *, way: Way, seed: int) -> tuple[Point, ...]:
    """So many points for the next round; what specs refuse beside each other is put back to where it started."""
    number, first = records.next_numbers()
    if way == "random":
        drawn = tuple(_at_random(space, seed, first + place) for place in range(settings))
    else:
        drawn = _by_tpe(space, records, settings, derive_seed(seed, "tpe", number) % 2**32)
    return tuple(map(space.allowed, drawn))


def _at_random(space: Space, seed: int, trial: int) -> Point:
    shares = numpy_stream(seed, "trial", trial).random(len(space.axes))
    return {axis.name: axis.at(float(share)) for axis, share in zip(space.axes, shares, strict=True)}


def _by_tpe(space: Space, records: Records, settings: int, seed: int) -> tuple[Point, ...]:
    import optuna

    spread = {axis.name: _spread(axis, optuna) for axis in space.axes}
    said = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that parts of it are experimental: their results are checked here
            sampler = optuna.samplers.TPESampler(
                seed=seed, multivariate=True, constant_liar=True, n_startup_trials=STARTING
            )
            study = optuna.create_study(direction="maximize", sampler=sampler)
            study.add_trials([_seen(space, one, t, spread, optuna) for one in records.rounds for t in one.trials])
            drawn = [study.ask(fixed_distributions=spread).params for _ in range(settings)]
    finally:
        optuna.logging.set_verbosity(said)
    return tuple({axis.name: _value(axis, params[axis.name]) for axis in space.axes} for params in drawn)


def _spread(axis: Axis, optuna: Any) -> Any:
    if axis.choices:
        return optuna.distributions.CategoricalDistribution(list(axis.choices))
    return optuna.distributions.FloatDistribution(0.0, 1.0)


def _value(axis: Axis, drawn: Any) -> Any:
    return drawn if axis.choices else axis.at(drawn)


def _seen(space: Space, one: Round, trial: Trial, spread: dict[str, Any], optuna: Any) -> Any:
    """A trial as Optuna knows it: finished, given up on a rung, or still under way."""
    params = {a.name: trial.point[a.name] if a.choices else a.share(trial.point[a.name]) for a in space.axes}
    worth = {rung: told.worth[0] for rung, told in trial.told.items() if math.isfinite(told.worth[0])}
    states = optuna.trial.TrialState
    if one.last in worth:
        return optuna.trial.create_trial(params=params, distributions=spread, value=worth[one.last])
    if trial.told:
        return optuna.trial.create_trial(
            state=states.PRUNED, params=params, distributions=spread, intermediate_values=worth
        )
    return optuna.trial.create_trial(state=states.RUNNING, params=params, distributions=spread)
