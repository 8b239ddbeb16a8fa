"""Granted and used rights are compared so that one too many and one too few are found."""

import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dev.chart import NAMESPACE
from tests.support.audit_log import AuditedRequest, AuditLog, BindingChange, read
from tests.support.least_rights import beyond, idle, refused, unfounded
from tests.support.rights import JANITOR, OPERATOR, UNINSTALL, Grant, Right, grants

NOW = datetime(2030, 1, 2, 3, 4, 5, 600000, tzinfo=UTC)
GRANTED = {account: grants(account) for account in (OPERATOR, JANITOR, UNINSTALL)}
ALL = [(account, grant) for account, held in GRANTED.items() for grant in sorted(held)]
EVICT, PATCH = Right("", "pods/eviction", "create"), Right("", "pods", "patch")


def of_grant(account: str, grant: Grant) -> AuditedRequest:
    """Make the request that a grant is for."""
    name = grant.names[0] if grant.names else "any"
    return AuditedRequest(account, grant.right, grant.namespace or "models", name, NOW, 200)


def asked(right: Right = PATCH, status: int = 200, message: str = "", **more: Any) -> AuditedRequest:
    given = {"account": OPERATOR, "namespace": "models", "name": "digits-0", "at": NOW, **more}
    return AuditedRequest(right=right, status=status, message=message, **given)


def log(*requests: AuditedRequest) -> AuditLog:
    return AuditLog(requests)


def held(*granted: Grant) -> dict[str, Collection[Grant]]:
    return {OPERATOR: granted}


EVERYTHING = [of_grant(account, grant) for account, grant in ALL]


def test_nothing_is_said_of_rights_that_are_all_used() -> None:
    used = log(*EVERYTHING)
    assert (refused(used), beyond(used, GRANTED), idle(used, GRANTED, {})) == ([], [], [])


@pytest.mark.parametrize(("account", "grant"), ALL, ids=[f"{account} {grant}" for account, grant in ALL])
def test_each_right_that_nobody_uses_is_found_and_each_that_is_missing(account: str, grant: Grant) -> None:
    request = of_grant(account, grant)
    without = log(*(one for one in EVERYTHING if one != request))
    assert idle(without, GRANTED, {}) == [f"{account}: {grant}"]
    less = {**GRANTED, account: GRANTED[account] - {grant}}
    assert beyond(log(*EVERYTHING), less) == [f"{request}: {grant.right}"]


def test_a_right_of_another_account_allows_nothing() -> None:
    request = asked(account="default")
    assert beyond(log(request), held(Grant(PATCH))) == [f"default: patch pods in models digits-0: {PATCH}"]


def test_a_right_everywhere_that_is_used_in_the_own_namespace_alone_is_too_wide() -> None:
    used = log(asked(namespace=NAMESPACE))
    assert idle(used, held(Grant(PATCH)), {}) == [f"{OPERATOR}: patch pods everywhere"]
    assert idle(used, held(Grant(PATCH, NAMESPACE)), {}) == []


@pytest.mark.parametrize(
    "grant", [Grant(PATCH, "elsewhere"), Grant(PATCH, "models", ("another",)), Grant(EVICT)], ids=str
)
def test_a_right_elsewhere_to_another_object_or_to_something_else_does_not_do(grant: Grant) -> None:
    assert beyond(log(asked()), held(grant))
    assert idle(log(asked()), held(grant), {}) == [f"{OPERATOR}: {grant}"]


def test_an_apply_that_creates_takes_the_right_to_create_too() -> None:
    create = PATCH._replace(verb="create")
    assert beyond(log(asked(status=201)), held(Grant(PATCH))) == [f"{asked()}: create pods"]
    assert idle(log(asked(status=201)), held(Grant(PATCH), Grant(create)), {}) == []
    assert idle(log(asked(status=200)), held(Grant(create)), {}) == [f"{OPERATOR}: create pods everywhere"]


@pytest.mark.parametrize("status", [404, 409, 422, 500])
def test_a_request_that_failed_for_other_reasons_shows_a_right_in_use(status: int) -> None:
    assert idle(log(asked(status=status)), held(Grant(PATCH)), {}) == []
    assert refused(log(asked(status=status))) == []


