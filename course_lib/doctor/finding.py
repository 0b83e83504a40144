"""What a check of the doctor has to say."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report.

    `status`: "ok"; "note" for what is worth knowing and stops nobody; "fail" for what must be mended, with a
    `fix` of one line.
    """

    check: str
    status: Literal["ok", "note", "fail"]
    says: str
    fix: str = ""

    def __post_init__(self) -> None:
        if self.status == "fail" and not self.fix:
            raise ValueError(f"the failing check {self.check!r} needs a fix")
