"""Checkers of notebook 08."""

import numpy as np

from .checker import checker, close_hint, percentage, predicted


@checker
def attend(answer):
    """Exercise 8.1, attention by hand."""
    random = np.random.default_rng(1)
    for tokens, width, inner in ((4, 4, 4), (5, 6, 3)):
        x = random.normal(size=(tokens, width))
        query, key, value = random.normal(size=(3, width, inner))
        asked, offered, handed = x @ query, x @ key, x @ value
        scores = asked @ offered.T
        root = np.sqrt(inner)
        wrong = {
            "those are the shares: the tokens that they are shares of are missing": _shares(scores / root),
            "scores are divided by √d, d numbers in a query; yours are not": _shares(scores) @ handed,
            "divide by √d, not by d": _shares(scores / inner) @ handed,
            "d is how many numbers a query has, not how many tokens there are": _shares(scores / tokens**0.5) @ handed,
            "each token's shares add up to 1 along its row, axis 1": _shares(scores.T / root).T @ handed,
            "queries ask, keys answer: yours are exchanged": _shares(scores.T / root) @ handed,
            "what is handed over is x @ value, not x": _shares(scores / root) @ x,
            "the scores as they are: softmax makes shares of them": scores / root @ handed,
        }
        expected = _shares(scores / root) @ handed
        wrong = {hint: value for hint, value in wrong.items() if value.shape == expected.shape}
        if hint := close_hint(answer(x, query, key, value), expected, wrong):
            return hint
    return None


@checker
def maps_by_origin(answer):
    """Exercise 8.2, the same logits, by origin."""
    random = np.random.default_rng(2)
    for tokens in (4, 7):
        shares = _shares(random.normal(size=(tokens, tokens)))
        values, kernel = random.normal(size=(tokens, 3)), random.normal(size=(3, 5))
        votes = values @ kernel
        expected = shares.sum(axis=0)[:, None] * votes
        wrong = {
            "those are the maps by place of arrival: class votes of what each token received": shares @ votes,
            "each token's votes, as if each were taken once: add what all tokens take of it, axis 0": votes,
            "add, do not average, what all tokens take of one: the map's mean divides already": expected / tokens,
            "one number a class came out: leave the tokens apart": expected.sum(axis=0),
        }
        if hint := close_hint(answer(shares, values, kernel), expected, wrong,
                              "exchange the sums over i and over j, and collect what belongs to token j"):
            return hint
    return None


@checker
def erased_patch(answer, share):
    """Exercise 8.3, one patch erased."""
    misled = {
        "A": "that holds for a network whose cells see a window each; what does a token's mean of shares see?",
        "B": "the formula knows no neighbours, positions do, and training could have learnt it: measure it",
        "D": "the other tokens took a share of it: if it changes, do they?",
    }
    percent = percentage(predicted(answer(), "C", misled, '("A", 5)'))
    if abs(percent - share) <= 15:
        return None
    side = "more" if percent < share else "less"
    return f"the letter is right. The change that lies farther away is {side}: where are most of 64 cells?"


@checker
def same_for_all(answer):
    """Exercise 8.4, a map that knows its class?"""
    misled = {
        "A": "it would be as warm if the network were wrong: which part of rollout asks for the answer?",
        "B": "asked for the other digit, would another map come out?",
        "D": "they do: each step's rows add up to 1, and so does the map",
    }
    largest = predicted(answer(), "C", misled, '("A", 1.0)')
    if not isinstance(largest, int | float | np.number):
        return "the letter is right; beside it stands a number, the largest difference"
    return None if abs(largest) < 1e-6 else "the letter is right. But if no class enters, what is the difference?"


def _shares(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
