"""Steps of a ranking: each takes a query, the vectors of an index and a ranking, and gives a better ranking.

A `fastdct.retrieval.Pipeline` runs them one after the other; any order and any number is allowed.
"""

from fastdct.retrieval.steps.base import Candidates, Database, Step, Verified
from fastdct.retrieval.steps.diffusion import Diffusion
from fastdct.retrieval.steps.expansion import DatabaseAugmentation, QueryExpansion
from fastdct.retrieval.steps.geometric import GeometricVerification
from fastdct.retrieval.steps.named import NAMES, named_step
from fastdct.retrieval.steps.superglobal import SuperGlobal
from fastdct.retrieval.steps.whitening import Whitening

__all__ = [
    "NAMES",
    "Candidates",
    "Database",
    "DatabaseAugmentation",
    "Diffusion",
    "GeometricVerification",
    "QueryExpansion",
    "Step",
    "SuperGlobal",
    "Verified",
    "Whitening",
    "named_step",
]
