"""A model taken apart: the tensors and numbers of a Llama-like decoder, nothing copied.

Llama, Mistral, Qwen2 and Qwen3 are one and the same network with a few switches (biases, norms on
queries and keys, tied head). What deviates is refused with the reason, and the plain path is taken.

>>> parts = read_parts(model)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    import torch

    from realift.engine.weights import Weights

KNOWN = ("LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM")
# These depend on positions alone; "dynamic" and "longrope" look at the length of the batch.
KNOWN_ROPE = ("default", "linear", "llama3", "yarn")
_laid_out: WeakKeyDictionary[Any, dict[Any, Weights]] = WeakKeyDictionary()  # base: packed weights


@dataclass(slots=True, kw_only=True)
class Linear:
    """``y = x W^T + bias + scale * dropout(x) A^T B^T``, the LoRA part only where there is one.

    ``lora_a`` and ``lora_b`` are peft's own parameters: who writes their ``.grad`` trains them.
    """

    weight: torch.Tensor  # (out, in)
    bias: torch.Tensor | None  # (out,)
    lora_a: torch.Tensor | None = None  # (r, in)
    lora_b: torch.Tensor | None = None  # (out, r)
    scale: float = 0.0
    dropout: float = 0.0  # probability

    @property
    def adapted(self) -> bool:
        return self.lora_a is not None


@dataclass(slots=True, kw_only=True)
class Layer:
    """One decoder layer. Norm weights are (hidden,), those of queries and keys (head_dim,)."""

    input_norm: torch.Tensor
    post_norm: torch.Tensor
    q: Linear
    k: Linear
    v: Linear
    o: Linear
    gate: Linear
    up: Linear
    down: Linear
    q_norm: torch.Tensor | None
    k_norm: torch.Tensor | None
    window: int | None  # how many positions back a query sees, itself included; None = all

    @property
    def linears(self) -> tuple[Linear, ...]:
        return (self.q, self.k, self.v, self.o, self.gate, self.up, self.down)

    @property
    def adapted(self) -> bool:
        return any(linear.adapted for linear in self.linears)


@dataclass(slots=True, kw_only=True)
class Parts:
    """The whole decoder. ``head`` may be the same tensor as ``embed`` (tied).

    ``rope(positions)``: ``(T,)`` positions to cos and sin, each ``(T, head_dim)`` in the model's
    dtype. ``eps`` is that of every norm; the activation is always ``silu`` (others are refused).
    ``laid_out``: packed weights of the base, made once for all that is read from it
    (``weights.packed_weights_of``). Whoever needs the memory may clear it.
    """

    embed: torch.Tensor  # (V, hidden)
    layers: tuple[Layer, ...]
    norm: torch.Tensor  # (hidden,)
    head: torch.Tensor  # (V, hidden)
    rope: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
    eps: float
    n_heads: int
    n_kv_heads: int
    head_dim: int
    hidden: int
    intermediate: int
    scaling: float  # of the attention scores, head_dim ** -0.5
    laid_out: dict[Any, Weights] = field(default_factory=dict, repr=False, compare=False)

    @property
    def window(self) -> int | None:
        """The shortest attention window of any layer; None = every layer sees everything."""
        windows = [layer.window for layer in self.layers if layer.window is not None]
        return min(windows) if windows else None

    @property
    def n_layer_weights(self) -> int:
        """Numbers in the base's linear layers, all decoder layers together."""
        return sum(linear.weight.numel() for layer in self.layers for linear in layer.linears)

    @property
    def adapter_parameters(self) -> list[torch.Tensor]:
        """Every LoRA matrix, A before B, layer by layer."""
        linears = [linear for layer in self.layers for linear in layer.linears]
        return [t for n in linears for t in (n.lora_a, n.lora_b) if t is not None]

    @property
    def first_adapted(self) -> int:
        """Index of the first layer with an adapter (``len(layers)`` if there is none)."""
        found = (i for i, layer in enumerate(self.layers) if layer.adapted)
        return next(found, len(self.layers))


class Unfit(Exception):
    """This model is not one of those the engine knows; the message says why."""


def read_parts(model: Any) -> Parts | None:
    """The parts of a plain or PEFT-wrapped model, or None: then only the plain path is exact.

    Reading is not proof. Use ``agrees(model, parts)`` once before relying on it.
    """
    found = parts_or_reason(model)
    return None if isinstance(found, str) else found


