"""From tissue classes to numbered levels."""
