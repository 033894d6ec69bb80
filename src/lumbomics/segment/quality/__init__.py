"""Whether the label map can be believed."""
