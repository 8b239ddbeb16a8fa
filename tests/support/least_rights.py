"""Whether our accounts have the rights that they use, and no others. Pure."""

from collections.abc import Collection, Mapping
from http import HTTPStatus

from dev.chart import NAMESPACE
from tests.support.audit_log import AuditedRequest, AuditLog
from tests.support.operator_process import ENDING_NAMESPACE
from tests.support.rights import Grant, Right

Grants = Mapping[str, Collection[Grant]]
"""What is granted, by account."""
Reasons = Mapping[str, Mapping[Right, str]]
"""By account: rights that a run may not show, and why."""


def refused(log: AuditLog) -> list[str]:
    """Tell of requests for which a right was missing: none while the roles of the account were there."""
    found = {
        f"{one}: {one.message}"
        for one in log.requests
        if _is_refused(one)
        and ENDING_NAMESPACE not in one.message
        and not log.is_unbound(one.account, one.at)
    }
    return sorted(found)


def beyond(log: AuditLog, granted: Grants) -> list[str]:
    """Tell of requests that our roles do not grant, whoever allowed them."""
    found = {
        f"{one}: {right}"
        for one in log.requests
        for right in one.needed
        if not _is_refused(one)
        and not any(grant.covers(right, one.namespace, one.name) for grant in granted.get(one.account, ()))
    }
    return sorted(found)


def idle(log: AuditLog, granted: Grants, rarely: Reasons) -> list[str]:
    """Tell of grants that no request needed, or none as wide as they are, unless there is a reason."""
    found = {
        f"{account}: {grant}"
        for account, grants in granted.items()
        for grant in grants
        if grant.right not in rarely.get(account, ())
        and not any(_needs(one, grant) for one in log.requests if one.account == account)
    }
    return sorted(found)


def unfounded(granted: Grants, rarely: Reasons) -> list[str]:
    """Tell of reasons for what is not granted."""
    found = {
        f"{account}: {right}"
        for account, rights in rarely.items()
        for right in rights.keys() - {grant.right for grant in granted.get(account, ())}
    }
    return sorted(found)


def _is_refused(request: AuditedRequest) -> bool:
    return request.status == HTTPStatus.FORBIDDEN


def _needs(request: AuditedRequest, grant: Grant) -> bool:
    """Tell whether a request shows a grant in use. One for all namespaces is not for our own one alone."""
    is_wide_enough = bool(grant.namespace) or request.namespace != NAMESPACE
    return (
        not _is_refused(request)
        and is_wide_enough
        and any(grant.covers(right, request.namespace, request.name) for right in request.needed)
    )
