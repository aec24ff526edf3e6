"""``python -m vzvirt`` and the ``vzvirt`` program."""

import sys

from vzvirt.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
