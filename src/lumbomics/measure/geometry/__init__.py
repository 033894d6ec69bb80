"""Planes, angles and distances of vertebrae, discs and canal, without a word about modality."""
