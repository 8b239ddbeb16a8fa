"""What was made of the very same object is not made again, and of an equal one it is."""

from fogline.memo import Memo


def test_what_was_made_of_an_object_is_kept_for_that_object_only() -> None:
    memo: Memo[list[int], int] = Memo(most=10)
    one, equal = [1, 2], [1, 2]
    assert memo.get(one, sum) == memo.get(equal, len) + 1 == 3
    assert memo.get(one, len) == 3


def test_what_was_not_asked_for_longest_makes_place() -> None:
    memo: Memo[list[int], int] = Memo(most=2)
    first, second, third = [1], [2], [3]
    for one in (first, second, first, third):
        memo.get(one, sum)
    assert memo.get(first, len) == 1
    assert memo.get(second, lambda _: 99) == 99
