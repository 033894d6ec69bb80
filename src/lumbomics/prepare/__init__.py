"""Series of one visit laid into one space: registration, resampling, subtraction, metal."""
