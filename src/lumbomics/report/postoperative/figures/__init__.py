"""Pictures of an operated level, one function each."""
