"""Of which ends whoever asks wants to hear, on their devices and by their webhooks."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from taskbeam.gateway import problems
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answer_body import AnswerBody
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.negotiation import JSON_ONLY
from taskbeam.gateway.http.problem_details import OWNER_PROBLEMS, documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.notifications.preference_store import PreferenceStore
from taskbeam.notifications.preferences import MOST, Preference


async def _owner(caller: CallerDep) -> str:
    """Who asks is asked before what for."""
    return caller.require_owner()


async def _preferences(gateway: RuntimeDep) -> PreferenceStore:
    store = gateway.preferences
    assert store is not None  # else these routes are not there
    return store


OwnerDep = Annotated[str, Depends(_owner)]
PreferencesDep = Annotated[PreferenceStore, Depends(_preferences)]

router = APIRouter(tags=["notifications"], route_class=GatewayRoute, dependencies=[Depends(_owner)])

_PATH = "/notifications/preferences"
_CHANGE = (
    *OWNER_PROBLEMS,
    problems.FOREIGN_ORIGIN,
    problems.UNSUPPORTED_MEDIA_TYPE,
)


class PreferencesRequest(BaseModel):
    """What somebody wants to hear, all of it: this takes the place of what was said before."""

    model_config = ConfigDict(extra="forbid")

    preferences: Annotated[tuple[Preference, ...], Field(max_length=MOST)] = Field(
        description="Of several that fit, the first decides. Where none does, all ends are told.",
        examples=[
            [
                {"channel": "push", "tasks": "reports.*", "tell": "failures"},
                {"channel": "*", "tasks": "thumbnails.make", "tell": "none"},
            ]
        ],
    )


class PreferencesAnswer(AnswerBody):
    """What somebody wants to hear."""

    model_config = ConfigDict(title="Preferences")

    preferences: list[Preference]
    critical: list[str] = Field(
        description="Tasks that no preference silences: the gateway's settings name them."
    )


@router.get(
    _PATH,
    operation_id="get_preferences",
    responses=documented(*OWNER_PROBLEMS) | {200: described("The preferences.", "Cache-Control")},
)
async def get_preferences(store: PreferencesDep, owner: OwnerDep) -> PreferencesAnswer:
    """Of which ends whoever asks wants to hear."""
    return PreferencesAnswer(preferences=list(await store.of_owner(owner)), critical=list(store.critical))


@router.put(
    _PATH,
    operation_id="set_preferences",
    dependencies=[JSON_ONLY],
    responses=documented(*_CHANGE) | {200: described("The preferences.", "Cache-Control")},
)
async def set_preferences(
    store: PreferencesDep, owner: OwnerDep, wanted: PreferencesRequest
) -> PreferencesAnswer:
    """Say of which ends, instead of what was said before. It holds for what is sent from now on."""
    await store.put(owner, wanted.preferences)
    return PreferencesAnswer(preferences=list(wanted.preferences), critical=list(store.critical))
