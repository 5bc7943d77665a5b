"""The editor's desk: a draft is composed, read, put right, and let go by a person, or by its hour.

    draw ─▶ draft (again with every run, and after every act) ─▶ approve, or the hour ─▶ freeze ─▶ deliver

What is frozen is what lay on the desk, to the letter: later news wait for the next digest. A draft that nobody let go
before the next slot begins lapses, and its stories come up again there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from trendbot.core.digests import DigestContent, DigestPolicy, slot_of
from trendbot.core.editing import Place, missing
from trendbot.core.policies import Approval, ApprovalPolicy, Step, Verdict, goes_at, next_step, strictest
from trendbot.core.retelling import Summarizer
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import ConflictError, NotFoundError, RenderError
from trendbot.logs import get_logger
from trendbot.pipeline.compose import AUTOMATIC, KINDS, ComposeReport, Drawn, compose, draw, freeze
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer
from trendbot.store import digest_acts, digests
from trendbot.store.channels import list_channels
from trendbot.store.curation import Act
from trendbot.store.database import Database
from trendbot.store.digest_acts import Draft, Slot

log = get_logger(__name__)

NOBODY = "nobody objected"


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What the desk works with: the rules of each cadence, and who lets a digest go for each kind of channel.

    `as_picture`: posts on LinkedIn show their chart alone, not a link's card.
    """

    database: Database
    renderer: Renderer
    policies: Mapping[Cadence, DigestPolicy]
    approvals: Mapping[ChannelKind, ApprovalPolicy]
    sample: bool = False
    summarizer: Summarizer | None = None
    as_picture: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Handled:
    """What came of an act on a draft: what the draft was, what it is, and the stories that could not come in."""

    act: Act
    was: DigestContent | None
    draft: Draft | None
    missing: tuple[int, ...]


def approval_of(desk: Desk, cadence: Cadence) -> ApprovalPolicy:
    """Return who lets the digests of a cadence go: the strictest policy of the kinds that they are for."""
    channels = desk.database.read(list_channels, cadence=cadence)
    kinds = dict.fromkeys((*KINDS[cadence], *(channel.kind for channel in channels)))
    return strictest(desk.approvals[kind] for kind in kinds if kind in desk.approvals)


# -- what a run does ---------------------------------------------------------------------------------------------------


def publish(desk: Desk, *, cadence: Cadence, now: datetime) -> ComposeReport:
    """Do what is due for a cadence: let go what may go, and put the slot's digest, or its draft, on the desk.

    Raises:
        RenderError: a template is wrong or an edition breaks a channel's limit; nothing was frozen.

    """
    policy = approval_of(desk, cadence)
    slot = _slot(desk, cadence, now)
    for draft in desk.database.read(digest_acts.live_drafts, cadence):
        step = next_step(policy, drafted_at=draft.drafted_at, verdict=draft.verdict, now=now)
        fresh = policy.approval is Approval.AUTOMATIC and draft.verdict is None and draft.of.slot == slot
        if step is Step.FREEZE and not fresh:
            report = _settled(desk, draft, policy, now, present=draft.of.slot == slot)
            if report is not None and draft.of.slot == slot:
                return report
        elif step is Step.WAIT_HOUR and draft.of.slot != slot:
            return _waiting(draft, policy)
        elif draft.of.slot != slot:
            _lapse(desk, draft, now)
    found = desk.database.read(digest_acts.find_draft, Slot(cadence=cadence, slot=slot))
    held = found is not None and found.verdict is Verdict.OBJECTED
    if policy.approval is Approval.AUTOMATIC and not held:
        return compose(
            desk.database,
            desk.renderer,
            cadence=cadence,
            now=now,
            policy=desk.policies[cadence],
            sample=desk.sample,
            summarizer=desk.summarizer,
        )
    return _on_the_desk(desk, policy, cadence, now)


def _slot(desk: Desk, cadence: Cadence, now: datetime) -> str:
    return slot_of(cadence, now, desk.policies[cadence].timezone)


def _settled(desk: Desk, draft: Draft, policy: ApprovalPolicy, now: datetime, *, present: bool) -> ComposeReport | None:
    """Let a draft go; one of a slot that is over and cannot be rendered lapses, so that it holds up no later one."""
    try:
        return let_go(desk, draft, now=now, by=_by(draft, policy))
    except RenderError:
        if present:
            raise
        log.exception("draft_cannot_go", cadence=draft.of.cadence, slot=draft.of.slot)
        _lapse(desk, draft, now)
        return None


