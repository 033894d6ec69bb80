"""Radiomic features behind a thin interface, as measurements with their settings."""
