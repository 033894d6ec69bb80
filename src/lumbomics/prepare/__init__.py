"""Series of one visit laid into one space and onto one scale: registration, bias field, normalisation, metal."""
