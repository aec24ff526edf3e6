"""The table of transitions, and what it promises as a whole."""

from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.model.state import (
    ACTIVE,
    TRANSITIONS,
    Action,
    DomainState,
    Observation,
    Reason,
    next_state,
)
from vzvirt.model.values import Ctid


@pytest.mark.parametrize("state", DomainState)
@pytest.mark.parametrize("action", Action)
def test_every_pair_leads_somewhere_or_is_refused(state: DomainState, action: Action) -> None:
    if (state, action) in TRANSITIONS:
        assert next_state(state, action, "web") is TRANSITIONS[state, action]
        return
    with pytest.raises(errors.OperationInvalid) as caught:
        next_state(state, action, "web")
    assert f"cannot {action.value} 'web'" in caught.value.message


def test_every_state_can_be_reached_and_left() -> None:
    assert {target for (_, _), target in TRANSITIONS.items()} == set(DomainState)
    assert {state for state, _ in TRANSITIONS} == set(DomainState)


def test_whatever_runs_can_be_killed_and_whatever_does_not_be_started() -> None:
    for state in DomainState:
        action = Action.KILL if state in ACTIVE else Action.START
        assert (TRANSITIONS[state, action] in ACTIVE) is (action is Action.START)


def test_data_is_only_touched_while_nothing_runs() -> None:
    for state, action in TRANSITIONS:
        if action in {Action.UNDEFINE, Action.PROVISION}:
            assert state not in ACTIVE


def test_reasons_explain_their_state() -> None:
    """Numbers of virDomainState and virDomain*Reason, as libvirt's clients read them."""
    numbers = {reason.name: (int(reason.state), reason.number) for reason in Reason}
    assert numbers["BOOTED"] == (1, 1)
    assert numbers["UNPAUSED"] == (1, 5)
    assert numbers["PAUSED_BY_USER"] == (3, 1)
    assert numbers["SHUT_DOWN"] == (5, 1)
    assert numbers["KILLED"] == (5, 2)
    assert numbers["FAILED_TO_START"] == (5, 6)
    assert numbers["DIED"] == (6, 0)
    assert len(set(Reason)) == len(Reason.__members__), "no reason is another's alias"


def test_an_observation_knows_its_state_by_the_reason() -> None:
    observation = Observation(ctid=Ctid(101), reason=Reason.PAUSED_BY_USER)
    assert observation.state is DomainState.PAUSED
    assert observation.is_active