def _lapse(desk: Desk, draft: Draft, now: datetime) -> None:
    desk.database.write(digest_acts.lapse, draft.of, now=now)
    log.warning("draft_lapsed", cadence=draft.of.cadence, slot=draft.of.slot)


def _on_the_desk(desk: Desk, policy: ApprovalPolicy, cadence: Cadence, now: datetime) -> ComposeReport:
    frozen = desk.database.read(digests.find_digest, cadence=cadence, slot=_slot(desk, cadence, now))
    if frozen is not None:
        return _report(frozen)
    draft = make_draft(desk, cadence=cadence, now=now)
    if draft is None:
        return ComposeReport(
            cadence=cadence, slot=_slot(desk, cadence, now), digest=None, created=False, quiet=True, stories=0
        )
    return _waiting(draft, policy)


def _by(draft: Draft, policy: ApprovalPolicy) -> str:
    if draft.verdict is Verdict.APPROVED and draft.verdict_by:
        return draft.verdict_by
    return AUTOMATIC if policy.approval is Approval.AUTOMATIC else NOBODY


def _report(digest: digests.Digest) -> ComposeReport:
    return ComposeReport(
        cadence=digest.cadence,
        slot=digest.slot,
        digest=digest,
        created=False,
        quiet=digest.content.quiet,
        stories=len(digest.content.items()),
    )


def _waiting(draft: Draft, policy: ApprovalPolicy) -> ComposeReport:
    return ComposeReport(
        cadence=draft.of.cadence,
        slot=draft.of.slot,
        digest=None,
        created=False,
        quiet=draft.content.quiet,
        stories=len(draft.content.items()),
        waiting=waits_for(draft, policy),
    )


def waits_for(draft: Draft, policy: ApprovalPolicy) -> str:
    """Say what a draft waits for."""
    if draft.problem:
        return f"cannot go: {draft.problem}"
    if draft.verdict is Verdict.OBJECTED:
        return f"held by {draft.verdict_by}, goes when approved"
    if policy.approval is Approval.APPROVE:
        return "waits for approval"
    if policy.approval is Approval.UNLESS_OBJECTED:
        return f"goes at {goes_at(policy, draft.drafted_at):%Y-%m-%d %H:%M} UTC unless somebody objects"
    return "goes with the next run"


# -- drafts ------------------------------------------------------------------------------------------------------------


def make_draft(desk: Desk, *, cadence: Cadence, now: datetime) -> Draft | None:
    """Compose the draft of the slot that `now` falls in, or compose it again; None where there is nothing to tell yet.

    Raises:
        FrozenError: the slot's digest is frozen.

    """
    desk.database.read(digest_acts.refuse_frozen, Slot(cadence=cadence, slot=_slot(desk, cadence, now)))
    drawn = _draw(desk, cadence, now)
    return _keep(desk, drawn, now) if drawn is not None else None


def _draw(desk: Desk, cadence: Cadence, now: datetime) -> Drawn | None:
    return draw(
        desk.database,
        cadence=cadence,
        now=now,
        policy=desk.policies[cadence],
        sample=desk.sample,
        summarizer=desk.summarizer,
    )


def _keep(desk: Desk, drawn: Drawn, now: datetime) -> Draft:
    return desk.database.write(
        digest_acts.keep_draft,
        drawn.content,
        machine=drawn.machine,
        problem=problem_of(desk.renderer, drawn.content, drawn.kinds),
        now=now,
    )


def problem_of(renderer: Renderer, content: DigestContent, kinds: tuple[ChannelKind, ...]) -> str | None:
    """Return what a channel's linter or a template has against a digest, or None."""
    try:
        for kind in kinds:
            render_edition(renderer, content, kind)
    except RenderError as error:
        return str(error)
    return None


