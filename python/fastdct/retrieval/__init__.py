"""Features, index, search, verification and evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastdct._extras import require
from fastdct.retrieval.features import Features, FeatureSpec, LocalFeatures
from fastdct.retrieval.ranking import Hit, Ranking
from fastdct.retrieval.rows import Record
from fastdct.retrieval.search import Pipeline, search
from fastdct.retrieval.steps import GeometricVerification
from fastdct.retrieval.store import Index, IndexStoreError
from fastdct.retrieval.verification import Verification, VerificationOptions, verify

if TYPE_CHECKING:
    from fastdct.retrieval.extraction import Extractor

__all__ = [
    "Extractor",
    "FeatureSpec",
    "Features",
    "GeometricVerification",
    "Hit",
    "Index",
    "IndexStoreError",
    "LocalFeatures",
    "Pipeline",
    "Ranking",
    "Record",
    "Verification",
    "VerificationOptions",
    "search",
    "verify",
]


def __getattr__(name: str) -> Any:
    # Only extraction needs torch: an index can be searched with features made elsewhere.
    if name == "Extractor":
        require("torch", extra="torch")
        from fastdct.retrieval.extraction import Extractor

        return Extractor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
