"""Several processes for one run: ranks and their launch, GPUs shared among the runs of a sweep."""
