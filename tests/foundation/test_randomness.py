"""Streams that never disturb each other."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from lamina.foundation.randomness import derive_seed, numpy_stream, torch_stream

purposes = st.lists(st.text(alphabet="abc123") | st.integers(0, 99), max_size=3)


def test_derived_seeds_stay_what_they_are() -> None:
    """A seed written in an old file still leads to the same draws."""
    assert derive_seed(0) == 3456079177858693020
    assert derive_seed(3, "order", 1) == 5970557047402141468


@given(st.integers(-(2**70), 2**70), purposes)
def test_derived_seeds_fit_every_generator(seed: int, purpose: list[str | int]) -> None:
    """Whatever the seed, the derived one is a number that numpy and torch take."""
    derived = derive_seed(seed, *purpose)
    assert 0 <= derived < 2**63
    assert derive_seed(seed, *purpose) == derived


def test_purposes_and_seeds_lead_to_different_streams() -> None:
    """A thousand neighbouring seeds and purposes, no two alike."""
    seeds = {derive_seed(seed, purpose, i) for seed in range(10) for purpose in ("order", "dropout") for i in range(50)}
    assert len(seeds) == 1000


def test_streams_repeat_themselves() -> None:
    """The same seed and purpose give the same draws, in numpy and in torch."""
    np.testing.assert_array_equal(numpy_stream(1, "order").random(5), numpy_stream(1, "order").random(5))
    assert torch.equal(*(torch.rand(5, generator=torch_stream(1, "order")) for _ in range(2)))


def test_a_stream_is_free_of_what_others_drew() -> None:
    """Neither the global generators nor another stream move it, and it moves none of them."""
    numpy_before, torch_before = np.random.get_state()[1].copy(), torch.get_rng_state()
    expected = torch.rand(3, generator=torch_stream(5, "order"))
    other = torch_stream(5, "dropout")
    torch.rand(7, generator=other)
    assert torch.equal(torch.rand(3, generator=torch_stream(5, "order")), expected)
    numpy_stream(5, "order").random(3)
    assert torch.equal(torch.get_rng_state(), torch_before)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)
