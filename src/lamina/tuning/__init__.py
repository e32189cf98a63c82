"""The search for better settings: which to try, for how long, and what came of it, told honestly.

Enters: a source of data, a budget, a folder. Leaves: a `Tuning` with the default's score and the tuned one's on rows
that the search never saw, and the `Model` to keep. Must not know: terminals.
"""

from lamina.tuning.axis import Axis
from lamina.tuning.moment import Moment
from lamina.tuning.reach import SEARCHED, Reach
from lamina.tuning.recipe import Recipe
from lamina.tuning.result import Tuning
from lamina.tuning.search import tune
from lamina.tuning.space import Space, space_of

__all__ = ["SEARCHED", "Axis", "Moment", "Reach", "Recipe", "Space", "Tuning", "space_of", "tune"]
