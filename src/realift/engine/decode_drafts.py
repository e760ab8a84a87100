"""Guesses at what comes next, for free: answers that are known, and the prompt itself.

A guess is only ever checked: the model reads several guessed tokens in one pass and keeps those it
would have written itself, so a wrong guess costs a little time and changes nothing.

Reference: Leviathan et al. (2023), speculative decoding, for the greedy case; Saxena (2023), prompt
lookup, for the guesses.
"""

from __future__ import annotations

from collections.abc import Sequence

_GRAM = 2  # tokens that must agree before what followed them is guessed again
_FIRST, _MOST = 4, 16  # tokens guessed at first, and at most


class Drafter:
    """Guesses for one answer, and how many are worth making.

    Args:
        prompt: ids of the prompt.
        known: token ids of what the answer may be.
        others: answers to the same prompt, which may grow while this one is written.
    """

    def __init__(
        self,
        prompt: Sequence[int],
        known: Sequence[Sequence[int]],
        others: Sequence[Sequence[int]] = (),
    ) -> None:
        self.known, self.others = known, others
        self.places: dict[tuple[int, ...], int] = {}  # where each pair of the prompt was last
        for end in range(_GRAM, len(prompt)):
            self.places[tuple(prompt[end - _GRAM : end])] = end
        self.prompt = prompt
        self.most = _FIRST

    def guess(self, written: Sequence[int], room: int) -> list[int]:
        """Up to ``room`` tokens that may follow ``written``; often none."""
        n = min(room, self.most)
        if n <= 0:
            return []
        at = len(written)
        for one in (*self.others, *self.known):
            if len(one) > at and list(one[:at]) == list(written):
                return list(one[at : at + n])
        if at < _GRAM:
            return []
        tail = tuple(written[-_GRAM:])
        for one in (*self.others, *self.known):
            for end in range(len(one) - 1, _GRAM - 1, -1):
                if tuple(one[end - _GRAM : end]) == tail:
                    return list(one[end : end + n])
        place = self.places.get(tail)
        return [] if place is None else list(self.prompt[place : place + n])

    def learn(self, guessed: int, kept: int) -> None:
        """Guess more after success, less after failure."""
        if guessed:
            self.most = min(_MOST, 2 * self.most) if kept == guessed else max(1, kept + 1)
