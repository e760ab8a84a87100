"""One decode loop for all answers: base and adapters share each weight read; the done make room.

1. Prompts are read in packs without padding; what they have in common is read once, and a prompt
   of which several answers are drawn is read once.
2. Every pass writes the next token of all active rows, whatever variant they belong to.
3. A row that is done leaves at once, and the next prompt takes its place.
4. Where few rows are left, the pass also checks guessed tokens (``decode_drafts``).

>>> decode([base_parts, adapter_parts], requests, stop_ids=(2,), on_answers=print)  # doctest: +SKIP
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realift.engine.decode_cache import Slab, bytes_per_token, length_class
from realift.engine.decode_drafts import Drafter
from realift.engine.decode_replay import SlabPass
from realift.engine.decode_step import SlabStep, Span, next_hidden, read_prompts
from realift.engine.packing import Pack, common_length, joined, lay_out, numbered
from realift.engine.parts import Parts
from realift.engine.weights import packed_weights_of
from realift.model.device import free_bytes

if TYPE_CHECKING:
    import torch

    Draw = Callable[[torch.Tensor, Sequence[str], Sequence[int]], torch.Tensor]
    OnLogits = Callable[[int, int, torch.Tensor], None]

PACK = {"cpu": 1024, "cuda": 8192}  # tokens of prompts read in one pass
MOST_ROWS = {"cpu": 96, "cuda": 256}  # answers written at a time; more rows gain nothing
CACHE_BYTES = {"cpu": 2 << 30, "cuda": 8 << 30}
PASS = 48  # tokens of a pass up to which guessed ones cost little


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A prompt and the answers wanted to it.

    ``variant`` counts the models: 0 is the first of ``decode``'s. ``streams`` name the random
    numbers of the answers to draw; empty = one greedy answer. ``guesses``: token ids of what the
    answer may be, for the greedy one.
    """

    ids: tuple[int, ...]
    max_new_tokens: int
    variant: int = 0
    streams: tuple[str, ...] = ()
    guesses: tuple[tuple[int, ...], ...] = ()

    @property
    def n(self) -> int:
        return max(1, len(self.streams))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``ids`` end before the stop token, of which ``all_ids`` keeps one if it came."""

    request: int
    sample: int  # index into the request's streams
    all_ids: tuple[int, ...]
    stopped: bool  # by a stop token, within the token budget

    @property
    def ids(self) -> tuple[int, ...]:
        return self.all_ids[:-1] if self.stopped else self.all_ids


@dataclass(slots=True, kw_only=True)
class Counts:
    """What a call of ``decode`` did, for tests and benchmarks."""

    passes: int = 0
    tokens: int = 0  # put through the model after the prompts
    prompt_tokens: int = 0
    guessed: int = 0
    kept: int = 0  # of those guessed


@dataclass(slots=True, kw_only=True)
class _Row:
    request: int
    sample: int
    variant: int
    stream: str
    length: int  # tokens whose keys are in the slab
    new: list[int]
    most: int  # new tokens
    slab: Slab
    slot: int
    drafter: Drafter | None


def decode(
    variants: Sequence[Parts],
    requests: Sequence[Request],
    *,
    stop_ids: Sequence[int],
    on_answers: Callable[[Sequence[Answer]], None],
    draw: Draw | None = None,
    max_rows: int | None = None,
    max_pass: int | None = None,
    on_logits: OnLogits | None = None,
    replay: bool | None = None,
) -> Counts:
    """Answer every request; answers are handed over as soon as they are done, in any order.

    Args:
        variants: the same base seen with different adapters (``Parts`` of one set of weights;
            a variant without an adapter is the base).
        draw: (logits (rows, V), streams, tokens written so far) -> token ids; needed where
            requests have streams.
        max_rows: answers written at a time; None = as many as pay and fit.
        max_pass: guessed tokens fill a pass up to this many; 0 = never guess; None = ``PASS``.
        on_logits: for checks; told (request, position, logits (V,)) of every token written, where
            ``position`` is that of the token before it.
        replay: passes of fixed shape (``decode_replay``), without guesses; None = on a GPU.
    """
    loop = _Loop(variants, requests, stop_ids, on_answers, draw)
    kind = variants[0].embed.device.type
    loop.max_rows = max_rows or rows_that_fit(variants[0], requests)
    loop.on_logits = on_logits
    loop.max_pass = PASS if max_pass is None else max_pass
    loop.max_prompts = PACK.get(kind, PACK["cpu"])
    if replay or (replay is None and kind == "cuda"):
        loop.replay_passes()
    return loop.run()


def rows_that_fit(parts: Parts, requests: Sequence[Request]) -> int:
    """Answers to write at a time: as many as pay, in a bounded amount of memory."""
    kind = parts.embed.device.type
    longest = max((length_class(len(r.ids)) + r.max_new_tokens for r in requests), default=1)
    memory = min(
        CACHE_BYTES.get(kind, CACHE_BYTES["cpu"]), free_bytes(str(parts.embed.device)) // 2
    )
    room = memory // (longest * bytes_per_token(parts))
    return int(max(4, min(MOST_ROWS.get(kind, MOST_ROWS["cpu"]), room)))


class _Loop:
    on_logits: OnLogits | None
    max_rows: int
    max_pass: int
    max_prompts: int
    one_slab: int = 0  # length of the only slab, if passes are replayed
    slab_pass: SlabPass | None = None

    def __init__(
        self,
        variants: Sequence[Parts],
        requests: Sequence[Request],
        stop_ids: Sequence[int],
        on_answers: Callable[[Sequence[Answer]], None],
        draw: Draw | None,
    ) -> None:
        self.variants, self.requests = variants, requests
        self.base = variants[0]
        self.weights = packed_weights_of(self.base)
        self.stops = frozenset(stop_ids)
        self.on_answers, self.draw = on_answers, draw
        self.rows: dict[int, _Row] = {}
        self.slabs: dict[int, Slab] = {}
        self.n_started = 0
        self.counts = Counts()
        self.written: dict[tuple[int, ...], list[list[int]]] = {}  # greedy answers to a prompt
        # Longest first, so that memory peaks at once; prompts that begin alike are neighbors.
        order = sorted(
            range(len(requests)),
            key=lambda i: (-length_class(len(requests[i].ids)), requests[i].ids),
        )
        self.waiting = deque((i, sample) for i in order for sample in range(requests[i].n))
        self.of_class = Counter(self._class(i) for i, _ in self.waiting)
        self.most_new = max((r.max_new_tokens for r in requests), default=1)

    def replay_passes(self) -> None:
        """All rows in one slab, so that every pass has the same shapes."""
        self.max_pass = 0
        self.one_slab = max((self._class(i) for i, _ in self.waiting), default=0)
        self.of_class = Counter({self.one_slab: len(self.waiting)})

    def run(self) -> Counts:
        while self.waiting or self.rows:
            free = self.max_rows - len(self.rows)
            if self.waiting and (not self.rows or 4 * free >= self.max_rows):
                self._admit(free)
            elif self.one_slab:
                self._replay()
            else:
                self._step()
        return self.counts

    def _class(self, request: int) -> int:
        return self.one_slab or length_class(len(self.requests[request].ids))

    # --- prompts -------------------------------------------------------------------------------

    def _admit(self, free: int) -> None:
        """Read one pack of prompts and write the first token of each of their answers."""
        places: dict[int, list[int]] = {}  # request: its samples
        n_tokens = 0
        before: dict[int, tuple[int, ...]] = {}  # the prompt of each variant laid down last
        while self.waiting and free > 0:
            number, sample = self.waiting[0]
            request = self.requests[number]
            if number not in places:
                cost = len(request.ids) - common_length(
                    before.get(request.variant, ()), request.ids
                )
                if places and n_tokens + cost > self.max_prompts:
                    break
                n_tokens += cost
                before[request.variant] = request.ids
            self.waiting.popleft()
            places.setdefault(number, []).append(sample)
            free -= 1
        self._read(places)

    def _read(self, places: dict[int, list[int]]) -> None:
        import torch

        packs: list[Pack] = []
        spans: list[Span] = []
        order: list[int] = []
        at = 0
        for variant in sorted({self.requests[i].variant for i in places}):
            mine = [i for i in places if self.requests[i].variant == variant]
            order += mine
            packs.append(lay_out([self.requests[i].ids for i in mine]))
            spans.append(self._span(at, at + packs[-1].n_tokens, variant))
            at += packs[-1].n_tokens
        pack = joined(packs)
        where = dict(zip(order, pack.places, strict=True))
        device = self.base.embed.device
        self.counts.prompt_tokens += pack.n_tokens
        ends, at_end = numbered(where[i][-1] for i in places)
        hidden, keys, values = read_prompts(self.base, pack, spans, self.weights, wanted=ends)
        rows = [(i, sample) for i, samples in places.items() for sample in samples]
        logits = self._logits(hidden[at_end])
        of_row = [n for n, samples in enumerate(places.values()) for _ in samples]
        streams = [self._stream(i, sample) for i, sample in rows]
        first = self._pick(logits, of_row, streams, [0] * len(rows))
        for n, ((i, sample), token) in enumerate(zip(rows, first, strict=True)):
            if self.on_logits:
                self.on_logits(i, len(self.requests[i].ids) - 1, logits[of_row[n]])
            index = torch.tensor(where[i], device=device)
            self._enter(i, sample, keys[:, index], values[:, index])
            self._take([(self.n_started - 1, [token], 0)])

    def _enter(self, i: int, sample: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        request = self.requests[i]
        size = self._class(i)
        if size not in self.slabs:
            self.slabs[size] = Slab(
                self.base,
                slots=min(self.max_rows, self.of_class[size]),
                length=size + self.most_new,
            )
        slab = self.slabs[size]
        new: list[int] = []
        drafter = None
        if not request.streams:
            others = self.written.setdefault(request.ids, [])
            if self.max_pass:
                drafter = Drafter(request.ids, request.guesses, others)
            others.append(new)
        self.rows[self.n_started] = _Row(
            request=i,
            sample=sample,
            variant=request.variant,
            stream=self._stream(i, sample),
            length=len(request.ids),
            new=new,
            most=request.max_new_tokens,
            slab=slab,
            slot=len(slab.rows),
            drafter=drafter,
        )
        slab.enter(self.n_started, keys, values)
        self.n_started += 1

    # --- answers -------------------------------------------------------------------------------

    def _replay(self) -> None:
        """One pass of fixed shape: the next token of every row."""
        (slab,) = self.slabs.values()
        if self.slab_pass is None:
            self.slab_pass = SlabPass(self.variants, self.weights, slab)
        rows = [self.rows[number] for number in slab.rows]
        logits = self.slab_pass.logits(
            [row.new[-1] for row in rows],
            [row.length for row in rows],
            [row.variant for row in rows],
        )
        self.counts.passes += 1
        self.counts.tokens += len(rows)
        said = self._pick(
            logits,
            range(len(rows)),
            [row.stream for row in rows],
            [len(row.new) for row in rows],
        )
        if self.on_logits:
            for n, row in enumerate(rows):
                self.on_logits(row.request, row.length, logits[n].clone())
        self._take([(number, [said[n]], 1) for n, number in enumerate(list(slab.rows))])

    def _step(self) -> None:
        """One pass: the next token of every row, and as many guessed ones as fit."""
        import torch

        order = sorted(self.rows, key=lambda r: self.rows[r].variant)
        guesses = self._guesses(order)
        ids: list[int] = []
        positions: list[int] = []
        starts: dict[int, int] = {}
        spans: list[Span] = []
        for number in order:
            row = self.rows[number]
            starts[number] = len(ids)
            ids += [row.new[-1], *guesses[number]]
            positions += range(row.length, row.length + 1 + len(guesses[number]))
            if not spans or spans[-1].parts is not self.variants[row.variant]:
                spans.append(self._span(starts[number], len(ids), row.variant))
            spans[-1] = self._span(spans[-1].start, len(ids), row.variant)
        device = self.base.embed.device
        hidden = next_hidden(
            self.base,
            torch.tensor(ids, device=device),
            torch.tensor(positions, device=device),
            [self._slab_step(slab, starts, guesses) for slab in self.slabs.values() if slab.rows],
            spans,
            self.weights,
        )
        self.counts.passes += 1
        self.counts.tokens += len(ids)
        streams, steps = [], []
        for number in order:
            row = self.rows[number]
            streams += [row.stream] * (1 + len(guesses[number]))
            steps += [len(row.new)] * (1 + len(guesses[number]))
        logits = self._logits(hidden)
        said = self._pick(logits, list(range(len(ids))), streams, steps)
        taken = []
        for number in order:
            start, guessed = starts[number], guesses[number]
            kept = 0
            while kept < len(guessed) and guessed[kept] == said[start + kept]:
                kept += 1
            drafter = self.rows[number].drafter
            if drafter is not None:
                drafter.learn(len(guessed), kept)
            if self.on_logits:
                row = self.rows[number]
                for n in range(kept + 1):
                    self.on_logits(row.request, row.length + n, logits[start + n])
            self.counts.guessed += len(guessed)
            self.counts.kept += kept
            taken.append((number, said[start : start + kept + 1], kept + 1))
        self._take(taken)

    def _guesses(self, order: Sequence[int]) -> dict[int, list[int]]:
        left = self.max_pass - len(order)
        out: dict[int, list[int]] = {}
        for place, number in enumerate(order):
            row = self.rows[number]
            share = max(0, left) // (len(order) - place)
            room = min(share, row.most - len(row.new) - 1)
            out[number] = row.drafter.guess(row.new, room) if row.drafter else []
            left -= len(out[number])
        return out

    def _slab_step(
        self, slab: Slab, starts: dict[int, int], guesses: dict[int, list[int]]
    ) -> SlabStep:
        import torch

        width = 1 + max(len(guesses[number]) for number in slab.rows)
        grid: list[int] = []
        tokens: list[int] = []
        places: list[int] = []
        slots: list[int] = []
        positions: list[int] = []
        seen: list[int] = []  # how many keys each place of the grid looks at
        for slot, number in enumerate(slab.rows):
            start, n = starts[number], 1 + len(guesses[number])
            length = self.rows[number].length
            grid += [*range(start, start + n), *[start] * (width - n)]
            seen += [*range(length + 1, length + 1 + n), *[length + 1] * (width - n)]
            tokens += range(start, start + n)
            places += range(slot * width, slot * width + n)
            slots += [slot] * n
            positions += range(length, length + n)
        length = max(seen)
        device, parts = self.base.embed.device, self.base
        n_rows, groups = len(slab.rows), parts.n_heads // parts.n_kv_heads
        limit = torch.tensor(seen, device=device).view(n_rows, 1, 1, width, 1)
        mask = torch.zeros(
            n_rows, parts.n_kv_heads, groups, width, length, dtype=parts.embed.dtype, device=device
        )
        mask.masked_fill_(torch.arange(length, device=device) >= limit, -torch.inf)
        return SlabStep(
            slab=slab,
            width=width,
            length=length,
            grid=torch.tensor(grid, device=device),
            tokens=torch.tensor(tokens, device=device),
            places=torch.tensor(places, device=device),
            slots=torch.tensor(slots, device=device),
            positions=torch.tensor(positions, device=device),
            mask=mask.view(n_rows * parts.n_kv_heads, groups * width, length),
        )

    def _take(self, taken: Sequence[tuple[int, Sequence[int], int]]) -> None:
        """Add (row, tokens, keys now in the slab) to the rows; those that are done leave."""
        over = []
        for number, tokens, n_keys in taken:
            row = self.rows[number]
            row.length += n_keys
            for token in tokens:
                row.new.append(token)
                if token in self.stops or len(row.new) == row.most:
                    over.append(number)
                    break
        # Only now: a row that moves takes along the keys that this pass has added.
        done = [self._leave(number) for number in over]
        if done:
            self.on_answers(done)

    def _leave(self, number: int) -> Answer:
        row = self.rows.pop(number)
        slab = row.slab
        last = slab.rows[-1]
        moved = self.rows[last].length if last != number else 0
        slab.leave(row.slot, moved_length=moved)
        if last != number:
            self.rows[last].slot = row.slot
        size = self._class(row.request)
        self.of_class[size] -= 1
        if not self.of_class[size]:
            del self.slabs[size]
        stopped = row.new[-1] in self.stops
        return Answer(
            request=row.request, sample=row.sample, all_ids=tuple(row.new), stopped=stopped
        )

    # --- small things --------------------------------------------------------------------------

    def _span(self, start: int, end: int, variant: int) -> Span:
        parts = self.variants[variant]
        return Span(start=start, end=end, parts=parts)

    def _stream(self, request: int, sample: int) -> str:
        streams = self.requests[request].streams
        return streams[sample] if streams else ""

    def _logits(self, hidden: torch.Tensor) -> torch.Tensor:
        import torch

        with torch.inference_mode():
            return self.weights.head.forward(hidden)

    def _pick(
        self, logits: torch.Tensor, rows: Sequence[int], streams: Sequence[str],
        steps: Sequence[int],
    ) -> list[int]:  # fmt: skip
        """The next token of each of ``rows`` of the logits: the likeliest, or a drawn one."""
        drawn = [n for n, stream in enumerate(streams) if stream]
        best: list[int] = logits.argmax(dim=-1).tolist() if len(drawn) < len(rows) else []
        out = [best[r] if best else -1 for r in rows]
        if drawn:
            assert self.draw is not None, "requests with streams need a way to draw"
            tokens = self.draw(
                logits[[rows[n] for n in drawn]],
                [streams[n] for n in drawn],
                [steps[n] for n in drawn],
            ).tolist()
            for n, token in zip(drawn, tokens, strict=True):
                out[n] = token
        return out
