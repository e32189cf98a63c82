"""Networks of fields learn in the loop: each member standardises by its own training rows, and members stay alone."""

import torch
from torch import nn

from lamina.foundation.signature import Field, Signature
from lamina.networks import MLP, CrossEntropy, Table
from lamina.networks.augment import Augment
from lamina.networks.convnet import Conv, ConvNet
from lamina.training import AdamW, Member, Rows, Training, fit_fleet

IMAGE = Field(holds="image", shape=(1, 6, 6))
SIGNATURE = Signature(features=1, scores=2, categories=(3,), fields=(IMAGE,))
SPEC = Table(
    image=ConvNet(layers=(Conv(channels=8, norm="batch", padding="same"),), head="mean", augment=Augment(shift=1)),
    trunk=MLP(widths=()),
)
TRAINING = Training(epochs=30, batch=16, optimiser=AdamW(learning_rate=0.02))


def build(seed: int) -> nn.Module:
    """One member's network."""
    return SPEC.build(SIGNATURE, seed=seed)


def pool() -> Rows:
    """Images of upright and of level stripes, beside a number and a category that say nothing."""
    stream = torch.Generator().manual_seed(0)
    truth = torch.arange(60) % 2
    stripes = (torch.arange(6) % 2 * 200).expand(60, 6, 6)
    images = torch.where(truth[:, None, None] == 1, stripes, stripes.mT) + torch.randint(
        0, 50, (60, 6, 6), generator=stream
    )
    codes = torch.randint(0, 3, (60, 1), generator=stream)
    return Rows(inputs=(torch.randn(60, 1, generator=stream), codes, images.unsqueeze(1).to(torch.uint8)), truth=truth)


def members() -> list[Member]:
    """Two members that learn from other rows, one from fewer."""
    return [
        Member(train=torch.arange(30), validation=torch.arange(30, 60), seed=0),
        Member(train=torch.arange(35, 60), validation=torch.arange(30), seed=1),
    ]


def test_stripes_are_told_apart() -> None:
    """Both members learn it, each with the mean of its own training rows."""
    rows = pool()
    trained = fit_fleet(build, rows, members(), TRAINING, loss=CrossEntropy())
    for place, member in enumerate(members()):
        network = build(0)
        network.load_state_dict({name: one[place] for name, one in trained.weights.items()})
        answers = network.eval()(*(tensor[member.validation] for tensor in rows.inputs)).argmax(-1)
        assert (answers == rows.truth[member.validation]).float().mean() > 0.9
        mean = rows.inputs[2][member.train].double().mean()
        torch.testing.assert_close(network.encoders[0].pixels.mean[0].double(), mean, rtol=1e-5, atol=0)


def test_a_member_of_a_fleet_is_the_run_alone() -> None:
    """Weights and running averages are the same, though one member's last batch is padded for the other."""
    training = Training(epochs=2, batch=16, precision="float64")
    together = fit_fleet(build, pool(), members(), training, loss=CrossEntropy()).weights
    for place, member in enumerate(members()):
        alone = fit_fleet(build, pool(), [member], training, loss=CrossEntropy()).weights
        for name, tensor in alone.items():
            torch.testing.assert_close(together[name][place], tensor[0], rtol=0, atol=1e-9)
