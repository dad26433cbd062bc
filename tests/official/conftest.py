"""The slow code stands alone, outside of any package: tests find it by its folder."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
