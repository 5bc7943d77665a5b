"""The description of the JSON API (OpenAPI 3.1), written by hand and held against the answers by tests."""

from __future__ import annotations

from typing import Any

from trendbot import __version__

Tree = dict[str, Any]

_TEXT: Tree = {"type": "string"}
_WHOLE: Tree = {"type": "integer", "minimum": 0}
_NUMBER: Tree = {"type": "number"}
_INSTANT: Tree = {"type": "string", "format": "date-time"}
_ADDRESS: Tree = {"type": "string", "format": "uri"}
_CADENCE: Tree = {"type": "string", "enum": ["daily", "weekly"]}


def _or_null(kind: Tree) -> Tree:
    return {"anyOf": [kind, {"type": "null"}]}


def _list(kind: Tree) -> Tree:
    return {"type": "array", "items": kind}


def _object(**properties: Tree) -> Tree:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _ref(name: str) -> Tree:
    return {"$ref": f"#/components/schemas/{name}"}


_SCHEMAS: Tree = {
    "Error": _object(error=_TEXT, advice=_TEXT),
    "DigestLine": _object(
        id=_WHOLE, cadence=_CADENCE, slot=_TEXT, number=_WHOLE, title=_TEXT, line=_TEXT, headline=_or_null(_TEXT),
        frozen_at=_INSTANT, url=_ADDRESS,
    ),
    "Digest": _object(url=_ADDRESS, frozen_at=_INSTANT, hash=_TEXT, content={"type": "object"}),
    "StoryLine": _object(
        id=_WHOLE, title=_TEXT, first_at=_INSTANT, last_at=_INSTANT, reports=_WHOLE, feeds=_WHOLE, url=_ADDRESS
    ),
    "Report": _object(title=_TEXT, url=_TEXT, source=_TEXT, at=_INSTANT, lead={"type": "boolean"},
                      copy={"type": "boolean"}),
    "Story": _object(
        id=_WHOLE, url=_ADDRESS, title=_TEXT, first_at=_INSTANT, last_at=_INSTANT, themes=_list(_TEXT),
        reports=_list(_ref("Report")),
    ),
    "Theme": _object(slug=_TEXT, title=_TEXT, description=_TEXT, daily=_list(_NUMBER), url=_ADDRESS),
    "Reading": _object(
        name=_TEXT, kind={"type": "string", "enum": ["theme", "term"]}, slug=_or_null(_TEXT), window_days=_WHOLE,
        direction={"type": "string", "enum": ["rising", "falling", "flat"]}, current=_NUMBER, baseline=_NUMBER,
        low=_or_null(_NUMBER), high=_or_null(_NUMBER), score=_NUMBER,
    ),
    "Hit": _object(id=_WHOLE, url=_ADDRESS, title=_TEXT, last_at=_INSTANT, reports=_WHOLE),
}  # fmt: skip


def _answers(schema: Tree, *failures: int) -> Tree:
    told = {400: "A value cannot be read", 404: "There is none"}
    failed = {
        str(status): {"description": told[status], "content": {"application/json": {"schema": _ref("Error")}}}
        for status in failures
    }
    return {"200": {"description": "Found", "content": {"application/json": {"schema": schema}}}} | failed


def _path(name: str, schema: Tree, description: str) -> Tree:
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": description}


def _query(name: str, schema: Tree, description: str, *, required: bool = False) -> Tree:
    return {"name": name, "in": "query", "required": required, "schema": schema, "description": description}


_LIMIT = _query("limit", {"type": "integer", "minimum": 1, "maximum": 100}, "How many at most; 20 unless said.")


def _get(summary: str, answers: Tree, *parameters: Tree) -> Tree:
    return {"get": {"summary": summary, "parameters": list(parameters), "responses": answers}}


def document(brand: str, url: str) -> Tree:
    """Return the OpenAPI document of a site."""
    slot = _path("slot", _TEXT, "A UTC day (2026-11-15) or an ISO week (2026-W46).")
    paths = {
        "/digests": _get(
            "Digests, the newest first", _answers(_object(digests=_list(_ref("DigestLine"))), 400),
            _query("cadence", _CADENCE, "Only those of a cadence."), _LIMIT,
        ),
        "/digests/{cadence}/{slot}": _get(
            "A digest with everything that it says", _answers(_ref("Digest"), 404),
            _path("cadence", _CADENCE, "How often it appears."), slot,
        ),
        "/stories": _get(
            "Stories, the one with the latest report first", _answers(_object(stories=_list(_ref("StoryLine")))),
            _query("theme", {"type": "string", "maxLength": 64}, "Only those of a theme, by its slug."), _LIMIT,
        ),
        "/stories/{story}": _get(
            "A story with its reports", _answers(_ref("Story"), 404), _path("story", _WHOLE, "The story's number.")
        ),
        "/themes": _get("The themes, with 28 days of reports", _answers(_object(themes=_list(_ref("Theme"))))),
        "/trends": _get(
            "What rises and falls, and what does not, on the newest day that was read",
            _answers(_object(as_of=_or_null({"type": "string", "format": "date"}), readings=_list(_ref("Reading")))),
        ),
        "/search": _get(
            "Stories that have all the words asked for", _answers(_object(stories=_list(_ref("Hit"))), 400),
            _query("q", {"type": "string", "minLength": 1, "maxLength": 200}, "The words.", required=True), _LIMIT,
        ),
    }  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {"title": brand, "version": __version__, "description": "The archive, read only. No key is needed."},
        "servers": [{"url": f"{url}/api/v1"}],
        "paths": paths,
        "components": {"schemas": _SCHEMAS},
    }
