"""Lur: summaries of English articles, and translations, as a service."""

__version__ = "0.1.0"
