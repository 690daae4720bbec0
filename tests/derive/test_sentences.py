"""Which sentences of refused calls are kept as the constraints of an entry."""

from __future__ import annotations

from tests.derive.sentences import MOST, choose_sentences, cut_subject, find_constraint


def test_sentences_of_one_constraint_count_together() -> None:
    counted = {
        "expects 3 features in the last dimension and got 12: float32[2, 12]": 1,
        "expects 3 features in the last dimension and got 2: float32[2]": 2,
        "takes floats and got int64[2]": 2,
    }
    assert choose_sentences(counted) == (
        "expects 3 features in the last dimension and got 2: float32[2]",
        "takes floats and got int64[2]",
    )


def test_what_the_signature_says_is_left_out() -> None:
    told = (
        "needs a tensor as input, not 2",
        "needs an input",
        "takes 1 input and got 2",
        "needs dim and index",
    )
    assert choose_sentences(dict.fromkeys(told, 5)) == ()
    assert find_constraint("needs a vector as vec2 and got T") != ""
    assert find_constraint("needs tensors of one number of dimensions and got float32[1] and float32[]") != ""


def test_the_most_frequent_are_kept() -> None:
    counted = {f"expects {word} sizes": count for count, word in enumerate("abcdefgh")}
    assert choose_sentences(counted) == tuple(f"expects {word} sizes" for word in "hgfedcba"[:MOST])


def test_a_sentence_stands_without_its_subject() -> None:
    assert (
        cut_subject("cat needs one tensor at least and got none", "cat")
        == "needs one tensor at least and got none"
    )
    assert cut_subject("PyTorch refuses to make LSTM: input_size must be greater than 0", "LSTM") == (
        "input_size must be greater than 0"
    )
