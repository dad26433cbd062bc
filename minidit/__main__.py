"""`python -m minidit` works where the `minidit` script is not on the path."""

import sys

from minidit.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
