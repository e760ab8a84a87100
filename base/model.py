"""A lean Llama in plain torch for pretraining on one CPU core, exported to the Hugging Face layout.

The weights of all layers are stacked, so that Muon orthogonalizes them in few batched multiplies.
Query, key and value come from one multiply, gate and up from another; the head runs only where a
token is supervised. ``export_state`` gives the tensors of ``LlamaForCausalLM`` (same numbers).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the model; ``hidden`` must be ``heads * head_dim``."""

    vocab: int = 2048
    hidden: int = 128
    layers: int = 6
    heads: int = 4
    head_dim: int = 32
    ffn: int = 352
    theta: float = 10_000.0
    eps: float = 1e-5
    max_positions: int = 1024


def before_attention(
    x: Tensor, wqkv: Tensor, norm: Tensor, cos: Tensor, sin: Tensor, heads: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Norm, projection and rotation. x: (B, T, H) -> three of (B, heads, T, D)."""
    b, t, hidden = x.shape
    h = F.rms_norm(x, (hidden,), norm, eps)
    qkv = F.linear(h, wqkv).view(b, t, 3, heads, hidden // heads)
    qk, v = qkv[:, :, :2], qkv[:, :, 2]
    half = hidden // heads // 2
    swapped = torch.cat([qk[..., half:], qk[..., :half]], -1)
    qk = qk * cos[:, None, None] + swapped * sin[:, None, None]
    return qk[:, :, 0].transpose(1, 2), qk[:, :, 1].transpose(1, 2), v.transpose(1, 2)


def after_attention(
    x: Tensor, o: Tensor, wo: Tensor, wgu: Tensor, wd: Tensor, norm: Tensor, eps: float
) -> Tensor:
    """Output projection and feed-forward, both with their residual. o: (B, heads, T, D)."""
    b, t, hidden = x.shape
    x = x + F.linear(o.transpose(1, 2).reshape(b, t, hidden), wo)
    h = F.rms_norm(x, (hidden,), norm, eps)
    gate, up = F.linear(h, wgu).chunk(2, -1)
    return x + F.linear(F.silu(gate) * up, wd)


class Llama(nn.Module):
    """Decoder with tied embeddings, RMSNorm, rotary positions and SwiGLU."""

    def __init__(self, shape: Shape, seed: int = 0, *, compiled: bool = False) -> None:
        super().__init__()
        # Attention stays outside of what is compiled: its strides break dynamic shapes on CPU.
        self.before, self.after = before_attention, after_attention
        if compiled:
            self.before = torch.compile(before_attention, dynamic=True)
            self.after = torch.compile(after_attention, dynamic=True)
        self.shape = s = shape
        rng = torch.Generator().manual_seed(seed)

        def normal(*size: int, std: float) -> nn.Parameter:
            return nn.Parameter(torch.randn(*size, generator=rng) * std)

        std = s.hidden**-0.5 * 0.6
        self.embed = normal(s.vocab, s.hidden, std=0.04)
        self.wqkv = normal(s.layers, 3 * s.hidden, s.hidden, std=std)
        self.wo = normal(s.layers, s.hidden, s.hidden, std=std / (2 * s.layers) ** 0.5)
        self.wgu = normal(s.layers, 2 * s.ffn, s.hidden, std=std)
        self.wd = normal(s.layers, s.hidden, s.ffn, std=std / (2 * s.layers) ** 0.5)
        self.norm1 = nn.Parameter(torch.ones(s.layers, s.hidden))
        self.norm2 = nn.Parameter(torch.ones(s.layers, s.hidden))
        self.norm_out = nn.Parameter(torch.ones(s.hidden))
        inv = s.theta ** (-torch.arange(0, s.head_dim, 2).float() / s.head_dim)
        angles = torch.outer(torch.arange(s.max_positions).float(), inv)  # (T, D/2)
        self.register_buffer("cos", torch.cat([angles.cos()] * 2, -1), persistent=False)
        sin = torch.cat([-angles.sin(), angles.sin()], -1)  # sign of rotate_half folded in
        self.register_buffer("sin", sin, persistent=False)

    def hidden_states(self, ids: Tensor) -> Tensor:
        """Final normalized hidden states. ids: (B, T) -> (B, T, H)."""
        s = self.shape
        t = ids.shape[1]
        cos, sin = self.cos[:t], self.sin[:t]
        x = F.embedding(ids, self.embed)
        layers = zip(
            self.wqkv.unbind(0), self.wo.unbind(0), self.wgu.unbind(0), self.wd.unbind(0),
            self.norm1.unbind(0), self.norm2.unbind(0), strict=True,
        )  # fmt: skip
        for wqkv, wo, wgu, wd, n1, n2 in layers:
            q, k, v = self.before(x, wqkv, n1, cos, sin, s.heads, s.eps)
            o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = self.after(x, o, wo, wgu, wd, n2, s.eps)
        return F.rms_norm(x, (s.hidden,), self.norm_out, s.eps)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits at every position: (B, T) -> (B, T, V)."""
        return F.linear(self.hidden_states(ids), self.embed)

    def loss(self, ids: Tensor, targets: Tensor, *, text_weight: float = 0.0) -> Tensor:
        """Mean cross entropy where ``targets >= 0``; ``targets[b, t]`` follows ``ids[b, t]``.

        ``text_weight`` adds the loss where ``targets == -1``, the rest of the text: names that
        return in a question teach copying long before answers do.
        """
        hidden = self.hidden_states(ids).view(-1, self.shape.hidden)
        flat = targets.view(-1)
        if not text_weight:
            keep = (flat >= 0).nonzero().squeeze(1)
            return F.cross_entropy(F.linear(hidden[keep], self.embed), flat[keep])
        following = F.pad(ids[:, 1:], (0, 1)).reshape(-1)
        keep = (flat >= -1).nonzero().squeeze(1)
        each = F.cross_entropy(
            F.linear(hidden[keep], self.embed), following[keep], reduction="none"
        )
        answer = flat[keep] >= 0
        text = each[~answer].sum() / max(1, int((~answer).sum()))
        return each[answer].mean() + text_weight * text


def count_parameters(model: Llama) -> dict[str, int]:
    total = sum(p.numel() for p in model.parameters())
    return {"total": total, "embedding": model.embed.numel(), "body": total - model.embed.numel()}


def export_state(model: Llama) -> dict[str, Tensor]:
    """The tensors under their Hugging Face names."""
    s = model.shape
    state = {"model.embed_tokens.weight": model.embed, "model.norm.weight": model.norm_out}
    for i in range(s.layers):
        head = f"model.layers.{i}."
        q, k, v = model.wqkv[i].view(3, s.hidden, s.hidden).unbind(0)
        gate, up = model.wgu[i].chunk(2, 0)
        state |= {
            head + "self_attn.q_proj.weight": q,
            head + "self_attn.k_proj.weight": k,
            head + "self_attn.v_proj.weight": v,
            head + "self_attn.o_proj.weight": model.wo[i],
            head + "mlp.gate_proj.weight": gate,
            head + "mlp.up_proj.weight": up,
            head + "mlp.down_proj.weight": model.wd[i],
            head + "input_layernorm.weight": model.norm1[i],
            head + "post_attention_layernorm.weight": model.norm2[i],
        }
    return {k: v.detach().clone().contiguous() for k, v in state.items()}


def hf_config(shape: Shape, *, pad: int, eos: int) -> dict[str, object]:
    """The ``config.json`` of transformers."""
    rope = {"rope_type": "default", "rope_theta": shape.theta}
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": shape.vocab,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.ffn,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": shape.max_positions,
        "rms_norm_eps": shape.eps,
        "rope_theta": shape.theta,
        "rope_parameters": rope,
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "use_cache": True,
        "pad_token_id": pad,
        "eos_token_id": eos,
        "bos_token_id": None,
        "dtype": "float32",
        "torch_dtype": "float32",
    }
