"""The report as PDF."""

from __future__ import annotations

from lumbomics.core.errors import OutputError


def render_pdf(html: str) -> bytes:
    """Print a composed report to PDF, pages of A4.

    Parameters
    ----------
    html
        What ``compose_report`` gave.

    Returns
    -------
    bytes
        The PDF; write it with ``lumbomics.write.write_bytes_atomic``.

    Raises
    ------
    OutputError
        If WeasyPrint, which the extra ``pdf`` brings, is not installed.
    """
    try:
        from weasyprint import HTML  # noqa: PLC0415  an extra
    except (ImportError, OSError) as error:
        raise OutputError(
            "PDF needs WeasyPrint, which is not installed or lacks its libraries",
            got=str(error),
            hint="install lumbomics[pdf], or print report.html from a browser",
        ) from error
    return bytes(HTML(string=html, url_fetcher=_refuse).write_pdf())


def _refuse(url: str) -> dict[str, object]:
    """Only data within the page is loaded."""
    from weasyprint import default_url_fetcher  # noqa: PLC0415  an extra

    if not url.startswith("data:"):
        raise OutputError("the report tried to load something from outside", got=url)
    return dict(default_url_fetcher(url))
