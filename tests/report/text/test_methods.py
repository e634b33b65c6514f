"""Methods in prose, and what to cite."""

import tomllib
from pathlib import Path

import msgspec

from icl_repro.report.text.cite import bibtex
from icl_repro.report.text.judged import runs_read
from icl_repro.report.text.methods import licences, methods
from icl_repro.verification.basis import Basis, Ingredient
from tests.support.report_fixture import rich_record

ROOT = Path(__file__).resolve().parents[3]


def record(**changes):
    return msgspec.structs.replace(rich_record(), **changes)


def test_they_tell_what_was_done_from_the_record_alone():
    told = "\n".join(methods(rich_record()))
    for part in (
        "10 of 12 claims were verified, each by a test",
        "The tests read 5 training runs.",
        "28 runs were trained in this session and 7 were taken from a store",
        "The profile of the session was “paper”. Seeds 8 and 9 were added after",
        "called supported (refuted) if so many (few) seeds hold",
        "Holm’s correction for so many comparisons",
        "95 % prediction interval (Student’s t) for one more network of ours",
        "Not everything was judged in this session",
        "with Python 3.11.9, jax 0.10.2,",
        "The code is that of commit 06db511c0f with uncommitted changes.",
    ):
        assert part in told
    assert all(paragraph == paragraph.strip() for paragraph in methods(rich_record()))


def test_what_the_record_does_not_tell_is_left_out():
    training = msgspec.structs.replace(rich_record().training, runs_trained=0, runs_reused=0)
    bare = record(claims=[], runs={}, comparisons=None, paper="", seeds=None, training=training)
    assert [paragraph.partition(" ")[0] for paragraph in methods(bare)] == ["The", "The"]


def test_sizes_and_licences_are_told_where_they_are_known():
    ingredient = Ingredient(
        "kitchen", "mine", True, "my kitchen", "CC0", "Me (2020)", {"size": "3"}
    )
    sizes = dict.fromkeys(runs_read(rich_record()), 1_000_000)
    made = record(basis=Basis([ingredient]), run_sizes=sizes)
    assert "Together these are at most 5,000,000 sequences." in methods(made)[1]
    assert "Kitchen: my kitchen (size 3)." in methods(made)[1]
    assert licences(made) == ["Kitchen: my kitchen; licence: CC0; from: Me (2020)."]
    assert licences(rich_record()) == []


def test_the_paper_and_the_suite_can_be_cited():
    told = bibtex(
        record(paper="Singh, Hill and Saxe (2024): Heads & tails? A study. arXiv:2404.07129")
    )
    assert told == (
        "@misc{singh2024,\n"
        "  author = {Singh and Hill and Saxe},\n"
        "  title = {{Heads \\& tails? A study}},\n"
        "  year = {2024},\n"
        "  eprint = {2404.07129},\n"
        "  archivePrefix = {arXiv},\n"
        "}\n\n"
        "@software{icl-repro,\n"
        "  title = {icl-repro: What needs to go right for an induction head?},\n"
        "  version = {0.1.0},\n"
        "  year = {2026},\n"
        "  note = {Run on 21 November 2026, profile paper, commit "
        "06db511c0f2a4a4f0a8d6f3b8f1d7c9e5b3a2d10 with uncommitted changes},\n"
        "}"
    )


def test_the_paper_of_this_repository_is_cited_with_the_full_names_of_its_authors():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    told = bibtex(record(paper=project["tool"]["pytest"]["ini_options"]["icl_paper"]))
    assert told.startswith("@misc{singh2024,")
    authors = "Aaditya K. Singh and Ted Moskovitz and Felix Hill and Stephanie C. Y. Chan and "
    assert f"  author = {{{authors}Andrew M. Saxe}},\n" in told


def test_a_citation_of_another_form_is_given_as_it_stands():
    assert "  note = {Private communication},\n" in bibtex(record(paper="Private communication"))
    assert bibtex(record(paper="")).startswith("@software{")
    doi = bibtex(record(paper="Doe (2020). A title. doi:10.1000/xyz.1"))
    assert "  doi = {10.1000/xyz.1},\n" in doi
    assert "  title = {{A title}},\n" in doi
