"""Data sets, snippet sampling, decoding and augmentation."""
