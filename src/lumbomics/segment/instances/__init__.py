"""From tissue classes to numbered instances."""

from lumbomics.segment.instances.split import Instances, split

__all__ = ["Instances", "split"]
