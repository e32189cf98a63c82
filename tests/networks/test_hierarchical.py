"""Hierarchical attention: cut anywhere it reads the same words, weights of all levels add up, memory stays bounded."""

import pytest
import torch
from torch import Tensor

from lamina.foundation.signature import Field
from lamina.networks import hierarchical
from lamina.networks.hierarchical import Hierarchical, HierarchicalNetwork, Reader
from lamina.networks.levels import Cut, windows_of

FIELD = Field(holds="text", shape=(60,), codes=20)


def network(*, chunk: int = 4, margin: int = 1, section: int = 3, above: Reader = "lstm") -> HierarchicalNetwork:
    """A network that answers, its attention not all alike."""
    spec = Hierarchical(embedding=5, units=4, hidden=6, chunk=chunk, margin=margin, section=section, above=above)
    made = spec.build(FIELD, stream=torch.Generator().manual_seed(0)).double().eval()
    for name, parameter in made.named_parameters():
        if name.endswith("question"):
            torch.nn.init.normal_(parameter, std=2.0, generator=torch.Generator().manual_seed(1))
    return made


def texts(*lengths: int) -> Tensor:
    """Texts of these lengths."""
    tokens = torch.randint(1, 20, (len(lengths), 60), generator=torch.Generator().manual_seed(2), dtype=torch.int32)
    return tokens.masked_fill(torch.arange(60) >= torch.tensor(lengths).unsqueeze(-1), 0)


def test_weights_of_every_level_add_up() -> None:
    """Words in their chunk, chunks in their section, sections in the document: 1 where there is anything, else 0."""
    made, tokens = network(), texts(60, 13, 1, 0)
    _, weights = made.with_weights(tokens)
    assert weights.words.shape == (4, 15, 4)
    assert weights.chunks.shape == (4, 5, 3)
    assert weights.sections.shape == (4, 5)
    real = tokens.view(4, 15, 4) != 0
    torch.testing.assert_close(weights.words.sum(-1), real.any(-1).double())
    torch.testing.assert_close(weights.chunks.sum(-1), real.view(4, 5, 12).any(-1).double())
    torch.testing.assert_close(weights.sections.sum(-1), real.view(4, 60).any(-1).double())
    assert (weights.words[~real] == 0).all()


def test_what_was_attended_to() -> None:
    """A word's weight is the product over the levels; over a document they add up to 1, at padding they are 0."""
    made, tokens = network(), texts(60, 13, 1, 0)
    found = made.attended(tokens)
    _, weights = made.with_weights(tokens)
    assert found.shape == tokens.shape
    torch.testing.assert_close(found.sum(-1), torch.tensor([1.0, 1, 1, 0], dtype=torch.float64))
    assert (found[tokens == 0] == 0).all()
    word = weights.words[0, 7, 2] * weights.chunks[0, 2, 1] * weights.sections[0, 2]  # token 30: chunk 7, section 2
    torch.testing.assert_close(found[0, 30], word)
    short = made.attended(tokens[1:])
    torch.testing.assert_close(short, found[1:])
    assert found[0].std() > 1e-4


def test_a_document_of_one_chunk() -> None:
    """One chunk passes through the upper levels alone: their attention is 1, and its words make the document."""
    made, tokens = network(), texts(3)
    answer, weights = made.with_weights(tokens)
    assert weights.chunks[0, 0, 0] == 1
    assert weights.sections[0, 0] == 1
    windows, own = windows_of(tokens[:, :3], made.cut)
    x = made.tokens.look_up(windows[:, 0])
    chunk, _ = made.words(x, windows[:, 0] != 0, own[:, 0])
    there = torch.ones(1, 1, dtype=torch.bool)
    section, _ = made.chunks(chunk.unsqueeze(1), there, there)
    torch.testing.assert_close(answer, made.sections(section.unsqueeze(1), there, there)[0])


def test_words_over_the_border() -> None:
    """Windows overlap by the margin, and each word is one chunk's own exactly once."""
    tokens = torch.arange(1, 15).unsqueeze(0)
    windows, own = windows_of(tokens, Cut(chunk=4, margin=2, section=2))
    assert windows.shape == (1, 4, 8)
    assert windows[0, 1].tolist() == [3, 4, 5, 6, 7, 8, 9, 10]
    assert windows[own].tolist() == list(range(1, 15))
    made = network(margin=2)
    changed = texts(60)
    changed[0, 4] = changed[0, 4] % 19 + 1  # the first word of the second chunk
    with torch.no_grad():
        before, after = (made._read(*_parts(made, t))[0] for t in (texts(60), changed))
    assert (before - after).abs().amax(-1)[0, :3].gt(1e-6).tolist() == [True, True, False]


def _parts(made: HierarchicalNetwork, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    windows, own = windows_of(tokens, made.cut)
    return windows, own, own.any(-1)


@pytest.mark.parametrize("at_once", [1, 50, 1 << 20])
def test_reading_in_pieces_changes_nothing(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few words are read at a time, with checkpoints or without, answers and gradients are the same."""
    made, tokens = network(), texts(60, 13, 1)
    parameters = list(made.parameters())
    monkeypatch.setattr(hierarchical, "TOKENS_AT_ONCE", 1 << 30)
    wanted = made(tokens)
    slopes = torch.autograd.grad(wanted.square().sum(), parameters)
    monkeypatch.setattr(hierarchical, "TOKENS_AT_ONCE", at_once)
    found = made(tokens)
    torch.testing.assert_close(found, wanted)
    for one, other in zip(torch.autograd.grad(found.square().sum(), parameters), slopes, strict=True):
        torch.testing.assert_close(one, other)


def test_pieces_come_in_few_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many chunks hold words, they are read in round numbers: kernels are prepared for few shapes, and kept."""
    made, sizes = network(), set()
    some = made._some

    def seen(windows: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
        sizes.add(len(windows))
        return some(windows, own)

    monkeypatch.setattr(made, "_some", seen)
    monkeypatch.setattr(hierarchical, "TOKENS_AT_ONCE", 6 * 100)  # a hundred chunks of 4 words and 2 over the borders
    for full in range(10, 18):
        made(texts(*[60] * full, *[0] * (30 - full)))
    assert sizes == {64}


def test_what_is_kept_for_the_way_back_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """With checkpoints, what is kept of each word for the gradient is its code and its mask, not its units."""
    made, tokens = network(), texts(*[60] * 20)

    def kept() -> int:
        sizes: dict[int, int] = {}

        def keep(x: Tensor) -> Tensor:
            sizes[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
            return x

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
            answer = made(tokens)
        assert answer.requires_grad
        return sum(sizes.values())

    monkeypatch.setattr(hierarchical, "TOKENS_AT_ONCE", 1 << 30)
    plain = kept()
    monkeypatch.setattr(hierarchical, "TOKENS_AT_ONCE", 100)
    assert kept() < 0.5 * plain


def test_order_of_chunks_counts() -> None:
    """Two chunks exchanged make another document to recurrent layers; each by itself makes the same one."""
    tokens = texts(60)
    exchanged = torch.cat((tokens[:, 4:8], tokens[:, :4], tokens[:, 8:]), dim=1)
    made = network(margin=0)
    assert (made(tokens) - made(exchanged)).abs().max() > 1e-4
    made = network(margin=0, above="neighbours")
    torch.testing.assert_close(made(tokens), made(exchanged))