def test_a_refusal_is_told_and_shows_no_right_in_use() -> None:
    no = log(asked(status=403, message="pods is forbidden"))
    assert refused(no) == [f"{OPERATOR}: patch pods in models digits-0: pods is forbidden"]
    assert beyond(no, {}) == []
    assert idle(no, held(Grant(PATCH)), {}) == [f"{OPERATOR}: patch pods everywhere"]


def test_a_refusal_because_the_namespace_ends_is_none_of_rights() -> None:
    assert refused(log(asked(status=403, message="forbidden: because it is being terminated"))) == []


@pytest.mark.parametrize(
    ("name", "at", "is_told"),
    [
        (OPERATOR, 0, True),
        (OPERATOR, 2, False),
        (f"{OPERATOR}-policies", 2, False),
        (JANITOR, 2, True),
        (OPERATOR, 4, True),
    ],
)
def test_a_refusal_while_the_roles_are_not_bound_is_not_told(name: str, at: float, *, is_told: bool) -> None:
    def after(seconds: float) -> datetime:
        return NOW + timedelta(seconds=seconds)

    changes = (BindingChange(name, after(1), comes=False), BindingChange(name, after(3), comes=True))
    assert bool(refused(AuditLog((asked(status=403, at=after(at)),), changes))) is is_told


def test_a_right_that_is_used_rarely_is_excused_by_a_reason_and_a_reason_for_nothing_is_told() -> None:
    granted = held(Grant(PATCH), Grant(EVICT))
    reasons = {OPERATOR: {EVICT: "no room to surge is tried elsewhere"}}
    assert idle(log(asked()), granted, reasons) == []
    assert unfounded(granted, reasons) == []
    assert unfounded(held(Grant(PATCH)), reasons) == [f"{OPERATOR}: create pods/eviction"]


def event(verb: str, path: Iterable[str], status: int = 200, **more: Any) -> str:
    """Write a line as the API server does."""
    group, resource, subresource, namespace, name = path
    about = {
        "resource": resource,
        "subresource": subresource,
        "apiGroup": group,
        "namespace": namespace,
        "name": name,
    }
    written = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "stage": "ResponseComplete",
        "verb": verb,
        "user": {"username": f"system:serviceaccount:{NAMESPACE}:{OPERATOR}"},
        "objectRef": {key: value for key, value in about.items() if value},
        "responseStatus": {"metadata": {}, "code": status},
        "requestReceivedTimestamp": NOW.isoformat().replace("+00:00", "Z"),
    }
    return json.dumps({key: value for key, value in (written | more).items() if value}) + "\n"


EVICTION = ("", "pods", "eviction", "models", "digits-0")


def test_an_event_is_read_with_its_account_its_right_and_its_answer() -> None:
    refusal = {"code": 403, "message": "may not", "status": "Failure", "reason": "Forbidden"}
    line = event("create", EVICTION, responseStatus=refusal)
    assert read(line, NOW).requests == (
        AuditedRequest(OPERATOR, EVICT, "models", "digits-0", NOW, 403, "may not"),
    )


def test_others_requests_and_those_about_no_object_or_before_are_left_out() -> None:
    user = {"username": "kubernetes-admin"}
    lines = event("create", EVICTION, user=user) + event("get", EVICTION, objectRef=None)
    assert read(lines, NOW).requests == ()
    assert read(event("create", EVICTION), NOW + timedelta(microseconds=1)).requests == ()


def test_a_line_that_is_still_being_written_is_not_read() -> None:
    lines = event("create", EVICTION)
    assert len(read(lines + lines[:-1], NOW).requests) == 1


@pytest.mark.parametrize("verb", ["create", "patch"])
def test_bindings_are_read_whoever_changes_them_and_since_ever_but_not_when_it_failed(verb: str) -> None:
    binding = ("rbac.authorization.k8s.io", "clusterrolebindings", "", "", OPERATOR)
    admin: dict[str, Any] = {"user": {"username": "kubernetes-admin"}}
    later = (NOW + timedelta(seconds=1)).isoformat()
    lines = [
        event(verb, binding, 201, requestReceivedTimestamp=later, **admin),
        event("delete", binding, **admin),
        event("delete", binding, 404, **admin),
    ]
    assert read("".join(lines), NOW + timedelta(hours=1)).bindings == (
        BindingChange(OPERATOR, NOW, comes=False),
        BindingChange(OPERATOR, NOW + timedelta(seconds=1), comes=True),
    )
