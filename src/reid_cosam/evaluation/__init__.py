"""From a trained network to descriptors, and from scores to the files of a run or an evaluation."""
