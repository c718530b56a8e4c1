"""``python -m tests.faults``: random fault runs on the whole system (``make faults N=20 SEED=…``)."""

import argparse
import secrets
import sys

from tests.faults.driver.kinds import FAULTS
from tests.faults.driver.plan import possible
from tests.faults.driver.series import Series


def main() -> int:
    """0 when every run was clean, 1 at the first that was not."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("-n", type=int, default=20, help="how many runs")
    parser.add_argument("--seed", type=int, help="of the first run; others follow from it. Default: by chance")
    parser.add_argument("--only", nargs="+", choices=FAULTS, help="faults of these kinds alone")
    options = parser.parse_args()
    seed = secrets.randbits(32) if options.seed is None else options.seed
    kinds, reasons = possible()
    print(f"{options.n} runs, seed {seed}, faults: {', '.join(options.only or kinds)}")
    for name, reason in reasons.items():
        print(f"left out: {name} ({reason})")
    return 0 if Series(options.n, seed, options.only or kinds).go() else 1


if __name__ == "__main__":
    sys.exit(main())
