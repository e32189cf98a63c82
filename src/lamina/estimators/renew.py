"""Going on from a model: its networks learn from new rows, with its own schema, encoder and target.

Nothing but the weights changes, so the new model reads what the old one read and answers in the same classes or scale.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from lamina.estimators.encoding import RowNumbers, rows_of
from lamina.estimators.fitting import Fitted
from lamina.estimators.recipe import usual_passes, usual_precision
from lamina.estimators.truth import monitor_for
from lamina.foundation.errors import LaminaError
from lamina.model import Model, Predictor
from lamina.networks import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError, Poisson, Quantile
from lamina.training import Member, Training, fit_fleet

GENTLER = 0.3  # of the usual learning rate: far steps would forget what is known


def renew_networks(model: Model, table: pa.Table, train: RowNumbers, watch: RowNumbers, training: Training) -> Fitted:
    """The model's networks after learning from the rows ``train``; the epoch that did best on ``watch`` is kept.

    Args:
        model: of networks.
        table: conformed to the model's schema, every target known and of the model's classes.
        training: how they learn; its loss is replaced by the one that the model's link asks for.

    **Shape**: positions int64 ``(row,)`` into the table.

    Raises:
        LaminaError: the model is no network.
        SchemaError: a class that the model does not know.
        TrainingError: every network diverged.
    """
    predictor = model.predictor
    if not isinstance(predictor, Predictor):
        raise LaminaError(
            wrong=f"{model.card.name!r} is a {model.card.learner or 'classical model'}, which cannot learn on.",
            expected="a model of networks, such as run/network.lamina.",
            remedy="give that one, or fit anew: classical models learn from all rows at once.",
        )
    loss = loss_of(model)
    seen = table.take(np.concatenate([train, watch]))
    pool = rows_of(seen, model.encoder, model.target, model.card.target, loss)
    places, last = torch.arange(len(train)), len(train) + len(watch)
    watched, passes = torch.arange(len(train), last), usual_passes(training, predictor.signature, len(train))
    members = [Member(train=places, validation=watched, seed=seed, epochs=passes) for seed in range(predictor.members)]
    trained = fit_fleet(
        lambda seed: _network(predictor, seed),
        pool,
        members,
        replace(usual_precision(training, predictor.spec, predictor.signature), loss=None),
        loss=loss,
        monitor=monitor_for(loss),
    )
    weights = {name: tensor.clone() for name, tensor in trained.weights.items()}
    return Fitted(
        encoder=model.encoder,
        target=model.target,
        predictor=Predictor(spec=predictor.spec, signature=predictor.signature, weights=weights),
        histories=trained.histories,
        stopped=trained.stopped,
    )


def loss_of(model: Model) -> Loss:
    """The loss that fits what the model's scores mean."""
    if model.link == "softmax":
        return CrossEntropy()
    if model.link == "sigmoid":
        return BinaryCrossEntropy()
    if model.link == "exp":
        return Poisson()
    return Quantile(quantiles=model.quantiles) if model.quantiles else MeanSquaredError()


def _network(predictor: Predictor, member: int) -> nn.Module:
    """One member's network, with the weights that it has learnt."""
    network: nn.Module = predictor.spec.build(predictor.signature, seed=member)
    network.load_state_dict({name: tensor[member] for name, tensor in predictor.weights.items()})
    return network
