"""Judging an index: rank it for every query of a ground truth and evaluate the rankings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fastdct.retrieval.evaluation import Evaluation, convention_of, evaluate
from fastdct.retrieval.features import Features
from fastdct.retrieval.ground_truth import PROTOCOLS, GroundTruth, GroundTruthError, Query
from fastdct.retrieval.search import Pipeline
from fastdct.retrieval.steps import Step
from fastdct.retrieval.store import Index

if TYPE_CHECKING:
    from fastdct.retrieval.extraction import Extractor


@dataclass(frozen=True)
class Benchmark:
    """An index and a ground truth, with the names of the one for the images of the other.

    Attributes
    ----------
    index
        The index to be judged; images of it that are not in the ground truth's database take no part.
    ground_truth
        Database, queries and labels.
    folders
        Where the files of queries are looked for.
    stored
        Name in the index of each image of the database, by its name in the ground truth.
    """

    index: Index
    ground_truth: GroundTruth
    folders: tuple[Path, ...]
    stored: Mapping[str, str]

    @classmethod
    def load(
        cls, index: Index, path: str | os.PathLike[str], *, root: str | os.PathLike[str] = ""
    ) -> Benchmark:
        """Read ground truth (`GroundTruth.load`) and find its database in the index.

        An image is found by its file: the names of the ground truth are relative to its folder, those of the index to ``root`` (where the indexed folder is now; `Index.root` if not given). If the index does not have that file, it is found by its name.

        Raises
        ------
        GroundTruthError
            The file is not a ground truth, or images of its database are not in the index, or are one there.
        OSError
            The file cannot be read.
        """
        truth = GroundTruth.load(path)
        place = Path(path).resolve()
        folders = (place if place.is_dir() else place.parent, Path(root or index.root).resolve())
        known = set(index.names)
        found = {name: _stored_name(name, known, *folders) for name in truth.images}
        missing = [name for name, stored in found.items() if stored not in known]
        if missing:
            raise GroundTruthError(
                f"{os.fspath(path)}: {len(missing)} of {len(truth.images)} images of the database are not in the "
                f"index {index.path}, among them {missing[0]!r}; index the folder that holds them: {folders[0]}"
            )
        first = {stored: name for name, stored in reversed(found.items())}
        same = [(first[stored], name) for name, stored in found.items() if first[stored] != name]
        if same:
            raise GroundTruthError(
                f"{os.fspath(path)}: {same[0][0]!r} and {same[0][1]!r} are one image of the index {index.path}"
            )
        return cls(index, truth, folders, found)

    def features(self, extractor: Extractor) -> dict[str, Features]:
        """The features of each query by name: from the index, or extracted where it has a box or is not there."""
        return {query.name: self._query_features(query, extractor) for query in self.ground_truth.queries}

    def run(self, features: Mapping[str, Features], *, steps: Sequence[Step] = ()) -> Evaluation:
        """Rank the database for every query, by global similarity and then by ``steps``, and judge the rankings.

        A query's junk is removed before verification cuts its shortlist. With revisited labels each protocol has its
        own junk, and so its own rankings.
        """
        pipeline = Pipeline(self.index, steps, names=self.stored.values())
        if not self.ground_truth.revisited:
            return self._judge(self.ground_truth, features, pipeline)
        truths = {name: self.ground_truth.protocol(name) for name in PROTOCOLS}
        judged = {
            name: self._judge(truth, features, pipeline)
            for name, truth in truths.items()
            if any(query.positives for query in truth.queries)
        }
        if "medium" not in judged:
            raise GroundTruthError(
                "no query of the ground truth has easy or hard images: there is nothing to judge"
            )
        return Evaluation(
            overall=judged["medium"].overall,
            kinds={name: evaluation.overall for name, evaluation in judged.items()},
            dropped=judged["medium"].dropped,
            convention=convention_of(self.ground_truth),
        )

    def _judge(self, truth: GroundTruth, features: Mapping[str, Features], pipeline: Pipeline) -> Evaluation:
        original = {stored: name for name, stored in self.stored.items()}
        rankings = {}
        for query in truth.queries:
            junk = {self.stored[truth.images[place]] for place in query.junk}
            ranking = pipeline.search(features[query.name], top_k=len(truth.images), exclude=junk)
            rankings[query.name] = [original[name] for name in ranking.names]
        return evaluate(rankings, truth)

    def _query_features(self, query: Query, extractor: Extractor) -> Features:
        if query.box is None and query.name in self.stored:
            return self.index.features(self.stored[query.name])
        for folder in self.folders:
            if (folder / query.name).is_file():
                return _extracted(extractor, folder / query.name, query)
        places = " or ".join(map(str, self.folders))
        raise GroundTruthError(f"the query {query.name!r} is neither in the index nor a file in {places}")


def _extracted(extractor: Extractor, file: Path, query: Query) -> Features:
    try:
        return extractor.extract(file, box=query.box)
    except ValueError as error:  # of a box it says nothing but the corners
        raise GroundTruthError(f"the query {query.name!r}: {error}") from error


def _stored_name(name: str, known: set[str], folder: Path, root: Path) -> str:
    stored = Path(os.path.relpath(folder / name, root)).as_posix()
    return stored if stored in known else name
