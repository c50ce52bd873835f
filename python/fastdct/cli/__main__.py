"""``python -m fastdct.cli``."""

import sys

from fastdct.cli import main

sys.exit(main())
