"""Pictures of what a model attends to, what it retrieves, and how well."""

from reid_cosam.results.figures.attention import attention_figure
from reid_cosam.results.figures.cmc import cmc_figure
from reid_cosam.results.figures.ranked import RankedList, ranked_lists_figure

__all__ = ["RankedList", "attention_figure", "cmc_figure", "ranked_lists_figure"]
