from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_engine_loads_neither_django_nor_the_slow_part_of_scipy() -> None:
    program = "import monitoring.trends.engine, sys; print([m for m in ('django', 'scipy.stats') if m in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"
