"""The facts of a model that was saved."""

from collections.abc import Mapping
from typing import Annotated

from mllog_callbacks.facts._fact import Fact, Group

__all__ = ["Saved"]


class Saved(Group):
    """A file or folder that a model was saved to."""

    path: Annotated[str, Fact("Where, as the caller gave it", "model.json")]
    bytes: Annotated[int | None, Fact("Its size", 40_960, "bytes")] = None
    sha256: Annotated[
        str | None,
        Fact("Its SHA-256; of a folder that over `path NUL sha256 LF` of its files", "9f86d081..."),
    ] = None
    format: Annotated[str | None, Fact("Its format", "json")] = None
    not_known: Annotated[
        Mapping[str, str] | None,
        Fact("Why a fact is not known", {"sha256": "the file was deleted before it was computed"}),
    ] = None
    unit: Annotated[str | None, Fact("What its parts are", "iteration")] = None
    holds: Annotated[int | None, Fact("How many of them it holds", 26)] = None
    of: Annotated[int | None, Fact("How many the model had", 76)] = None
    start: Annotated[
        int | None, Fact("The first that it holds, from 1, where that is not the first", 11)
    ] = None
    chosen_by: Annotated[
        str | None, Fact("What chose how many, where not all were saved", "best_iteration")
    ] = None
    models: Annotated[int | None, Fact("Models saved together, such as those of folds", 5)] = None
    part: Annotated[
        str | None, Fact("The part of the run's model that it is, where not all", "step ridge")
    ] = None
    best: Annotated[
        bool | None, Fact("Whether it is the best so far, by the metric that chooses", example=True)
    ] = None
    deleted: Annotated[
        tuple[str, ...] | None, Fact("Older ones that were deleted since", ["checkpoint-20"])
    ] = None
    by: Annotated[
        str | None,
        Fact("The callback, or function, file and line, that saved it", "main, train.py line 31"),
    ] = None
    written: Annotated[
        bool | None,
        Fact("False where its file was not there yet when this was recorded", example=False),
    ] = None
