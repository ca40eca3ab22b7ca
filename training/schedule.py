"""Knows the learning rate at each moment of a training that ends at a given time.

The rate goes by the share of the time that is gone, not by steps: a training ends when it was told
to, with its rate at nothing, however busy the machine was.
"""

from dataclasses import dataclass

__all__ = ["Schedule"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A linear rise over the first steps, then a fall to nothing with the root of what is left.

    Attributes:
        peak: the highest rate.
        rise_steps: over so many steps it is reached.
        hold: up to this share of the time it stays there.
    """

    peak: float
    rise_steps: int = 100
    hold: float = 0.3

    def rate(self, step: int, gone: float) -> float:
        """Returns the rate.

        Args:
            step: how many were made.
            gone: share of the time that is gone; from 1 on the rate is 0.
        """
        rise = min(1.0, (step + 1) / self.rise_steps)
        if gone <= self.hold:
            return self.peak * rise
        return self.peak * rise * max(0.0, (1 - gone) / (1 - self.hold))
