"""Documents, passages, BM25 and what retrieval does to the questions."""

from __future__ import annotations

import itertools
import sys
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realift.data import bm25, dense
from realift.data.documents import Document, read_documents
from realift.data.passages import OVERLAP, count_words, cut
from realift.data.problems import Findings
from realift.data.retrieve import Store, match_source, open_store, retrieve
from realift.errors import ModelError, UsageError
from realift.types import Passage, Question

Ask = Callable[..., Question]

DOCS = {
    "refunds.md": "# Refunds\n\nRefunds are made within 30 days.\n\nShipping is not refunded.",
    "old/refunds.md": "The first policy said: 14 days for everything.",
    "shipping.txt": "Parcels leave our house in Porto. Express costs 9 euros.",
    "team.html": "<html><head><title>Team</title><style>p{}</style></head><body><nav>Home</nav>"
    "<p>The founder is <b>Carol</b>&nbsp;Weaver.</p><ul><li>Bob sells</li><li>Ann builds</li></ul>"
    "<script>var founder = 'Eve'</script></body></html>",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in DOCS.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "docs"


def pdf(*lines: str) -> bytes:
    """A one-page pdf, written by hand."""
    drawn = " ".join(f"({line}) Tj 0 -14 Td" for line in lines)
    stream = f"BT /F1 12 Tf 72 700 Td {drawn} ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 6\n0000000000 65535 f \n" + table
    return out + head + b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(out)


# --- documents -----------------------------------------------------------------------------------


def test_markdown_text_html_and_pdf_are_read_in_the_order_of_their_paths(folder: Path) -> None:
    (folder / "terms.pdf").write_bytes(pdf("The contract runs for two", "years."))
    found = Findings()
    documents = read_documents(folder, found)
    assert found.problems() == ()
    assert [d.source for d in documents] == [
        "old/refunds.md", "refunds.md", "shipping.txt", "team.html", "terms.pdf",
    ]  # fmt: skip
    texts = {d.source: d.text for d in documents}
    assert texts["refunds.md"] == DOCS["refunds.md"]
    assert "Carol Weaver." in texts["team.html"]
    assert "Bob sells\n\nAnn builds" in texts["team.html"]
    assert not {"Eve", "p{}", "Home"} & set(texts["team.html"].replace("'", " ").split())
    assert " ".join(texts["terms.pdf"].split()) == "The contract runs for two years."


def test_what_cannot_be_read_is_said_and_the_rest_is_kept(folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"no pdf at all")
    (folder / "latin.txt").write_bytes("Größe".encode("latin-1"))
    (folder / "blank.md").write_text(" \n")
    (folder / "logo.png").write_bytes(b"x")
    (folder / ".hidden.md").write_text("secret")
    found = Findings()
    assert len(read_documents(folder, found)) == len(DOCS)
    said = {(p.severity, p.code, p.where.file if p.where else "") for p in found.problems()}
    assert said == {
        ("warning", "unreadable-document", "broken.pdf"),
        ("warning", "unreadable-document", "latin.txt"),
        ("warning", "empty-document", "blank.md"),
        ("note", "skipped-documents", str(folder)),
    }


@pytest.mark.parametrize(("name", "code"), [("none", "no-such-folder"), ("x", "no-documents")])
def test_a_folder_without_documents_is_an_error(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "x").mkdir()
    found = Findings()
    assert read_documents(tmp_path / name, found) == ()
    assert [p.code for p in found.problems()] == [code]


@pytest.mark.parametrize(("name", "package"), [("a.pdf", "pypdf"), ("a.html", "beautifulsoup4")])
def test_a_missing_library_is_named_with_the_way_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    (tmp_path / name).write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "pypdf", None)
    monkeypatch.setitem(sys.modules, "bs4", None)
    with pytest.raises(UsageError, match=package) as caught:
        read_documents(tmp_path, Findings())
    assert "pip install 'realift[docs]'" in caught.value.hint


# --- passages ------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["refund", "days", "Porto.", "the", "e.g.", "42", "退款政策在三十天内。", "!"]
)
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", "\n", "\n\n", "  "])), max_size=120).map(
    lambda pairs: "".join(word + space for word, space in pairs)
)


@settings(max_examples=60, deadline=None)
@given(text=TEXTS, words=st.integers(3, 30))
def test_passages_hold_all_of_the_text_and_are_never_too_long(text: str, words: int) -> None:
    chunks = cut(Document(source="a.md", text=text), words=words)
    covered = set[int]()
    for chunk in chunks:
        assert chunk.text == " ".join(text[chunk.start : chunk.end].split())
        assert count_words(chunk.text) <= words
        covered |= set(range(chunk.start, chunk.end))
    assert all(c.isspace() or n in covered for n, c in enumerate(text))
    assert [c.end for c in chunks] == sorted({c.end for c in chunks})  # each brings something new


def test_a_passage_ends_at_a_paragraph_when_it_is_half_full() -> None:
    text = "One two three four five six.\n\nSeven eight nine. Ten eleven twelve."
    first, second = cut(Document(source="a", text=text), words=10)
    assert first.text == "One two three four five six."
    assert second.text == "Seven eight nine. Ten eleven twelve."


