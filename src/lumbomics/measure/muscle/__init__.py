"""Paraspinal muscles: size and fat."""
