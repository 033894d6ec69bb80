"""From an image to its label maps: the built-in network, outside engines, levels, quality control."""
