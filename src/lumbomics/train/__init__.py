"""Training of the built-in network; PyTorch lives here and nowhere else (extra `train`)."""
