"""``python -m grading`` is the command ``grade``."""

import sys

from grading.cli import main

sys.exit(main())
