"""``python -m medsins``: the same as the ``medsins`` command."""

from medsins.cli.main import run

if __name__ == "__main__":
    run()
