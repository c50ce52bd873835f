"""``fastdct table DATASET… -o DIR``: the tables of the papers, from the datasets' folders."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from fastdct.cli.arguments import check_root, create_index, load_extractor, num_cores
from fastdct.cli.index import DEFAULT_MODEL
from fastdct.cli.terminal import print_table, progress_bar

if TYPE_CHECKING:
    from fastdct.retrieval import Extractor, Index
    from fastdct.retrieval.evaluation import Evaluation


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "table",
        help="index datasets and lay out their mAP, global and global + local",
        description="For each dataset, as it is unpacked, and each model: index the pictures, rank by the global "
        "descriptors, verify the first hundred by the local features, and print mAP in percent: Easy, Medium and Hard "
        "for roxford5k and rparis6k (Table 2 of Temburwar et al.), by kind and in all for others. Indexes are kept: a "
        "run that was stopped goes on.",
    )
    command.add_argument(
        "datasets",
        nargs="+",
        metavar="DATASET",
        help="folder with gnd*.pkl, .mat, .json or .csv and the pictures",
    )
    command.add_argument(
        "--model",
        action="append",
        dest="models",
        metavar="MODEL",
        help=f"a name or a folder of trained weights; repeat it to compare (default: {DEFAULT_MODEL})",
    )
    command.add_argument("-o", "--output", metavar="DIR", required=True, help="where the indexes are kept")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a table for each dataset."""
    from fastdct.retrieval import GeometricVerification
    from fastdct.retrieval.benchmark import Benchmark

    models = arguments.models or [DEFAULT_MODEL]
    names = [Path(model).name for model in models]
    if len(set(names)) < len(names):
        raise ValueError(
            f"models are told apart by the last part of their paths, which must differ: {', '.join(models)}"
        )
    for dataset in map(Path, arguments.datasets):
        truth = _ground_truth_of(dataset)
        evaluations: dict[str, Evaluation] = {}
        for name, model in zip(names, models, strict=True):
            index, extractor = _indexed(
                dataset, Path(arguments.output, f"{dataset.resolve().name}-{name}"), model
            )
            benchmark = Benchmark.load(index, truth, root=dataset)
            features = benchmark.features(extractor)
            evaluations[f"{name} global"] = benchmark.run(features)
            evaluations[f"{name} global + local"] = benchmark.run(features, steps=[GeometricVerification()])
        print(f"{dataset}: {next(iter(evaluations.values())).convention}")
        _print(evaluations)
    return 0


def _ground_truth_of(dataset: Path) -> Path:
    """The one file of ground truth in a dataset's folder, or the folder itself, if names say all."""
    if not dataset.is_dir():
        raise NotADirectoryError(f"{dataset} is not a folder; give one that holds a dataset")
    kinds = (".pkl", ".mat", ".json", ".csv")
    found = [dataset / f"gnd_{dataset.resolve().name}{kind}" for kind in kinds]
    found += [path for kind in kinds for path in sorted(dataset.glob(f"gnd*{kind}"))]
    return next((path for path in found if path.is_file()), dataset)


def _indexed(dataset: Path, path: Path, model: str) -> tuple[Index, Extractor]:
    """The index of a dataset at ``path``, made or brought up to date."""
    from fastdct.retrieval import Index
    from fastdct.retrieval.indexing import index_pictures, list_pictures

    extractor = load_extractor(model)
    if Index.exists(path):
        index = Index.open(path, spec=extractor.spec)
        check_root(index, dataset.resolve())
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        index = create_index(path, extractor, root=dataset.resolve(), weights=model)
    listing = list_pictures(dataset)
    with progress_bar(path.name, total=len(listing.pictures)) as advance:
        index_pictures(index, listing, extractor, num_threads=num_cores(), progress=advance)
    return index, extractor


def _print(evaluations: dict[str, Evaluation]) -> None:
    first = next(iter(evaluations.values()))
    kinds = [kind for kind in first.kinds if kind not in ("easy", "medium", "hard")]
    revisited = [kind for kind in ("easy", "medium", "hard") if kind in first.kinds]
    columns = [f"mAP {kind[0].upper()} (%)" for kind in revisited]
    columns += [f"mAP {kind} (%)" for kind in kinds] + ([] if revisited else ["mAP all (%)"])
    rows = []
    for name, evaluation in evaluations.items():
        scores = [evaluation.kinds[kind] for kind in (*revisited, *kinds)]
        scores += [] if revisited else [evaluation.overall]
        rows.append((name, *(f"{100 * each.mean_average_precision:.2f}" for each in scores)))
    print_table(("features", *columns), rows)
