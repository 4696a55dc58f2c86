"""A bar of progress: by tqdm where it is installed, else lines on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

__all__ = ["Bar"]

#: Seconds between two lines without tqdm.
_EVERY = 5.0


class Bar:
    """Shows how far a long call is. Without `shown` it does nothing."""

    def __init__(self, shown: bool, unit: str) -> None:
        self._shown, self._unit, self._total = shown, unit, 0
        self._bar: Any = None
        self._last = time.monotonic()

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()

    def begin(self, total: int, name: str = "") -> None:
        """Starts a bar of so many units, in place of the one before."""
        if not self._shown:
            return
        self._total = total
        if self._bar is not None:
            self._bar.close()
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self._bar = None
        else:
            self._bar = tqdm(total=total, desc=name or None, unit=self._unit, unit_scale=True)

    def move(self, to: int, note: str) -> None:
        """Moves the bar to so many units."""
        if not self._shown:
            return
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(to - self._bar.n)
        elif time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            print(f"{to} of {self._total} {self._unit}, {note}", file=sys.stderr)
