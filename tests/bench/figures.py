"""A measured figure and how it is printed."""

import json
import sys
from dataclasses import dataclass


class Broken(AssertionError):
    """What was measured did not do its work: rows are missing, answers were refused."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `ratio` is `value` over the figure named `ratio_to`, both from the same run."""

    name: str
    value: float
    unit: str
    ratio_to: str = ""
    ratio: float | None = None

    def line(self) -> str:
        """One JSON line."""
        ratio = None if self.ratio is None else round(self.ratio, 3)
        return json.dumps(
            {
                "name": self.name,
                "value": round(self.value, 3),
                "unit": self.unit,
                "ratio_to": self.ratio_to or None,
                "ratio": ratio,
            }
        )


def show(figure: Figure) -> Figure:
    """Print the figure at once, so that a long run shows how far it is."""
    print(figure.line(), flush=True)
    return figure


def tell(sentence: str) -> None:
    """Something to know beside the figures."""
    print(sentence, file=sys.stderr, flush=True)


def demand(holds: bool, sentence: str) -> None:
    """Raise `Broken` where a condition of the measurement does not hold."""
    if not holds:
        raise Broken(sentence)
