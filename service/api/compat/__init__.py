"""Routes that speak like other services, so that their clients work here unchanged.

Each module renames one foreign API's fields and answers; none knows how anything is done.
"""

from service.api.compat import deepl, hugging_face, libretranslate

__all__ = ["COMPATIBLE", "COMPATIBLE_FREE"]

COMPATIBLE = (*deepl.WORK, *hugging_face.WORK, *libretranslate.WORK)
"""The handlers that have models work."""

COMPATIBLE_FREE = (*deepl.FREE, *libretranslate.FREE)
"""Those that do not."""
