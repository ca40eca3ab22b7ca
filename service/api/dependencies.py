"""What handlers are given."""

from typing import TypeAlias

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from service.core import Core

__all__ = ["CoreDependency"]

CoreDependency: TypeAlias = NamedDependency[SkipValidation[Core]]
"""The `core` of this application. Litestar 2.25 would rebuild it field by field to validate it."""
