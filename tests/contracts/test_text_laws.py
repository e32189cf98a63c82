"""What every network of texts must keep to, whatever it makes of the words."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field
from lamina.foundation.specs import from_json, to_json
from lamina.networks.hierarchical import Hierarchical
from lamina.networks.phrases import Phrases
from lamina.networks.reading import Recurrent
from lamina.networks.text_transformer import TextTransformer
from lamina.networks.transformer import Transformer
from lamina.networks.words import Words

FIELD = Field(holds="text", shape=(24,), codes=40)
SMALL = Transformer(blocks=1, units=8, heads=2, attention_dropout=0.2, dropout=0.2)
SPECS: tuple[Any, ...] = (
    Words(units=6, pairs=50),
    Words(units=6, pairs=0),
    Phrases(embedding=5, filters=4),
    Recurrent(embedding=5, units=4, hidden=6, layers=2),
    Recurrent(embedding=5, units=4, hidden=6, cell="gru"),
    TextTransformer(trunk=SMALL, hidden=6),
    Hierarchical(embedding=5, units=4, hidden=6, chunk=4, margin=1, section=2),
    Hierarchical(embedding=5, units=4, hidden=6, chunk=5, margin=0, section=3, words="gru", above="lstm"),
)
every = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)


def built(spec: Any, seed: int = 0, field: Field = FIELD) -> Any:
    """A network in double precision, no parameter left at zero, looking at rows where it wants to."""
    stream = torch.Generator().manual_seed(seed)
    network = spec.build(field, stream=stream)
    for parameter in network.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.5, generator=stream)
    if hasattr(network, "settle"):
        network.settle(texts(9, seed=seed))
    return network.double().eval()


def texts(rows: int, *, seed: int = 1, longest: int = 24) -> Tensor:
    """Texts of unequal length, the first of them full."""
    stream = torch.Generator().manual_seed(seed)
    tokens = torch.randint(1, 40, (rows, 24), generator=stream, dtype=torch.int32)
    lengths = torch.randint(1, longest + 1, (rows, 1), generator=stream)
    lengths[0] = longest
    return tokens.masked_fill(torch.arange(24) >= lengths, 0)


def gradients(network: Any, tokens: Tensor) -> dict[str, Tensor]:
    """What the parameters would be moved by."""
    named = dict(network.named_parameters())
    found = torch.autograd.grad(network(tokens).square().sum(), list(named.values()), allow_unused=True)
    return {name: g for name, g in zip(named, found, strict=True) if g is not None}


@every
def test_shape_and_kind(spec: Any) -> None:
    """A network of texts answers with `width` numbers a row, and its spec says what it reads."""
    network = built(spec)
    assert spec.kind == "text"
    assert network(texts(5)).shape == (5, network.width)


@every
def test_padding_has_no_part(spec: Any) -> None:
    """More padding changes no answer and no gradient, and the row of the padding is never moved."""
    network, tokens = built(spec), texts(4, longest=13)
    wide = torch.cat((tokens, torch.zeros_like(tokens)), dim=1)
    torch.testing.assert_close(network(wide), network(tokens))
    found, wanted = gradients(network, wide), gradients(network, tokens)
    assert found.keys() == wanted.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, wanted[name])
    assert (found["tokens.rows.weight"][0] == 0).all()
    assert (found["tokens.rows.weight"] != 0).any()


@every
def test_what_padding_holds_has_no_part(spec: Any) -> None:
    """Even a padding row of NaN stays without a part in answers and gradients."""
    network, tokens = built(spec), texts(4)
    wanted, slopes = network(tokens), gradients(network, tokens)
    with torch.no_grad():
        network.tokens.rows.weight[0] = torch.nan
    torch.testing.assert_close(network(tokens), wanted)
    for name, gradient in gradients(network, tokens).items():
        torch.testing.assert_close(gradient, slopes[name])


@every
def test_rows_are_free_of_their_batch(spec: Any) -> None:
    """A text's answer is the same alone, among others, and in another order."""
    network, tokens = built(spec), texts(6)
    answers = network(tokens)
    for i in range(6):
        torch.testing.assert_close(network(tokens[i : i + 1]), answers[i : i + 1])
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    torch.testing.assert_close(network(tokens[order]), answers[order])


