"""Wide rows: scipy's compressed rows, with a product of our own."""

import numpy as np
from scipy.sparse import random_array

from lamina.classical.wide import Wide, side_by_side

STREAM = np.random.default_rng(0)


def wide(rows: int, dense: int, width: int, seed: int) -> Wide:
    """Random rows, a fifth of them not 0; the first row has nothing sparse."""
    table = random_array((rows, width), density=0.2, format="csr", rng=np.random.default_rng(seed), dtype=np.float32)
    table.data[: table.indptr[1]] = 0
    table.eliminate_zeros()
    return Wide(
        dense=STREAM.normal(size=(rows, dense)).astype(np.float32),
        starts=table.indptr.astype(np.int64),
        columns=table.indices.astype(np.int64),
        values=table.data,
        width=width,
    )


def test_the_product_is_that_of_the_written_out_rows() -> None:
    """With numpy alone, with scipy, and with every zero written out."""
    rows, weight = wide(7, 3, 11, 0), STREAM.normal(size=(14, 4))
    np.testing.assert_allclose(rows @ weight, rows.densely().astype(np.float64) @ weight, atol=1e-12)
    np.testing.assert_allclose(rows @ weight, rows.csr() @ weight, atol=1e-12)
    assert rows.shape == (7, 14)


def test_blocks_stand_side_by_side() -> None:
    """Dense columns first, then the sparse ones of each block in turn."""
    one, other, plain = wide(5, 2, 4, 1), wide(5, 0, 3, 2), STREAM.normal(size=(5, 2)).astype(np.float32)
    both = side_by_side((one, plain, other), 5)
    assert isinstance(both, Wide)
    sparse = (one.densely()[:, 2:], other.densely())
    assert np.array_equal(both.densely(), np.hstack((one.dense, plain, *sparse)))
    assert np.array_equal(side_by_side((plain, plain), 5), np.hstack((plain, plain)))
    assert side_by_side((), 5).shape == (5, 0)
