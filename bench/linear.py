"""CPU of every parser and cleaner on hostile input, at four times the size: linear is four times, quadratic sixteen.

    python -m bench.linear [KIND ...]

The shapes are those of tests/test_linear_time.py, which counts calls; what regular expressions and libraries do inside of
one call shows only here. Prints the worst shape of each kind, and exits with 1 where one takes twelve times or more.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from test_linear_time import KINDS, MOST, of, times_the_cpu


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.linear",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; none: all")
    wanted = parser.parse_args().kinds or KINDS
    worst = 0.0
    for kind in wanted:
        times, name = max((times_the_cpu(shape), name) for name, shape in of(kind).items())
        worst = max(worst, times)
        print(f"{kind:<28} {times:5.1f}  {name}", flush=True)
    return worst >= MOST


if __name__ == "__main__":
    sys.exit(main())
