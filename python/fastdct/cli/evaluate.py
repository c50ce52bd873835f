"""``fastdct evaluate INDEX GROUND_TRUTH``: how good the rankings of an index are."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastdct.cli.arguments import add_images, add_index, add_model, add_steps, load_steps, open_index
from fastdct.cli.terminal import print_table

if TYPE_CHECKING:
    from fastdct.retrieval.evaluation import Evaluation, Scores


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("evaluate", help="measure mAP, P@k, NDCG and N-S against a ground truth")
    add_index(command)
    command.add_argument(
        "ground_truth",
        metavar="GROUND_TRUTH",
        help="gnd_*.pkl, .mat or .json of revisited Oxford and Paris, your own .csv (path,label), or a folder: UKBench, "
        "Holidays, one sub-folder a class",
    )
    add_steps(command)
    add_images(command)
    add_model(command, default="that of the index")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a table; the last line is the mAP over all queries."""
    from fastdct.retrieval.benchmark import Benchmark

    index, extractor = open_index(arguments.index, arguments.model)
    benchmark = Benchmark.load(index, arguments.ground_truth, root=arguments.images or "")
    features = benchmark.features(extractor)
    evaluations = {"global only": benchmark.run(features)}
    if arguments.steps:
        steps = load_steps(arguments.steps, index)
        evaluations[" ".join(arguments.steps)] = benchmark.run(features, steps=steps)
    last = list(evaluations.values())[-1]
    print(last.convention)
    print_table(("measure", "queries", *evaluations), _rows(list(evaluations.values())))
    if last.dropped:
        print(f"dropped, without positives: {', '.join(last.dropped)}")
    print(last.lines()[-1])
    return 0


def _rows(evaluations: list[Evaluation]) -> list[tuple[str, ...]]:
    overall = [evaluation.overall for evaluation in evaluations]
    groups = [(kind, [evaluation.kinds[kind] for evaluation in evaluations]) for kind in evaluations[0].kinds]
    rows = [
        _row(f"mAP {name}", group, [scores.mean_average_precision for scores in group])
        for name, group in [*groups, ("all", overall)]
    ]
    rows += [
        _row(f"{name}@{k} all", overall, [getattr(scores, field)[k] for scores in overall])
        for name, field in (("P", "precision_at"), ("mP", "mean_precision_at"))
        for k in getattr(overall[0], field)
    ]
    rows.append(_row("NDCG all", overall, [scores.ndcg for scores in overall]))
    ns_scores = [scores.ns_score for scores in overall if scores.ns_score is not None]
    if ns_scores:
        rows.append(_row("N-S all", overall, ns_scores))
    return rows


def _row(label: str, columns: list[Scores], values: list[float]) -> tuple[str, ...]:
    return (label, str(columns[0].num_queries), *(f"{value:.3f}" for value in values))