def test_what_stands_across_a_border_is_whole_in_one_passage() -> None:
    text = " ".join(f"Sentence number {n} here." for n in range(40))
    chunks = cut(Document(source="a", text=text), words=20)
    for before, after in itertools.pairwise(chunks):
        repeated = before.end - after.start
        assert 0 < repeated <= OVERLAP * len(before.text) + 5


# --- BM25 ----------------------------------------------------------------------------------------


def test_the_order_is_that_of_a_library_against_bm25s() -> None:
    bm25s = pytest.importorskip("bm25s")
    rng = np.random.default_rng(0)
    texts = [
        " ".join(rng.choice(list("abcdefghijkl"), size=rng.integers(3, 30))) for _ in range(40)
    ]
    library = bm25s.BM25(method="lucene", k1=bm25.K1, b=bm25.B)
    library.index([text.split() for text in texts], show_progress=False)
    ours = bm25.build_index(texts)
    for query in ("a b", "c d e f", "l", "a a k"):
        hits = bm25.search(ours, query, 40)
        # bm25s leaves out the constant factor k1 + 1 of the formula; the order is the same.
        theirs = library.get_scores(sorted(set(query.split()))) * (bm25.K1 + 1)
        assert [h.score for h in hits] == pytest.approx([theirs[h.number] for h in hits], rel=1e-5)
        assert {h.number for h in hits} == set(np.flatnonzero(theirs))


def test_equal_scores_keep_the_order_and_strangers_are_no_hits() -> None:
    index = bm25.build_index(["red car", "blue car", "green tree"])
    assert [h.number for h in bm25.search(index, "cars!", 3)] == [0, 1]
    assert bm25.search(index, "boat", 3) == ()
    assert bm25.search(bm25.build_index([]), "car", 3) == ()


# --- questions -----------------------------------------------------------------------------------


def store(folder: Path, words: int = 200) -> Store:
    found = Findings()
    opened = open_store(str(folder), retriever="bm25", words=words, found=found)
    assert found.problems() == ()
    assert opened is not None
    return opened


def test_questions_get_numbered_passages_with_sources_and_their_document_as_group(
    folder: Path, question: Ask
) -> None:
    asked = question("Who is the founder?", "Carol Weaver", expected_source="team.html", group="")
    asked = type(asked)(**{**_fields(asked), "group": _default_group(asked)})
    done = retrieve([asked], store(folder), k=2, found=Findings())
    (got,) = done.questions
    assert got.context.startswith("[1] (team.html) Team The founder is Carol Weaver.")
    assert got.passages[0].source == "team.html"
    assert got.group == "source-team.html"
    row = done.rows[0]
    assert (row.status, row.rank, row.n_expected, row.answer_there) == ("found", 1, 1, True)


def _fields(question: Question) -> dict[str, object]:
    import dataclasses

    return {f.name: getattr(question, f.name) for f in dataclasses.fields(question)}


def _default_group(question: Question) -> str:
    from realift.data.questions import default_group

    return default_group(question.question, "")


def test_a_missed_question_is_kept_apart_and_one_to_refuse_stays(
    folder: Path, question: Ask
) -> None:
    missed = question("What was the first policy?", "14 days", expected_source="team.html")
    refuse = question("Gold?", expected_source="team.html", answerable=False)
    own = question("Price?", "5", context="It costs 5.")
    bare = question("How much is express?", "9 euros")
    found = Findings()
    done = retrieve([missed, refuse, own, bare], store(folder), k=1, found=found)
    assert [q.id for q in done.missed] == [missed.id]
    assert done.missed[0].context  # it can still be shown
    assert [q.id for q in done.questions] == [refuse.id, own.id, bare.id]
    assert done.questions[1] is own
    assert [row.status for row in done.rows] == ["missed", "missed", "unjudged"]
    assert [p.code for p in found.problems()] == ["context-kept"]


def test_the_rank_says_what_more_passages_would_find(folder: Path, question: Ask) -> None:
    asked = question(
        "How many days, by the refunds and shipping policy?",
        "14 days",
        expected_source="old/refunds",
    )
    row = retrieve([asked], store(folder), k=1, found=Findings()).rows[0]
    assert row.status == "missed"
    assert row.rank == 2


def test_an_unknown_source_is_named_with_the_nearest_and_all_unknown_is_an_error(
    folder: Path, question: Ask
) -> None:
    wrong = question("Express?", "9 euros", expected_source="shiping.txt")
    right = question("Who is the founder?", "Carol", expected_source="team")
    found = Findings()
    done = retrieve([wrong, right], store(folder), k=2, found=found)
    assert [row.status for row in done.rows] == ["absent", "found"]
    (problem,) = found.problems()
    assert (problem.severity, problem.code) == ("warning", "unknown-source")
    assert "shipping.txt" in problem.hint
    alone = Findings()
    retrieve([wrong], store(folder), k=2, found=alone)
    assert "no-source-known" in [p.code for p in alone.problems() if p.severity == "error"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("refunds.md", {"refunds.md"}),
        ("./old/refunds.md", {"old/refunds.md"}),
        ("refunds", {"refunds.md"}),
        ("docs/refunds.md", {"refunds.md"}),
        ("Team.HTML", {"team.html"}),
        ("team.html#people", {"team.html"}),
        ("shipping.pdf", {"shipping.txt"}),
        ("nothing", set()),
    ],
)
def test_a_source_is_matched_by_path_end_and_stem(name: str, expected: set[str]) -> None:
    assert match_source(name, DOCS) == expected


