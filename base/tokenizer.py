"""The byte-level BPE tokenizer: trained on the generated corpus and on a list of plain words.

Every piece of text between two special tokens starts with a space (a ``Prepend`` normalizer), so
that the first word of an answer is the same token as inside a passage: copying needs no second
spelling of each word. Digits are single tokens.
"""

# ruff: noqa: SIM905 (word lists read better as text)

from __future__ import annotations

import json
from pathlib import Path

from corpus import OTHER_SYSTEMS, SYSTEM, make_sample
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)
from world import World

SPECIALS = ("<|pad|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
PAD, SYSTEM_ID, USER_ID, ASSISTANT_ID, END_ID = range(5)
VOCAB_SIZE = 2048
PATTERN = r" ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- '<|' + message['role'] + '|>' + message['content'] + '<|end|>' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)
# Ordinary words that people use in their own passages: each becomes one or two tokens.
WORDS = """
a about above accept access account across action active add after again age ago agreement air all
allow almost alone along already also always amount an and animal annual another answer any app
apply are area around arrive art as ask at available away back bad bag bank base be because become
before begin behind below best better between bill board body book both bottom box break bring
brother budget build building business but buy by call can cancel car card care case change charge
check child choose city claim class clean clear client close code cold come comment common company
complete computer condition confirm connect contact contain contract control copy cost could count
country course cover create credit customer customers daily damage dark data date day days deal
decide deep delete deliver delivery department description design desk detail device different
digital direct director discount do doctor document documents does done door down draw drink drive
during each early easy eat edge education effect eight either electric else email employee
employees empty end engineer engine enough enter error even evening event every example except
exchange expect expire explain extra eye face fact fail fall family far fast father fee feel few
field file fill final find fine finish fire first five fix floor follow food foot for form found
four free friend from front full game garden gas general get gift give glass go goal good grow
guest guide half hand happen hard have he head health hear heart heat help her here high him his
history hold holiday home hot hotel hour hours house how however human hundred idea if image
important in include included increase information inside install insurance into invoice is issue
it item items its job join just keep key kind kitchen know lab land language large last late law
lead learn least leave left legal less let letter level license life light like limit line link
list little live local location log long look lose loss lot love low lunch made main make man
manager manual many map market material may me mean measure medical meet meeting member members
memory message method middle might mind minute minutes miss mobile model money month months more
morning most mother move much music must my name near need network never new next night nine no
none normal north not note nothing notice now number object of off offer office often oil old on
once one online only open operation option or order orders other our out over own owner package
page paid paper parent park part partner party pass password past pay payment people per period
permission person phone photo pick picture piece place plan plane plant play please point policy
possible post power present press price print privacy problem process product products program
project protect provide public purchase put quality question quick quickly rate reach read ready
real reason receive record reduce refund region register related release remain remember remove
rent repair replace reply report request require required reserve reset respond response rest
result return returns review right risk river road role room round rule rules run safe safety
salary sale same save say school screen sea search season seat second security see sell send senior
sent serve server service services set seven several share she ship shipping shop short should show
side sign simple since single sister sit site six size sleep slow small so social software some
someone son soon sort sound source south space speak special speed spend staff stage standard start
state station stay step still stock stop storage store story street strong student study submit
such summer supplier supply support sure system table take talk task tax teach team technical tell
ten term terms test text than that the their them then there these they thing think third this
those though three through ticket time tired title to today together tomorrow too tool top total
touch tour toward town track trade train training travel tree trip true try turn two type under
until up update upgrade upon urgent us use used user users valid value very version via video view
visit visitor voice wait walk wall want warehouse warm warranty was wash watch water way we
weather web website week weeks weight well were west what when where whether which while white who
whole why wife will window winter with within without woman word work worker workers world worth
would write written wrong year years yes yesterday yet you young your zero zone
""".split()


def training_texts(seed: int, n_samples: int) -> list[str]:
    """Texts of the finished curriculum plus each plain word a few times, inside and capitalized."""
    world = World(f"{seed}/tokenizer")
    texts = [SYSTEM, *OTHER_SYSTEMS]
    for _ in range(n_samples):
        sample = make_sample(world, 0.63)  # the full mixture
        texts.append(" ".join(t.question + " " + t.answer for t in sample.turns[:2]))
        texts.append(sample.passage)
    texts += [" ".join(["", *WORDS])] * (n_samples // 150)
    texts += [" ".join(["", *(w.capitalize() for w in WORDS)])] * (n_samples // 800)
    return texts


def build_tokenizer(seed: int = 0, n_samples: int = 12_000) -> Tokenizer:
    """Train the tokenizer; the same seed gives the same file."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Prepend(" ")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=[AddedToken(t, special=True, normalized=False) for t in SPECIALS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=16,
        show_progress=False,
    )
    tokenizer.train_from_iterator(training_texts(seed, n_samples), trainer)
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path, *, max_length: int = 1024) -> None:
    """Write tokenizer.json, tokenizer_config.json and chat_template.jinja for transformers."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": SPECIALS[PAD],
        "eos_token": SPECIALS[END_ID],
        "additional_special_tokens": list(SPECIALS[1:4]),
        "model_max_length": max_length,
        "padding_side": "left",
        "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "attention_mask"],
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "chat_template.jinja").write_text(TEMPLATE + "\n")
