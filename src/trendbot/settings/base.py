"""What the groups of settings have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=-10, le=10)]


class Group(BaseModel):
    """A group of settings: frozen, and nothing else in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
