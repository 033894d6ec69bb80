"""Site and scanner effects: removed inside a cross-validation, with a picture of before and after."""

from lumbomics.analyse.harmonise.diagnostics import SiteDiagnostics, site_diagnostics
from lumbomics.analyse.harmonise.harmoniser import Harmoniser

__all__ = ["Harmoniser", "SiteDiagnostics", "site_diagnostics"]
