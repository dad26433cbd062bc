"""What has to hold: a number, its bound, and whether it is kept."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """A measurement that is to stay at most, or at least, at its bound."""

    what: str
    found: float
    bound: float
    at_most: bool = True

    @property
    def kept(self) -> bool:
        """Whether it is; a number that is none (nan) is not."""
        return self.found <= self.bound if self.at_most else self.found >= self.bound

    @property
    def asked(self) -> str:
        """The bound in words."""
        return f"at {'most' if self.at_most else 'least'} {self.bound:g}"

    def __str__(self) -> str:
        return f"{'ok  ' if self.kept else 'FAIL'} {self.what:<66} {self.found:8.3g}, {self.asked}"
