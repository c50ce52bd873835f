"""Table 1 of Temburwar et al. on other data: DELG on pixels and on coefficients, global and verified, side by side.

    python benchmarks/bench_delg_twins.py DATA --runs RUNS [--classes 17] [--seeds 0 1 2] [--epochs 40]
    python benchmarks/plot_delg_twins.py

DATA holds labels.csv (columns path, instance, split), gnd.json and the photos. Every twin is trained by
`fastdct train delg` with the options of --config on the classes with the most photos of the split "train", 0 for all; options
given here go before the file's. The RGB twin is trained at half the side and at the same side. RUNS keeps checkpoints: the
command goes on where it was stopped. What retrieval costs and gives is measured as by bench_retrieval.py.
"""

import argparse
import collections
import csv
import json
import statistics
from pathlib import Path

import torch

import machine
from bench_retrieval import gains, judge, scores
from fastdct.training import DelgTraining, TerminalProgress, command, train

WAYS = ("global", "global+local")
TRAINING_OPTIONS = ("epochs", "batch_size", "model", "learning_rate", "precision")
SOURCE = Path(__file__).parent / "delg_source.toml"


def write_table(data, count, file):
    """A table of the training photos of the ``count`` classes that have the most; 0: of all."""
    with (data / "labels.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == "train"]
    sizes = collections.Counter(row["instance"] for row in rows)
    chosen = sorted(sizes, key=lambda name: (-sizes[name], name))[: count or None]
    with file.open("w", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(["path", "label"])
        writer.writerows([row["path"], row["instance"]] for row in rows if row["instance"] in chosen)
    return len(chosen)


def trained(name, channels, size, seed, options):
    """Train one twin; the folder of its weights and the median of its epochs' seconds."""
    output = options.runs / f"{name}-{seed}".replace(" ", "-")
    given = {"labels": options.runs / "labels.csv", "root": options.data, "output": output}
    given |= {"channels": channels, "size": size, "seed": seed}
    for option in TRAINING_OPTIONS:
        if (value := getattr(options, option)) is not None:
            given[option] = value
    config = command.make_config(DelgTraining, argparse.Namespace(config=options.config, **given))
    train(config, progress=TerminalProgress())
    lines = (output / "metrics.jsonl").read_text().splitlines()
    return output, statistics.median(json.loads(line)["seconds"] for line in lines)


def over_seeds(precision):
    """The mean over seeds of every query's average precision."""
    return {
        name: {query: statistics.fmean(run[query] for run in runs) for query in runs[0]}
        for name, runs in precision.items()
    }


def spread(values):
    """Mean, smallest and largest of what seeds gave."""
    return {"mean": statistics.fmean(values), "min": min(values), "max": max(values)}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--runs", type=Path, required=True, help="folder of checkpoints and weights")
    parser.add_argument("--config", type=Path, default=SOURCE)
    parser.add_argument("--classes", type=int, default=17)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--same-side-seeds",
        type=int,
        nargs="*",
        help="of RGB at the same side, four times the work; none leaves it out (default: all)",
    )
    parser.add_argument("--side", type=int, default=448, help="side of the windows of coefficients")
    parser.add_argument("--model")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--precision")
    parser.add_argument("--output", default="delg_twins", help="name of the JSON in benchmarks/results")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.runs.mkdir(parents=True, exist_ok=True)
    num_classes = write_table(options.data, options.classes, options.runs / "labels.csv")
    side = options.side
    twins = {
        f"RGB {side // 2}": (0, side // 2, options.seeds),
        f"DCT {side}": (64, side, options.seeds),
        f"RGB {side}": (
            0,
            side,
            options.seeds if options.same_side_seeds is None else options.same_side_seeds,
        ),
    }
    given = ("side", *TRAINING_OPTIONS)
    result = {
        "conditions": {
            **{key: str(getattr(options, key)) for key in given},
            "config": options.config.name,
            "classes": num_classes,
        },
        "twins": {},
    }
    precision = {}
    for name, (channels, size, seeds) in twins.items():
        if not seeds:
            continue
        runs = []
        for seed in seeds:
            weights, seconds = trained(name, channels, size, seed, options)
            evaluations, costs = judge(options.data, {name: str(weights)})[name]
            named = dict(zip(WAYS, evaluations, strict=True))
            for way, evaluation in named.items():
                precision.setdefault(f"{name} {way}", []).append(evaluation.overall.average_precision)
            table = {way: scores(evaluation) for way, evaluation in named.items()}
            runs.append({**costs, "seconds_per_epoch": seconds, "mAP": table})
        result["twins"][name] = {
            "seeds": seeds,
            **{
                way: {kind: spread([run["mAP"][way][kind] for run in runs]) for kind in runs[0]["mAP"][way]}
                for way in WAYS
            },
            **{key: statistics.median(run[key] for run in runs) for key in runs[0] if key != "mAP"},
        }
        print(name, json.dumps(result["twins"][name]), flush=True)
        print(machine.save(options.output, {**result, "gains": gains(over_seeds(precision))}))


if __name__ == "__main__":
    main()
