"""The networks: backbones cut into stages, COSAM, temporal aggregators, and their composition."""