def the_draft(desk: Desk, cadence: Cadence, slot: str | None) -> Draft:
    """Return the draft of a slot; the one that waits where no slot is named.

    Raises:
        FrozenError: the slot's digest is frozen.
        NotFoundError: there is no such draft.

    """
    if slot is None:
        live = desk.database.read(digest_acts.live_drafts, cadence)
        if live:
            return live[-1]
        raise NotFoundError(f"no {cadence} draft waits: `trendbot digests compose --cadence {cadence}` makes one")
    of = Slot(cadence=cadence, slot=slot)
    desk.database.read(digest_acts.refuse_frozen, of)
    draft = desk.database.read(digest_acts.find_draft, of)
    if draft is None:
        raise NotFoundError(f"there is no {cadence} draft of {slot}: `trendbot digests compose` makes that of today")
    if draft.lapsed_at is not None:
        raise ConflictError(f"the {cadence} draft of {slot} has lapsed: its stories are in the draft of the next slot")
    return draft


def redraw(desk: Desk, draft: Draft) -> Draft:
    """Compose a draft again from the news that it had, with what people have decided since."""
    at = datetime.fromisoformat(draft.content.period_end)
    cadence = draft.of.cadence
    drawn = _draw(desk, cadence, at)
    return _keep(desk, drawn, draft.composed_at) if drawn is not None else draft


def decide(
    desk: Desk,
    draft: Draft,
    story: int,
    *,
    by: str,
    now: datetime,
    place: Place | None = None,
    headline: str | None = None,
    text: str | None = None,
) -> Handled:
    """Pin, drop or word a story of a draft, and compose the draft again.

    Raises:
        FrozenError: the slot's digest is frozen.
        NotFoundError: there is no such story.

    """
    act = desk.database.write(
        digest_acts.choose, draft.of, story, by=by, now=now, place=place, headline=headline, text=text
    )
    return _handled(desk, act, draft)


def undo(desk: Desk, act: int | None, *, by: str, now: datetime) -> Handled:
    """Take back an act on a draft, or the last one, and compose the draft again.

    Raises:
        FrozenError: the digest that it is about is frozen.
        NotFoundError: there is none.

    """
    undone = desk.database.write(digest_acts.undo_digest_act, act, by=by, now=now)
    of = next(filter(None, (digest_acts.slot_in(change.subject) for change in undone.changes)), None)
    draft = desk.database.read(digest_acts.find_draft, of) if of is not None else None
    return _handled(desk, undone, draft)


def _handled(desk: Desk, act: Act, was: Draft | None) -> Handled:
    if was is None:
        return Handled(act=act, was=None, draft=None, missing=())
    draft = redraw(desk, was)
    hand = desk.database.read(digest_acts.choices_of, draft.of)
    return Handled(act=act, was=was.content, draft=draft, missing=missing(draft.content, hand))


# -- letting go --------------------------------------------------------------------------------------------------------


def approve(desk: Desk, draft: Draft, *, by: str, now: datetime) -> ComposeReport:
    """Approve a draft and freeze it as it stands.

    Raises:
        FrozenError: it is frozen already.
        RenderError: it breaks a channel's limit; nothing was written.

    """
    _refuse_broken(desk, draft)
    desk.database.write(digest_acts.judge, draft.of, Verdict.APPROVED, by=by, now=now)
    return let_go(desk, draft, now=now, by=by)


def freeze_now(desk: Desk, draft: Draft, *, by: str, now: datetime) -> ComposeReport:
    """Freeze a draft as it stands without waiting for its hour, where no approval is needed.

    Raises:
        ConflictError: it waits for a person.
        RenderError: it breaks a channel's limit; nothing was written.

    """
    policy = approval_of(desk, draft.of.cadence)
    if next_step(policy, drafted_at=draft.drafted_at, verdict=draft.verdict, now=now) is Step.WAIT_PERSON:
        waits = waits_for(replace(draft, problem=None), policy)
        raise ConflictError(f"the {draft.of.cadence} draft of {draft.of.slot} {waits}: `trendbot digests approve`")
    return let_go(desk, draft, now=now, by=by)


def let_go(desk: Desk, draft: Draft, *, now: datetime, by: str) -> ComposeReport:
    """Freeze a draft as it stands."""
    return freeze(desk.database, desk.renderer, draft.content, _kinds(desk, draft.of.cadence), now=now, by=by)


def _refuse_broken(desk: Desk, draft: Draft) -> None:
    problem = problem_of(desk.renderer, draft.content, _kinds(desk, draft.of.cadence))
    if problem:
        raise RenderError(problem)


def _kinds(desk: Desk, cadence: Cadence) -> tuple[ChannelKind, ...]:
    channels = desk.database.read(list_channels, cadence=cadence)
    return tuple(dict.fromkeys((*KINDS[cadence], *(channel.kind for channel in channels))))
