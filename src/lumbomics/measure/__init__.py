"""Measurements from label maps: pure functions, one biomarker family a file."""
