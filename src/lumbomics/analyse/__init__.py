"""Tables to findings: reliability, change, association, prediction, phenotype, harmonisation, power."""
