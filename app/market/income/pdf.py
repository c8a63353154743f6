"""HTML to PDF with WeasyPrint, which needs the system's Pango: looked for only when a PDF is wanted."""

from __future__ import annotations

from typing import NoReturn

import structlog
from PIL import ImageFile

from .errors import PdfUnavailable

log = structlog.get_logger()


def from_html(html: str) -> bytes:
    """The page as PDF. Nothing is fetched: no address in the page is ever opened.

    Raises:
        PdfUnavailable: Pango is not installed.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError as error:
        log.warning("pdf_unavailable", error=str(error))
        raise PdfUnavailable() from error
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # its import has half a photo pass for a whole one, in the whole process

    class Refusing(URLFetcher):  # type: ignore[misc] # the library carries no types
        def fetch(self, url: str, headers: object = None) -> NoReturn:
            raise ValueError(f"a statement fetches nothing, and not {url[:100]}")

    return bytes(HTML(string=html, url_fetcher=Refusing()).write_pdf())
