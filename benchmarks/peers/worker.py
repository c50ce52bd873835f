"""One peer in a process of its own: answers "check" and "time" on standard input with a line of JSON."""

import importlib
import json
import pickle
import sys
import time
from pathlib import Path


def main(module, variant, files):
    reader = importlib.import_module(f"peers.{module}").Reader(
        pickle.loads(Path(files).read_bytes()), variant
    )
    print(json.dumps("ready"), flush=True)
    for command in map(str.strip, sys.stdin):
        if command == "check":
            answer = [reader.digest(), reader.mean_error()]
        else:
            start = time.thread_time()
            reader.read_all()
            answer = time.thread_time() - start
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
