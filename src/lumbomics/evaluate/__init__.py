"""Label maps against reference label maps: overlap, distance, detection, level numbers."""
