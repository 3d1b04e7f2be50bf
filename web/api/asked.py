"""An attempt as programs send it: the fields for the schema. What it means is read by the services, like everywhere.

The schema says what fits; `parse_request` decides and says what does not. A test sends both kinds.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, PrivateAttr, model_validator
from typing_extensions import TypeAliasType

from coi_tracker.services.requests import AttemptRequest, parse_request
from coi_tracker.vocabulary import HowRead, Meaning, Role

UUID7 = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
INSTANT = (
    r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"
)
PRINTABLE = r"^[ -~]*[!-~][ -~]*$"
"""What the schema promises to take. More letters are taken: any that can be printed."""

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]
Text = Annotated[str, Field(min_length=1, max_length=2000, pattern=PRINTABLE)]
Short = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]
Whole = Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)]
Plain = Annotated[str, Field(pattern=r"^[\x00-\x7f]*$")]
"""A name in evidence."""
Closed = Field(json_schema_extra={"additionalProperties": False})
Evidence = TypeAliasType(
    "Evidence", "bool | Whole | str | list[Evidence] | Annotated[dict[Plain, Evidence], Closed] | None"
)
"""JSON without floats."""
Instant = Annotated[str, Field(pattern=INSTANT, examples=["2026-11-22T12:00:00Z"])]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ScanPart(_Part):
    """One code as the reader sent it."""

    code: str = Field(max_length=4096, description="what the reader sent, unchanged, or what was typed")
    by: HowRead = Field(HowRead.SCANNED, description="whether a reader read it or a person typed it: it is kept")
    part: Annotated[str, Field(min_length=1, max_length=60, pattern=PRINTABLE)] | None = Field(
        None, description="which part it plays in the step, where that is not clear by its kind: see Steps"
    )


class SignaturePart(_Part):
    """Somebody signs: account, meaning and password. The password is tried and forgotten."""

    account: Name
    meaning: Meaning = Field(description="what is signed: see Steps, most often performed")
    password: str | None = Field(None, max_length=1000, description="of that account; tried at once, never kept")


class AttemptIn(BaseModel):
    """Somebody tries to do a step. The same id again gets the first answer again.

    `evidence` is JSON without floats: a measured value is text, or an object of `value` (text) and `unit`.
    """

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=UUID7, description="a UUID of version 7, a new one for each attempt")
    step: Name = Field(description="which step: see Steps")
    account: Name = Field(description="who acts: proved by a signature of hers in this attempt, or by COI-Person")
    role: Role | None = Field(
        description="as what this person acts; one that the step allows, held at the station's place"
    )
    station: Short | None = Field(description="the code of the station, as on its card")
    happened_at: Instant | None = Field(None, description="when it happened, with late_reason; none: now")
    course: Text | None = Field(None, description="the COI, for a step of a course")
    subject: Text | None = Field(None, description="the subject number, for a step of a participant")
    study: Text | None = Field(None, description="the study, for a step of one")
    target: Text | None = Field(None, description="the place or study of a hold")
    scans: list[ScanPart] = Field(default=[], max_length=200, description="every code that was scanned, in order")
    evidence: dict[Plain, Evidence] = Field(
        default={},
        max_length=60,
        json_schema_extra={"additionalProperties": False},
        description="what the step asks for, by name: see Steps",
    )
    signatures: list[SignaturePart] = Field(default=[], max_length=6, description="of all who sign, different people")
    identifiers: dict[Literal["name", "birth_date", "record_number", "subject_number"], Short] = Field(
        default={}, description="what the person in front says or shows: compared, never kept"
    )
    person: dict[Literal["name", "birth_date", "record_number"], Short] = Field(
        default={}, description="of a new participant: kept apart and encrypted, never in the log"
    )
    late_reason: Text | None = Field(None, description="why it is recorded later than it happened")
    comment: Text | None = Field(None, description="in the person's own words; no personal data")
    refers_to: Annotated[str, Field(pattern=UUID7)] | None = Field(None, description="the entry that is corrected")

    _understood: AttemptRequest = PrivateAttr()

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, value: Any, _: ModelWrapValidatorHandler[AttemptIn]) -> AttemptIn:
        """Let the services read it. Raises NotUnderstood, which names the field."""
        blank: dict[str, Any] = {}
        found = cls.model_construct(**blank)
        found._understood = parse_request(value)
        return found

    @property
    def request(self) -> AttemptRequest:
        """The attempt as the services take it."""
        return self._understood
