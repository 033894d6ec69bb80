"""All visits of a study as tables: index, queries, descriptions."""
