"""Layout: names in a flat row, and back."""

import torch

from lamina.training.layout import Layout

PARAMETERS = {"weight": torch.arange(12.0).view(2, 2, 3), "bias": 100 + torch.arange(4.0).view(2, 2)}
LAYOUT = Layout.of({name: value[0] for name, value in PARAMETERS.items()})


def test_flattening_and_viewing_are_inverse() -> None:
    """Named parameters come back from the flat rows, member by member."""
    flat = LAYOUT.flatten(PARAMETERS)
    assert flat.shape == (2, LAYOUT.size)
    views = LAYOUT.views(flat)
    assert list(views) == list(PARAMETERS)
    assert all(torch.equal(views[name], PARAMETERS[name]) for name in PARAMETERS)


def test_views_share_the_rows() -> None:
    """Writing into a view writes into the row, and flattening never does."""
    flat = LAYOUT.flatten(PARAMETERS)
    LAYOUT.views(flat)["bias"][1, 0] = -1.0
    assert flat[1, 6] == -1
    assert PARAMETERS["bias"][1, 0] == 102


def test_spans_lie_side_by_side() -> None:
    """Spans follow each other and cover the row."""
    assert LAYOUT.spans == ((0, 6), (6, 8))
    assert LAYOUT.size == 8


def test_matrices_are_told_from_vectors() -> None:
    """Matrices and stacks of them are matrices; vectors and scalars are not."""
    layout = Layout(names=("a", "b", "c", "d"), shapes=((2, 3), (3,), (2, 1, 2, 2), ()))
    assert layout.matrices == (True, False, True, False)
    assert layout.where(layout.matrices).tolist() == [True] * 6 + [False] * 3 + [True] * 8 + [False]
