"""What holds for every test: one thread, the same examples on every run, and no clock."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before anything loads torch: two busy pools are slower than none

from hypothesis import settings

# a deadline would be a timing assert, and a shared example database would tie parallel workers together
settings.register_profile("lamina", deadline=None, database=None, derandomize=True, max_examples=60)
settings.load_profile("lamina")
