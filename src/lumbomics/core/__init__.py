"""The words everything speaks: no file access, no models, no heavy libraries."""