def parts_or_reason(model: Any) -> Parts | str:
    """As ``read_parts``, with the reason instead of None: a clause such as "it is a Gemma..."."""
    try:
        return _read(model)
    except Unfit as err:
        return str(err)


def _inner(model: Any) -> Any:
    """The base in a ``PeftModel``, or the model itself."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _read(model: Any) -> Parts:
    inner = _inner(model)
    kind = type(inner).__name__
    if kind not in KNOWN:
        raise Unfit(
            f"{kind} is not among {', '.join(k.removesuffix('ForCausalLM') for k in KNOWN)}"
        )
    config = inner.config
    if config.hidden_act != "silu":
        raise Unfit(f"its activation is {config.hidden_act}, not silu")
    rope_type = inner.model.rotary_emb.rope_type
    if rope_type not in KNOWN_ROPE:
        raise Unfit(f"its rotary embedding ({rope_type}) depends on more than the position")
    if getattr(config, "attention_dropout", 0.0):
        raise Unfit("it drops out attention weights in training")
    for name, module in inner.named_modules():
        if module._forward_hooks or module._forward_pre_hooks or hasattr(module, "_hf_hook"):
            raise Unfit(f"something is hooked into {name or 'the model'}")
        if type(module).__name__ in ("ModulesToSaveWrapper", "TrainableTokensWrapper"):
            raise Unfit(f"{name} is trained whole")
    embed, head = inner.model.embed_tokens, inner.lm_head
    for name, module in (("embed_tokens", embed), ("lm_head", head)):
        if type(module).__name__ not in ("Embedding", "Linear") or hasattr(module, "lora_A"):
            raise Unfit(f"{name} is a {type(module).__name__}")
    if getattr(head, "bias", None) is not None:
        raise Unfit("its output head has a bias")
    rotary = inner.model.rotary_emb

    def rope(positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        like = embed.weight.new_empty(0)
        cos, sin = rotary(like, positions[None])
        return cos[0], sin[0]

    head_dim = int(
        getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    )
    return Parts(
        embed=embed.weight,
        layers=tuple(_layer(layer) for layer in inner.model.layers[: config.num_hidden_layers]),
        norm=inner.model.norm.weight,
        head=head.weight,
        rope=rope,
        eps=float(config.rms_norm_eps),
        n_heads=int(config.num_attention_heads),
        n_kv_heads=int(config.num_key_value_heads),
        head_dim=head_dim,
        hidden=int(config.hidden_size),
        intermediate=int(config.intermediate_size),
        scaling=head_dim**-0.5,
        laid_out=_laid_out.setdefault(inner, {}),
    )


def _layer(layer: Any) -> Layer:
    attention, mlp = layer.self_attn, layer.mlp
    window = getattr(attention, "sliding_window", None)
    if window is None and type(attention).__name__ == "MistralAttention":
        window = attention.config.sliding_window
    return Layer(
        input_norm=layer.input_layernorm.weight,
        post_norm=layer.post_attention_layernorm.weight,
        q=_linear(attention.q_proj),
        k=_linear(attention.k_proj),
        v=_linear(attention.v_proj),
        o=_linear(attention.o_proj),
        gate=_linear(mlp.gate_proj),
        up=_linear(mlp.up_proj),
        down=_linear(mlp.down_proj),
        q_norm=attention.q_norm.weight if hasattr(attention, "q_norm") else None,
        k_norm=attention.k_norm.weight if hasattr(attention, "k_norm") else None,
        window=window,
    )


def _linear(module: Any) -> Linear:
    """A ``torch.nn.Linear``, or peft's LoRA around one."""
    if not hasattr(module, "lora_A"):
        return _plain_linear(module)
    out = _plain_linear(module.base_layer)
    if module.disable_adapters:
        return out
    if module.merged:
        raise Unfit("an adapter is merged into it")
    names = [name for name in module.active_adapters if name in module.lora_A]
    if len(names) > 1:
        raise Unfit("several adapters are active at once")
    if not names:
        return out
    name = names[0]
    a, b = module.lora_A[name], module.lora_B[name]
    if module.lora_variant or getattr(b, "bias", None) is not None:
        raise Unfit("its adapter is a variant of LoRA (DoRA, a bias or the like)")
    if a.weight.device != out.weight.device:
        raise Unfit("adapter and base lie on different devices")
    out.lora_a, out.lora_b = a.weight, b.weight
    out.scale = float(module.scaling[name])
    out.dropout = float(getattr(module.lora_dropout[name], "p", 0.0))
    return out


