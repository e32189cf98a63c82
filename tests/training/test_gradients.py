"""Three ways to gradients agree: written out, autograd on stacked layers, autograd under vmap."""

from __future__ import annotations

import pytest
import torch

from lamina.foundation.signature import Signature
from lamina.networks import ACTIVATIONS, LOSSES, MLP
from lamina.training.dense import Dense, is_dense
from lamina.training.gradients import Mapped, Stacked
from lamina.training.layout import Layout
from lamina.training.noise import Noise
from lamina.training.rows import Rows

GRADIENT_ACTIVATIONS = [name for name, a in ACTIVATIONS.items() if name not in ("step", "softmax", "identity")]


def stacked(spec: MLP, scores: int, members: int = 3):
    """Flat float64 parameters of a small fleet, and room for their gradient."""
    networks = [spec.build(Signature(features=5, scores=scores), seed=seed).double() for seed in range(members)]
    layout = Layout.of(dict(networks[0].named_parameters()))
    flat = torch.cat([torch.cat([p.detach().flatten() for p in n.parameters()])[None] for n in networks])
    flat = flat + 0.3 * torch.randn(flat.shape, dtype=flat.dtype, generator=torch.Generator().manual_seed(1))
    buffers = {k: torch.stack([dict(n.named_buffers())[k] for n in networks]) for k, _ in networks[0].named_buffers()}
    return networks[0], layout, flat, torch.zeros_like(flat), buffers


def some_rows(loss, members: int = 3, batch: int = 7, weights: bool = False) -> Rows:
    """Random rows with a truth that suits the loss."""
    random = torch.Generator().manual_seed(2)
    outputs = 1 if type(loss).__name__ == "Quantile" else 3
    name = type(loss).__name__
    if name in ("CrossEntropy", "Hinge", "Focal"):
        truth = torch.randint(0, 3, (members, batch), generator=random)
    else:
        truth = torch.rand(members, batch, outputs, generator=random, dtype=torch.float64)
        truth = truth.round() if name in ("BinaryCrossEntropy", "Poisson") else truth
    inputs = torch.randn(members, batch, 5, generator=random, dtype=torch.float64)
    given = torch.rand(members, batch, generator=random, dtype=torch.float64) if weights else None
    return Rows(inputs=(inputs,), truth=truth, weights=given)


def both(spec: MLP, loss, rows: Rows):
    """Losses and gradients by hand and by autograd, with equal dropout noise."""
    results = []
    for way in (Dense, Stacked):
        template, layout, flat, gradient, buffers = stacked(
            spec, loss.scores_for(rows.truth.shape[-1]) if rows.truth.is_floating_point() else 3
        )
        noise = Noise([torch.Generator().manual_seed(k) for k in range(3)])
        engine = way(template, layout.views(flat), layout.views(gradient), buffers, loss, noise)
        results.append((engine(rows), gradient))
    return results


@pytest.mark.parametrize("kind", LOSSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
def test_written_out_equals_autograd_for_every_loss(kind, weighted):
    """The explicit backward pass is autograd's to 1e-12 in float64, with and without row weights."""
    loss = kind()
    rows = some_rows(loss, weights=weighted)
    (hand, by_hand), (auto, by_autograd) = both(
        MLP(widths=(6, 4), activation=("tanh", "gelu"), dropout=0.25), loss, rows
    )
    torch.testing.assert_close(hand, auto, rtol=0, atol=1e-12)
    torch.testing.assert_close(by_hand, by_autograd, rtol=0, atol=1e-12)
    assert float(by_hand.abs().sum()) > 0


@pytest.mark.parametrize("name", GRADIENT_ACTIVATIONS)
def test_written_out_equals_autograd_for_every_activation(name):
    """The same for every activation that has a gradient."""
    loss = LOSSES[0]()
    (_, by_hand), (_, by_autograd) = both(MLP(widths=(6, 6), activation=name), loss, some_rows(loss))
    torch.testing.assert_close(by_hand, by_autograd, rtol=0, atol=1e-12)


def test_vmap_equals_stacked():
    """A module that knows nothing of members gives the same gradients through vmap."""
    loss, spec = LOSSES[0](), MLP(widths=(6,), norm="layer", shortcut="residual")
    rows = some_rows(loss)
    results = []
    for way in (Stacked, Mapped):
        template, layout, flat, gradient, buffers = stacked(spec, 3)
        extra = [Noise([])] if way is Stacked else []
        engine = way(template, layout.views(flat), layout.views(gradient), buffers, loss, *extra)
        results.append((engine(rows), gradient, engine.scores(rows)))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


def test_only_plain_chains_are_written_out():
    """Norms and shortcuts go through autograd; plain and dropout chains do not."""
    signature = Signature(features=5, scores=3)
    assert is_dense(MLP(widths=(4, 4), dropout=0.1).build(signature, seed=0))
    assert is_dense(MLP(widths=()).build(signature, seed=0))
    assert not is_dense(MLP(widths=(4, 4), norm="layer").build(signature, seed=0))
    assert not is_dense(MLP(widths=(4, 4), shortcut="residual").build(signature, seed=0))
    assert not is_dense(torch.nn.Linear(5, 3))


def test_members_gradients_are_their_own():
    """The gradient of one member's loss with respect to another's parameters is zero."""
    loss = LOSSES[0]()
    template, layout, flat, gradient, buffers = stacked(MLP(widths=(6,)), 3)
    engine = Dense(template, layout.views(flat), layout.views(gradient), buffers, loss, Noise([]))
    rows = some_rows(loss)
    engine(rows)
    before = gradient.clone()
    flat[1] += 1.0
    engine(rows)
    assert torch.equal(gradient[0], before[0])
    assert torch.equal(gradient[2], before[2])
    assert not torch.equal(gradient[1], before[1])
