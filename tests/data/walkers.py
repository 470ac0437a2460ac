"""The smallest data set of rendered walkers that has all that a large one has."""

from reid_cosam.data.synthetic import SyntheticSpec

TINY = SyntheticSpec("tiny", 64, 32, 3, 4, 2, 1, 2, (3, 5), 3, 2)