def _plain_linear(module: Any) -> Linear:
    kind = type(module).__name__
    if kind != "Linear" or not module.weight.is_floating_point() or module.weight.ndim != 2:
        raise Unfit(f"its weights lie in a {kind}")
    return Linear(weight=module.weight, bias=module.bias)


# --- proof ---------------------------------------------------------------------------------------

PROBE_LENGTHS = (7, 12, 3)
_known: WeakKeyDictionary[Any, dict[Any, bool]] = WeakKeyDictionary()  # base: kind of adapter
TOLERANCE = {"float32": 1e-4, "float64": 1e-8}  # of the largest logit; half precision: 0.06


def agrees(model: Any, parts: Parts, *, lengths: Sequence[int] = PROBE_LENGTHS) -> bool:
    """Whether the engine's logits are the model's own, on a few packed rows of random tokens.

    Rows of different lengths lie in one pack, two of them sharing their beginning, so that a wrong
    mask, position, norm or bias shows. Dropout is off on both sides. A fresh adapter adds nothing
    (its B is 0): B is then filled for the time of the comparison, so that its place and scale
    show too.
    """
    import torch

    generator = torch.Generator().manual_seed(0)
    vocabulary = parts.embed.shape[0]
    rows = [torch.randint(vocabulary, (n,), generator=generator).tolist() for n in lengths]
    rows.append(rows[0][: max(1, len(rows[0]) // 2)] + rows[1])
    fresh = [
        linear.lora_b
        for layer in parts.layers
        for linear in layer.linears
        if linear.lora_b is not None and not bool(linear.lora_b.any())
    ]
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for b in fresh:
                b.copy_(torch.randn(b.shape, generator=generator) * 0.02)
        return _same_logits(model, parts, rows)
    finally:
        model.train(was_training)
        with torch.no_grad():
            for b in fresh:
                b.zero_()


def kind_of(parts: Parts) -> Any:
    """What adapters have in common that are computed in the same way: matrices of the same shapes
    at the same places (every fold, seed and arm of a run), on the same device."""
    linears = [linear for layer in parts.layers for linear in layer.linears]
    adapters = [(n.scale, a.dtype, a.shape) if (a := n.lora_a) is not None else None
                for n in linears]  # fmt: skip
    return (parts.embed.device, parts.embed.dtype, *adapters)


def agrees_once(model: Any, parts: Parts) -> bool:
    """As ``agrees``, asked once in a process for each base and kind of adapter."""
    known, kind = _known.setdefault(_inner(model), {}), kind_of(parts)
    if kind not in known:
        known[kind] = agrees(model, parts)
    return known[kind]


def _same_logits(model: Any, parts: Parts, rows: Sequence[Sequence[int]]) -> bool:
    import torch

    from realift.engine.forward import logits_of_rows

    with torch.inference_mode():
        pairs = zip(logits_of_rows(parts, rows), model_logits(model, rows), strict=True)
        return all(close(ours, theirs, parts.embed.dtype) for ours, theirs in pairs)


def model_logits(model: Any, rows: Sequence[Sequence[int]]) -> list[torch.Tensor]:
    """The model's own float32 logits (tokens, V) of rows of token ids, read as one batch.

    The rows are filled up at their ends, where no token of theirs looks.
    """
    import torch

    ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
    with torch.inference_mode():
        logits = model(input_ids=ids.to(model.device), use_cache=False).logits.float()
    return [logits[i, : len(row)] for i, row in enumerate(rows)]


def close(ours: torch.Tensor, theirs: torch.Tensor, dtype: torch.dtype) -> bool:
    """Whether logits differ by no more than float error of ``dtype``."""
    limit = TOLERANCE.get(str(dtype).removeprefix("torch."), 0.06)
    error = float((theirs - ours.float()).abs().max())
    return error <= limit * float(theirs.abs().max())
