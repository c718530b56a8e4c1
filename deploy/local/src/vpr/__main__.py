"""``python -m vpr``: the same as ``vpr``."""

from vpr.cli import app

if __name__ == "__main__":
    app()
