"""Worn discs, endplates and facet joints, and displaced disc material."""
