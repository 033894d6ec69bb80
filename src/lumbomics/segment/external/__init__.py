"""Outside engines, each in its own environment."""
