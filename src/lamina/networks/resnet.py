r"""Residual networks: each block learns a correction to what came before, so that fifty layers train as five do.

    basic       y = relu(x' + norm(W_2 * relu(norm(W_1 * x))))                              W_1, W_2 3 x 3
    bottleneck  y = relu(x' + norm(W_3 * relu(norm(W_2 * relu(norm(W_1 * x))))))            W_2 3 x 3, W_1 and W_3 1 x 1

x' is x, and where a stage halves the places and widens the channels either every second pixel of x with channels of
zeros ("pad", no weights) or a convolution 1 x 1 with a norm ("project"). A "small" stem is one 3 x 3 convolution, for
images of some 32 pixels; a "large" one is 7 x 7 with stride 2 and a pool, for some 224. The last norm of a block starts
with gain 0: at birth a block hands x' on. At the end stands the mean of each channel.

`RESNETS` holds the published ones. ResNet-18, 34 and 50 have the parts and names of torchvision, so that weights from
there fit (`load_torchvision`).

Sources: He, Zhang, Ren and Sun (2016), arXiv:1512.03385; Goyal et al. (2017), arXiv:1706.02677 (gain 0). As in
torchvision, the 3 x 3 convolution of a bottleneck has the stride, not the first 1 x 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.foundation.errors import SpecError, nearest
from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting
from lamina.networks.augment import Augment
from lamina.networks.channel_norm import SHADES, ChannelNorm
from lamina.networks.convolution import Convolve, GlobalPool, Pool, fill_convolve
from lamina.networks.image_network import ImageNetwork

WIDENING = 4  # of a bottleneck: channels that come out for each one inside
OURS = {"gain": "weight", "bias": "bias", "mean": "running_mean", "variance": "running_var"}  # of a norm; theirs
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and spread that torchvision's weights were learnt with


@dataclass(frozen=True, kw_only=True)
class ResNet:
    """A residual network, described but not yet built; an encoder of images.

    **Shape**: uint8 ``(batch, channel, height, width)`` in, features ``(batch, channels of the last stage)`` out.

    >>> spec = ResNet(blocks=(1, 1), widths=(8, 16))
    >>> network = spec.build(Field(holds="image", shape=(3, 16, 16)), stream=torch.Generator().manual_seed(0))
    >>> network(torch.zeros(4, 3, 16, 16, dtype=torch.uint8)).shape
    torch.Size([4, 16])
    """

    kind: ClassVar[Literal["image"]] = "image"  # of the field that it reads

    blocks: tuple[int, ...] = setting((3, 3, 3), "blocks of each stage", low=1, high=1000)
    widths: tuple[int, ...] = setting((16, 32, 64), "channels of each stage, inside its blocks", low=1, high=4096)
    block: Literal["basic", "bottleneck"] = setting("basic", "two 3 x 3 convolutions, or one between two 1 x 1")
    stem: Literal["small", "large"] = setting("small", "what comes before the stages")
    shortcut: Literal["pad", "project"] = setting("pad", "how the road past a block widens")
    augment: Augment | None = setting(None, "how images change while the network learns; None for not at all")

    def __post_init__(self) -> None:
        check(self)
        if not self.blocks or len(self.blocks) != len(self.widths):
            raise SpecError(
                wrong=f"ResNet has blocks={self.blocks!r} and widths={self.widths!r}.",
                expected="at least one stage, and for each its blocks and its channels.",
                remedy="try ResNet(blocks=(3, 3, 3), widths=(16, 32, 64)).",
            )

    def build(self, field: Field, *, stream: torch.Generator) -> ImageNetwork:
        """The network for images of any size, weights drawn from ``stream``."""
        body = Body(self, field.shape[0])
        for name, module in body.named_modules():
            if isinstance(module, Convolve):
                fill_convolve(module, activation="identity" if "downsample" in name else "relu", stream=stream)
        return ImageNetwork(field.shape[0], self.augment, body, self.widths[-1] * self.widening)

    @property
    def widening(self) -> int:
        """Channels that come out of a block for each one inside."""
        return WIDENING if self.block == "bottleneck" else 1


class Body(nn.Module):
    """Stem, stages and the mean over all places, named as torchvision names them.

    **Shape**: ``(batch, channel, height, width)`` in, ``(batch, width)`` out.
    """

    def __init__(self, spec: ResNet, channels: int) -> None:
        super().__init__()
        large, inputs = spec.stem == "large", 64 if spec.stem == "large" else spec.widths[0]
        size, stride = ((7, 7), 2) if large else ((3, 3), 1)
        self.conv1 = Convolve(channels, inputs, size, stride=stride, padding="same", bias=False)
        self.bn1 = ChannelNorm(inputs)
        self.maxpool = Pool(3, stride=2, padding=1) if large else None
        self.stages = len(spec.blocks)
        for stage, (blocks, width) in enumerate(zip(spec.blocks, spec.widths, strict=True), start=1):
            layer = [
                Block(spec, inputs if i == 0 else width * spec.widening, width, 2 if stage > 1 and i == 0 else 1)
                for i in range(blocks)
            ]
            self.add_module(f"layer{stage}", nn.Sequential(*layer))
            inputs = width * spec.widening
        self.avgpool = GlobalPool()

    def forward(self, x: Tensor) -> Tensor:
        """The mean of each channel of the last stage."""
        x = functional.relu(self.bn1(self.conv1(x)))
        x = x if self.maxpool is None else self.maxpool(x)
        for stage in range(1, self.stages + 1):
            x = self.get_submodule(f"layer{stage}")(x)
        features: Tensor = self.avgpool(x)
        return features


class Block(nn.Module):
    """Two or three convolutions and a road past them (see the top of this file).

    **Shape**: ``(batch, inputs, height, width)`` in; other channels, and with stride 2 half as high and wide, out.
    """

    def __init__(self, spec: ResNet, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * spec.widening
        wide = spec.block == "bottleneck"
        sizes = [(1, 1), (3, 3), (1, 1)] if wide else [(3, 3), (3, 3)]
        strides = [1, stride, 1] if wide else [stride, 1]
        channels = [inputs, *[width] * (len(sizes) - 1), outputs]
        self.depth = len(sizes)
        for i in range(self.depth):
            convolve = Convolve(channels[i], channels[i + 1], sizes[i], stride=strides[i], padding="same", bias=False)
            self.add_module(f"conv{i + 1}", convolve)
            self.add_module(f"bn{i + 1}", ChannelNorm(channels[i + 1], gain=0.0 if i + 1 == self.depth else 1.0))
        self.downsample = _road(spec, inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """``relu(x' + inner(x))``."""
        y = x
        for i in range(1, self.depth + 1):
            y = self.get_submodule(f"bn{i}")(self.get_submodule(f"conv{i}")(y))
            y = functional.relu(y) if i < self.depth else y
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class Padded(nn.Module):
    """Every ``stride``-th pixel, and channels of zeros behind those there are.

    **Shape**: ``(batch, inputs, height, width)`` in, ``(batch, outputs, fewer, fewer)`` out.
    """

    def __init__(self, more: int, stride: int) -> None:
        super().__init__()
        self.more, self.stride = more, stride

    def forward(self, x: Tensor) -> Tensor:
        """The thinned image with more channels."""
        thin = x[..., :: self.stride, :: self.stride].movedim(-3, -1)
        return functional.pad(thin, (0, self.more)).movedim(-1, -3)


def load_torchvision(network: ImageNetwork, tensors: Mapping[str, Tensor]) -> ImageNetwork:
    """Put weights of a residual network of torchvision into ``network``, in place, and return it.

    Everything up to the last layer ``fc`` is taken. Pixels are standardised as those weights were learnt with.

    Args:
        network: what `ResNet.build` gave for colour images.
        tensors: named as torchvision's ``state_dict`` names them, such as a safetensors file holds them.

    Raises:
        SpecError: a tensor is missing, is one too many, or has another shape.
    """
    own = torchvision_names(network)
    found = {name: t for name, t in tensors.items() if not name.startswith("fc.") and "num_batches" not in name}
    for name in own.keys() | found.keys():
        if name not in found or name not in own or own[name].shape != found[name].shape:
            raise _misfit(name, own, found)
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(found[name])
        for buffer, shades in zip((network.pixels.mean, network.pixels.spread), IMAGENET, strict=True):
            buffer.copy_(torch.tensor(shades) * SHADES)
        network.pixels.settled.fill_(1)
    return network


def torchvision_names(network: ImageNetwork) -> dict[str, Tensor]:
    """The weights of a built `ResNet` by the names that torchvision gives them."""
    tensors = {**dict(network.body.named_parameters()), **dict(network.body.named_buffers())}
    return {_their_name(name, network.body): tensor for name, tensor in tensors.items()}


def _their_name(name: str, body: nn.Module) -> str:
    path, _, leaf = name.rpartition(".")
    return f"{path}.{OURS[leaf] if isinstance(body.get_submodule(path), ChannelNorm) else leaf}"


def _road(spec: ResNet, inputs: int, outputs: int, stride: int) -> nn.Module | None:
    if stride == 1 and inputs == outputs:
        return None
    if spec.shortcut == "pad":
        return Padded(max(outputs - inputs, 0), stride)
    return nn.Sequential(
        Convolve(inputs, outputs, (1, 1), stride=stride, padding="same", bias=False), ChannelNorm(outputs)
    )


def _misfit(name: str, own: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> SpecError:
    def told(tensors: Mapping[str, Tensor]) -> str:
        return str(tuple(tensors[name].shape)) if name in tensors else "not there"

    return SpecError(
        wrong=f"the weights do not fit this network: {name!r} is {told(found)}, and the network has it as {told(own)}.",
        expected="every weight of the same network in torchvision, but those of its last layer.",
        remedy=f"take another of {', '.join(RESNETS)}: {nearest(name, own)}"
        if name not in own
        else f"take another of {', '.join(RESNETS)}, for images of 3 channels.",
    )


RESNETS: dict[str, ResNet] = {
    **{f"resnet-{6 * n + 2}": ResNet(blocks=(n, n, n)) for n in (3, 5, 7, 9)},
    **{
        f"resnet-{layers}": ResNet(
            blocks=blocks,
            widths=(64, 128, 256, 512),
            block="bottleneck" if layers == 50 else "basic",
            stem="large",
            shortcut="project",
        )
        for layers, blocks in ((18, (2, 2, 2, 2)), (34, (3, 4, 6, 3)), (50, (3, 4, 6, 3)))
    },
}
