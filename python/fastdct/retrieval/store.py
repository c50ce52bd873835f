"""The index: one Lance table of global and local features, in a folder or on an object store.

Every `Index.add` and `Index.delete` is one transaction that makes a new version of the table. A process that
is killed in the middle leaves the version before it, whole; a reader goes on seeing the version it opened.
LanceDB runs threads of its own and does not survive a fork: open the index in the process that uses it
(start workers with "spawn", not "fork").
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from fastdct._extras import require
from fastdct.retrieval.codec import LocalCodec
from fastdct.retrieval.features import Features, FeatureSpec, Floats, LocalFeatures
from fastdct.retrieval.rows import (
    LOCAL,
    About,
    Record,
    global_descriptors,
    local_features,
    read_about,
    schema,
    to_table,
)
from fastdct.retrieval.vectors import Vectors
from fastdct.retrieval.view import GlobalView

TABLE = "images"
_MANY_FRAGMENTS = 64


class IndexStoreError(ValueError):
    """A path that holds no usable index, or features of another model than the index was made with."""


class Index:
    """Features of a set of images, stored under their names.

    Made by `Index.create` or `Index.open`.

    Attributes
    ----------
    path
        Where the index is.
    spec
        The model whose features it holds.
    root
        The folder to which the images' names are relative, as it was when the index was made.
    weights
        Where the model was loaded from then: what `fastdct.models.load` takes.
    codec
        What made its local descriptors smaller, or None.
    """

    def __init__(self, path: str, table: Any) -> None:
        self.path = path
        self.spec, self.root, self.weights, codec = read_about(table.schema.metadata)
        self.codec = LocalCodec.from_bytes(codec) if codec else None
        self._table = table
        self._cached_view: GlobalView | None = None

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        spec: FeatureSpec,
        root: str | os.PathLike[str] = "",
        weights: str | os.PathLike[str] = "",
        codec: LocalCodec | None = None,
    ) -> Index:
        """Make an empty index at ``path``: a folder, or a URL such as ``s3://bucket/index``.

        Raises
        ------
        IndexStoreError
            There is an index already, or a file.
        """
        where = os.fspath(path)
        if not _is_url(where) and Path(where).is_file():
            raise IndexStoreError(f"{where} is a file; an index is a folder, give the name of a new one")
        database = require("lancedb", extra="index").connect(where)
        try:
            about = About(
                spec, os.fspath(root), os.fspath(weights), b"" if codec is None else codec.to_bytes()
            )
            table = database.create_table(TABLE, schema=schema(about))
        except ValueError as error:
            raise IndexStoreError(
                f"{where} holds an index already: open it, or choose another path"
            ) from error
        return cls(where, table)

    @staticmethod
    def exists(path: str | os.PathLike[str]) -> bool:
        """Whether there is an index at ``path``, sound or not; nothing is made there."""
        where = os.fspath(path)
        if not _is_url(where):  # connecting would make the folder
            return Path(where, f"{TABLE}.lance").is_dir()
        return TABLE in _connect(where).list_tables().tables

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, spec: FeatureSpec | None = None) -> Index:
        """Open the index at ``path``; with ``spec``, only if it holds features of that model.

        Raises
        ------
        IndexStoreError
            There is no index, it cannot be read, or it was made with another model than ``spec``.
        """
        where = os.fspath(path)
        if not cls.exists(where):
            raise IndexStoreError(
                f"there is no index at {where}; make one with: fastdct index DIR -o {where}"
            )
        try:
            index = cls(where, _connect(where).open_table(TABLE))
        except (ValueError, OSError, RuntimeError) as error:  # what Lance raises, by the kind of damage
            raise IndexStoreError(f"the index at {where} cannot be used: {error}") from error
        if spec is not None and spec != index.spec:
            raise IndexStoreError(
                f"{where} was made with {index.spec} and cannot be used with {spec}: "
                "take the model it was made with, or index the images again into another folder"
            )
        return index

    def __len__(self) -> int:
        """Number of images."""
        return int(self._table.count_rows())

    def __repr__(self) -> str:
        return f"Index({self.path!r}, images={len(self)}, model={self.spec.model!r})"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all images, sorted."""
        if self._cached_view is not None:
            return self._cached_view.names
        return tuple(sorted(self._read(["name"])["name"].to_pylist()))

    def stamps(self) -> dict[str, tuple[int, int]]:
        """For each image, by name, the size in bytes and mtime in ns of the file that was read."""
        rows = self._read(["name", "file_size", "mtime_ns"])
        stamps = zip(rows["file_size"].to_pylist(), rows["mtime_ns"].to_pylist(), strict=True)
        return dict(zip(rows["name"].to_pylist(), stamps, strict=True))

    def add(self, records: Iterable[Record]) -> None:
        """Store images in one transaction; an image whose name is stored already is replaced.

        Give tens to thousands at a time: each call writes a version of the table.

        Raises
        ------
        ValueError
            Two of the records share a name, or a descriptor has not the length that this index holds.
        """
        rows = list(records)
        if not rows:
            return
        upsert = self._table.merge_insert("name").when_matched_update_all().when_not_matched_insert_all()
        upsert.execute(to_table(rows, self.spec))
        self._cached_view = None

    def delete(self, names: Collection[str]) -> None:
        """Remove images, with all their features, in one transaction.

        Raises
        ------
        KeyError
            One of the names is not in the index; nothing is removed then.
        """
        missing = sorted(set(names) - set(self.names))
        if missing:
            raise KeyError(f"not in the index {self.path}: {', '.join(missing)}")
        if names:
            quoted = ("'" + name.replace("'", "''") + "'" for name in names)
            self._table.delete(f"name IN ({', '.join(quoted)})")
            self._cached_view = None

    def compact(self) -> None:
        """Join the files of many small additions, when there are many; readers are not disturbed."""
        if self._table.stats()["fragment_stats"]["num_small_fragments"] > _MANY_FRAGMENTS:
            self._table.optimize()
            self._cached_view = None

    def nearest(self, descriptor: Floats, *, top_k: int) -> list[tuple[str, float]]:
        """The ``top_k`` images whose global descriptors are most similar to ``descriptor`` [D].

        Exact. Pairs (name, cosine), most similar first, equal ones by name.
        """
        view = self.view
        rows, similarities = view.vectors.nearest(descriptor[None], top_k=top_k)  # [1, k] both
        return [
            (view.names[row], value) for row, value in zip(rows[0], similarities[0].tolist(), strict=True)
        ]

    @property
    def vectors(self) -> Vectors:
        """The global descriptors of all images, in the order of `names`."""
        return self.view.vectors

    def fetch(self, names: Collection[str]) -> LocalFeatures:
        """The local features of many images in one read, in the order of ``names``.

        Raises
        ------
        KeyError
            One of the names is not in the index.
        """
        row_ids = self.view.row_ids[self.positions(names)].tolist()
        if not row_ids:
            return local_features(self._table.schema.empty_table(), self.spec)
        rows = self._table.take_row_ids(row_ids).select(list(LOCAL)).to_arrow()  # in the table's order
        places = {name: place for place, name in enumerate(rows["name"].to_pylist())}
        return local_features(rows.take([places[name] for name in names]), self.spec)

    def features(self, name: str) -> Features:
        """All that is stored of one image, as features to query with; a KeyError if it is not there."""
        return self.fetch([name]).features(0, self.vectors.values[self.positions([name])[0]])

    def positions(self, names: Collection[str]) -> list[int]:
        """The rows of images in `vectors`; a KeyError names one that is not in the index."""
        try:
            return self.view.positions(names)
        except KeyError as error:
            raise KeyError(f"{error.args[0]!r} is not in the index {self.path}") from None

    @property
    def view(self) -> GlobalView:
        """The names, sorted, and global descriptors of all images, in memory: read at first use and after a change."""
        if self._cached_view is None:
            rows = self._table.search().select(["name", "global_descriptor"]).with_row_id(True).to_arrow()
            vectors = global_descriptors(rows, self.spec)
            self._cached_view = GlobalView(rows["name"].to_pylist(), rows["_rowid"].to_numpy(), vectors)
        return self._cached_view

    def _read(self, columns: Iterable[str]) -> Any:
        return self._table.search().select(list(columns)).to_arrow()


def _connect(path: str) -> Any:
    return require("lancedb", extra="index").connect(path)


def _is_url(path: str) -> bool:
    return "://" in path