@every
def test_an_empty_text_is_answered(spec: Any) -> None:
    """A text without a word gives zeros and finite gradients, alone or beside others."""
    network, tokens = built(spec), texts(3)
    tokens[1] = 0
    answers = network(tokens)
    assert (answers[1] == 0).all()
    torch.testing.assert_close(network(tokens[1:2]), answers[1:2])
    assert all(g.isfinite().all() for g in gradients(network, tokens).values())
    assert all(g.isfinite().all() for g in gradients(network, tokens[1:2]).values())


@every
def test_a_member_is_a_network_by_itself(spec: Any) -> None:
    """A fleet's members answer, and are moved, as each is alone, on texts of its own."""
    solos = [built(spec, seed=seed) for seed in range(3)]
    tokens = torch.stack([texts(4, seed=seed, longest=5 + 9 * seed) for seed in range(3)])
    names = [name for name, _ in solos[0].named_parameters()] + [name for name, _ in solos[0].named_buffers()]
    stacked = {name: torch.stack([one.state_dict()[name] for one in solos]).requires_grad_() for name in names}
    answers = functional_call(solos[0], stacked, (tokens,))
    moved = torch.autograd.grad(answers.square().sum(), list(stacked.values()), allow_unused=True)
    for i, solo in enumerate(solos):
        torch.testing.assert_close(answers[i], solo(tokens[i]))
        for name, own in gradients(solo, tokens[i]).items():
            found = dict(zip(stacked, moved, strict=True))[name]
            assert found is not None
            torch.testing.assert_close(found[i], own)


@every
def test_noise_does_not_depend_on_neighbours(spec: Any) -> None:
    """While training, what a text draws is as much beside a long text as beside a short one."""
    network = built(spec).train()
    drawn: list[torch.Size] = []

    def noise(shape: torch.Size, device: torch.device, dtype: torch.dtype) -> Tensor:
        drawn.append(shape)
        return torch.rand(shape, device=device, dtype=dtype)

    for module in network.modules():
        if hasattr(module, "noise"):
            module.noise = noise
    network(texts(3, longest=24))
    long, drawn = drawn, []
    network(texts(3, longest=2))
    assert drawn == long
    assert drawn
    assert all(shape[-1] == 3 for shape in drawn)  # the batch comes last: a fleet fills it up with rows that draw none


@every
def test_equal_streams_equal_weights(spec: Any) -> None:
    """The same stream gives the same weights bit by bit, and no other draw is disturbed."""
    before = torch.get_rng_state()
    first, again = (spec.build(FIELD, stream=torch.Generator().manual_seed(3)).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert torch.equal(torch.get_rng_state(), before)


@every
def test_without_memory(spec: Any) -> None:
    """On the meta device there are shapes and no numbers."""
    with torch.device("meta"):
        network = spec.build(FIELD, stream=torch.Generator())
        assert network(torch.zeros(2, 24, dtype=torch.int32)).shape == (2, network.width)


@every
def test_spec_to_json_and_back(spec: Any) -> None:
    """A spec is written to plain JSON and read back equal."""
    assert from_json(to_json(spec), (type(spec), Transformer)) == spec


@every
def test_no_field_of_texts(spec: Any) -> None:
    """A field of another kind is refused in words."""
    with pytest.raises(SpecError, match="was asked to read Field"):
        spec.build(Field(holds="series", shape=(2, 30)), stream=torch.Generator())


@every
def test_eight_texts_are_memorised(spec: Any) -> None:
    """Without dropout eight texts are told apart."""
    network = built(spec).float()
    tokens, truth = texts(8, seed=5), torch.arange(8) % 2
    head = nn.Linear(network.width, 2)
    rule = torch.optim.Adam([*network.parameters(), *head.parameters()], lr=0.02)
    for _ in range(60):
        loss = nn.functional.cross_entropy(head(network(tokens)), truth)
        rule.zero_grad()
        torch.autograd.backward(loss)
        rule.step()
    assert loss.item() < 0.1
