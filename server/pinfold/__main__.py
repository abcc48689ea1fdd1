"""`python -m pinfold`: the command line, for where the `pinfold` script is not on the path."""

import sys

from pinfold.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
