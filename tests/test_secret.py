from __future__ import annotations

import copy
import json
import pickle

import pytest

from setup_wizard.secret import MASK, Secret

CANARY = "c4nary"
SECRET = Secret(CANARY)


@pytest.mark.parametrize(
    "printed",
    [str(SECRET), repr(SECRET), f"{SECRET}", f"{SECRET!r:>20}", f"{SECRET:>9}", str([SECRET])],
)  # fmt: skip
def test_every_way_of_printing_masks_it(printed: str) -> None:
    assert MASK in printed
    assert CANARY not in printed


def test_it_is_revealed_only_when_asked() -> None:
    assert SECRET.reveal() == CANARY
    assert not hasattr(SECRET, "__dict__")


def test_it_leaves_the_program_in_no_other_way() -> None:
    for leave in (pickle.dumps, json.dumps, copy.deepcopy):
        with pytest.raises(TypeError) as caught:
            leave(SECRET)
        assert CANARY not in str(caught.value)


def test_equal_secrets_are_equal_and_no_text_is_one() -> None:
    assert Secret(CANARY) == SECRET
    assert len({Secret(CANARY), SECRET}) == 1
    assert Secret("other") != SECRET
    assert CANARY != SECRET


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert SECRET
