"""The examples in docstrings give what they say."""

import doctest
from types import ModuleType

import pytest

from reid_cosam.metrics import protocols, reranking, scoring, testset


@pytest.mark.parametrize("module", [protocols, reranking, scoring, testset])
def test_examples_run(module: ModuleType) -> None:
    failures, tried = doctest.testmod(module)

    assert (failures, tried > 0) == (0, True)