def test_alternatives_count_and_ambiguity_is_said(question: Ask) -> None:
    passages = [Passage(text="a", source="x/readme.md"), Passage(text="b", source="y/readme.md")]
    both = Store(
        name="list",
        n_documents=2,
        n_passages=2,
        sources=("x/readme.md", "y/readme.md"),
        search=lambda texts, _: [tuple(passages[1:]) for _ in texts],
    )
    either = question("Q one?", "b", expected_source="x/readme.md; y/readme.md")
    vague = question("Q two?", "b", expected_source="readme.md")
    found = Findings()
    done = retrieve([either, vague], both, k=4, found=found)
    assert [row.status for row in done.rows] == ["found", "found"]
    assert [p.code for p in found.problems()] == ["ambiguous-source"]


# --- by meaning ----------------------------------------------------------------------------------


class FakeEncoder:
    """Texts as counts of three letters, so that likeness is easy to see."""

    def __init__(self, name: str) -> None:
        if name == "none":
            raise OSError("no such model")

    def encode(self, texts: list[str], **_: object) -> np.ndarray:
        counts = np.array([[t.count(c) for c in "abc"] for t in texts], dtype=float)
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


@pytest.fixture
def encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.SimpleNamespace(SentenceTransformer=FakeEncoder)
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)


@pytest.mark.usefixtures("encoders")
def test_a_model_finds_what_is_alike_in_meaning() -> None:
    passages = [Passage(text="aaa"), Passage(text="abab"), Passage(text="ccc")]
    search = dense.dense_search(passages, "fake")
    assert [p.text for p in search(["a"], 2)[0]] == ["aaa", "abab"]
    assert [p.text for p in search(["c"], 1)[0]] == ["ccc"]
    with pytest.raises(ModelError, match="no such model"):
        dense.dense_search(passages, "none")


class FakeCollection:
    name = "handbook"
    rows = (("1", "aaa\nx", {"source": "a.md"}), ("2", "ccc", None), ("3", "b", {"path": "b.md"}))

    def count(self) -> int:
        return len(self.rows)

    def get(self, *, include: list[str], limit: int, offset: int) -> dict[str, object]:
        part = self.rows[offset : offset + limit]
        return {"ids": [r[0] for r in part], "metadatas": [r[2] for r in part]}

    def query(
        self, *, n_results: int, include: list[str], **asked: list[object]
    ) -> dict[str, object]:
        (queries,) = asked.values()
        best = self.rows[:n_results]
        return {
            key: [[row[place] for row in best] for _ in queries]
            for key, place in (("ids", 0), ("documents", 1), ("metadatas", 2))
        }


@pytest.fixture
def chroma(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    class Client:
        def __init__(self, path: str) -> None:
            pass

        def get_collection(self, name: str) -> FakeCollection:
            if name != "handbook":
                raise ValueError(name)
            return FakeCollection()

        def list_collections(self) -> list[FakeCollection]:
            return [FakeCollection()]

    monkeypatch.setitem(sys.modules, "chromadb", types.SimpleNamespace(PersistentClient=Client))
    return tmp_path


@pytest.mark.usefixtures("encoders")
@pytest.mark.parametrize("retriever", ["bm25", "fake"])
def test_a_chroma_collection_is_searched_as_it_is(chroma: Path, retriever: str) -> None:
    opened = open_store(
        f"chroma:{chroma}#handbook", retriever=retriever, words=200, found=Findings()
    )
    assert opened is not None
    assert opened.sources == ("a.md", "2", "b.md")
    assert opened.search(["q"], 20)[0] == (
        Passage(text="aaa x", source="a.md"),
        Passage(text="ccc", source="2"),
        Passage(text="b", source="b.md"),
    )


def test_wrong_collections_are_rejected_with_what_is_there(chroma: Path) -> None:
    with pytest.raises(UsageError) as caught:
        dense.chroma_store(f"{chroma}#hand", "bm25")
    assert "handbook" in caught.value.hint
    for place, message in ((str(chroma), "not named"), ("/none/at/all#x", "no such folder")):
        with pytest.raises(UsageError, match=message):
            dense.chroma_store(place, "bm25")


def test_missing_extras_say_how_to_install_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chromadb", None)
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(UsageError, match="chromadb") as caught:
        dense.chroma_store(".#x", "bm25")
    assert "realift[chroma]" in caught.value.hint
    with pytest.raises(UsageError, match="sentence-transformers") as caught:
        dense.dense_search([Passage(text="a")], "some/model")
    assert "realift[dense]" in caught.value.hint
