"""Ending an engine removes its firewall rules and nobody else's."""

from dev.machine import removals

FILTER = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
:MINE - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -o br-home -j MINE
-A DOCKER-USER -j RETURN
-A MINE -j ACCEPT
COMMIT
""".splitlines()


def test_rules_go_before_the_chains_that_they_point_to() -> None:
    assert removals(FILTER) == [
        ["-D", "FORWARD", "-j", "DOCKER-USER"],
        [
            "-D",
            "FORWARD",
            "-o",
            "docker0",
            "-m",
            "conntrack",
            "--ctstate",
            "RELATED,ESTABLISHED",
            "-j",
            "ACCEPT",
        ],
        ["-D", "FORWARD", "-i", "docker0", "!", "-o", "docker0", "-j", "ACCEPT"],
        ["-F", "DOCKER"],
        ["-F", "DOCKER-USER"],
        ["-X", "DOCKER"],
        ["-X", "DOCKER-USER"],
    ]


def test_without_an_engine_there_is_nothing_to_remove() -> None:
    others = [line for line in FILTER if "DOCKER" not in line and "docker0" not in line]
    assert removals(others) == []
