"""What a verdict, and a case as a whole, can say."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """The gate's answers, mildest first."""

    PASS = "PASS"
    IMPROVED = "IMPROVED"
    NEW = "NEW"  # nothing to compare with
    NOT_COMPARABLE = "NOT_COMPARABLE"  # a comparison would be unfair: other machine, other data, other normaliser
    INCONCLUSIVE = "INCONCLUSIVE"  # the measurement cannot decide
    BELOW_LIMIT = "BELOW_LIMIT"  # beyond an absolute limit, of a metric where more is better, and see ABOVE_LIMIT
    ABOVE_LIMIT = "ABOVE_LIMIT"  # beyond an absolute limit; nothing accepted kept it, so nobody can say it got worse
    REGRESSED = "REGRESSED"
    PARTIAL = "PARTIAL"  # workers have computed some utterances and not all: nothing is judged, and `--resume` goes on
    ERROR = "ERROR"  # there is no measurement: crash, hang, broken input

    @property
    def is_unmeasured(self) -> bool:
        """Whether there is no measurement, or no whole one: nothing is judged."""
        return self in {Status.PARTIAL, Status.ERROR}

    @property
    def at_limit(self) -> bool:
        """Whether it tells of an absolute limit and not of a change."""
        return self in {Status.ABOVE_LIMIT, Status.BELOW_LIMIT}
