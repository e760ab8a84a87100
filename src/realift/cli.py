"""The command line: parse, one library call, print, exit code.

Results go to stdout, progress to stderr.

Options are made from the fields of ``Config``: their names, types and help stand there alone.
"""

from __future__ import annotations

import inspect
import io
import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from realift.config import option_default, option_fields, option_type, resolve
from realift.errors import RealiftError, UsageError
from realift.types import RunResult, Verdict

EXIT_NOT_PROVEN, EXIT_REGRESSION, EXIT_INVALID, EXIT_INTERRUPTED = 10, 11, 12, 130
DATA, MODEL, ADAPTER, TRAINING = "data", "model", "adapter", "training"
ANSWERING, VERDICT, OUTPUT = "answering", "verdict", "output"

app = typer.Typer(
    name="realift",
    help="Train a small LoRA adapter on your domain, and find out whether the lift is real.",
    epilog="Start with:  realift run --base tiny --train train.jsonl --eval eval.jsonl",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

FILE = typer.Argument(None, help="A realift.yaml with options.", show_default=False)
JSON = typer.Option(False, "--json", help="Print the result as JSON.")
QUIET = typer.Option(False, "--quiet", "-q", help="No progress; only the result.")
GATE = typer.Option(
    False,
    "--gate",
    help="Exit 0 only for SHIP; 10 not proven, 11 regression, 12 invalid or inert.",
)


def with_options(
    *groups: str, without: tuple[str, ...] = (), also: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one flag per ``Config`` field of these groups, handed over as ``options``.

    ``without`` names fields the command has no use for: a flag that nothing reads is a lie.
    ``also`` names fields of other groups.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = [p for p in inspect.signature(function).parameters.values() if p.name != "options"]
        made = [
            _parameter(f)
            for f in option_fields()
            if f.name in also or (f.metadata["group"] in groups and f.name not in without)
        ]
        names = {p.name for p in made}

        def command(**values: Any) -> None:
            try:
                function(
                    **{k: v for k, v in values.items() if k not in names},
                    options={k: v for k, v in values.items() if k in names and v not in (None, [])},
                )
            except KeyboardInterrupt as err:  # typer would swallow what it says
                _print_error("interrupted", " ".join(map(str, err.args)))
                sys.exit(EXIT_INTERRUPTED)

        command.__name__ = function.__name__
        command.__doc__ = function.__doc__
        command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *made)]
        )
        hints = inspect.get_annotations(function, eval_str=True)
        command.__annotations__ = {p.name: hints[p.name] for p in own} | {
            p.name: p.annotation for p in made
        }
        return command

    return decorate


def _parameter(field: Any) -> inspect.Parameter:
    kind = option_type(field.name)
    flag = "--" + field.name.replace("_", "-")
    default = option_default(field)
    if kind is bool:
        annotation: Any = bool | None
        names = [f"{flag}/--no-{field.name.replace('_', '-')}"]
    elif kind == tuple[str, ...]:
        annotation, names = list[str] | None, [flag]
    else:
        # Values are checked once, in config.py, where the message names file or flag.
        annotation, names = str | None, [flag]
    short = {"train": "-t", "eval": "-e", "base": "-b"}.get(field.name)
    shown = "" if default in (None, (), False) or field.name == "system_prompt" else str(default)
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=annotation,
        default=typer.Option(
            None,
            *([short] if short else []),
            *names,
            help=field.metadata["help"] + (f" [dim]\\[default: {shown}][/dim]" if shown else ""),
            show_default=False,
            rich_help_panel=field.metadata["group"].capitalize(),
            metavar=None if kind is bool else _metavar(kind),
        ),
    )


def _metavar(kind: Any) -> str:
    text = str(kind)
    if "int" in text:
        return "N"
    return "X" if "float" in text else "TEXT"


# --- commands ----------------------------------------------------------------------------------


@app.command()
@with_options(DATA, MODEL, ADAPTER, TRAINING, ANSWERING, VERDICT, OUTPUT)
def run(
    file: Path | None = FILE,
    as_json: bool = JSON,
    quiet: bool = QUIET,
    gate: bool = GATE,
    *,
    options: dict[str, Any],
) -> None:
    """Train an adapter, answer the eval set with and without it, and say what it is worth.

    Without --eval, every training row is asked of an adapter trained without it.
    """
    from realift import pipeline

    config = resolve(file=file, flags=options)
    with _listening(quiet=quiet or as_json) as on_event:
        result = pipeline.run(config, on_event=on_event, command=_typed())
    _show(result, as_json=as_json)
    _leave(result.verdict, gate=gate)


@app.command()
@with_options(DATA, MODEL, ADAPTER, TRAINING, OUTPUT, without=("allow_leaks", "folds"))
def train(
    file: Path | None = FILE,
    as_json: bool = JSON,
    quiet: bool = QUIET,
    *,
    options: dict[str, Any],
) -> None:
    """Train and save an adapter without judging it."""
    from realift import pipeline

    config = resolve(file=file, flags=options)
    with _listening(quiet=quiet or as_json) as on_event:
        result = pipeline.train(config, on_event=on_event, command=_typed())
    _show(result, as_json=as_json)


@app.command()
@with_options(DATA, MODEL, ANSWERING, VERDICT, OUTPUT, without=("valid_fraction",), also=("seed",))
def compare(
    file: Path | None = FILE,
    adapter: Path | None = typer.Option(
        None, "--adapter", "-a", help="Folder of a PEFT adapter, whoever trained it."
    ),
    scores: Path | None = typer.Option(
        None,
        "--scores",
        help="CSV of 0/1 scores from any tool (id,base,adapter[,group]): only the verdict.",
    ),
    as_json: bool = JSON,
    quiet: bool = QUIET,
    gate: bool = GATE,
    *,
    options: dict[str, Any],
) -> None:
    """Judge any adapter against its base, or scores from any other tool."""
    from realift import pipeline

    if (adapter is None) == (scores is None):
        raise UsageError(
            "give either --adapter FOLDER or --scores FILE",
            hint="--adapter runs both arms here; --scores only judges numbers you have",
        )
    config = resolve(file=file, flags=options)
    if scores is not None:
        verdict = pipeline.compare_scores(scores, config)
        _show_verdict(verdict, as_json=as_json)
        _leave(verdict, gate=gate)
        return
    assert adapter is not None
    with _listening(quiet=quiet or as_json) as on_event:
        result = pipeline.compare(config, adapter, on_event=on_event, command=_typed())
    _show(result, as_json=as_json)
    _leave(result.verdict, gate=gate)


@app.command()
@with_options(
    DATA,
    VERDICT,
    without=("valid_fraction", "allow_leaks", "guard_margin", "sequential"),
    also=("samples_per_question",),
)
def check(file: Path | None = FILE, as_json: bool = JSON, *, options: dict[str, Any]) -> None:
    """Look at the data: problems with their lines, leaks, and what the eval set can show."""
    from realift import pipeline
    from realift.report.terminal_data import render_data
    from realift.run_folder import to_plain

    summary = pipeline.check(resolve(file=file, flags=options))
    if as_json:
        _print_json(to_plain(summary))
    else:
        _console().print(render_data(summary))


@app.command()
def report(folder: Path = typer.Argument(help="A run folder."), as_json: bool = JSON) -> None:
    """Write report.html and report.md of a run anew, and show its panel."""
    from realift import pipeline

    _show(pipeline.report(folder), as_json=as_json)


@app.command()
def judge(
    folder: Path = typer.Argument(help="A run folder."),
    model: str | None = typer.Option(None, help="The judge's name, as its server knows it."),
    url: str | None = typer.Option(
        None, help="Any OpenAI-compatible server. [dim]\\[default: this machine's Ollama][/dim]"
    ),
    timeout: float = typer.Option(120.0, help="Seconds to wait for one reply."),
    labels: Path | None = typer.Option(None, help="A filled-in sheet: check the judge with it."),
    write_sheet: Path | None = typer.Option(
        None, help="Write a blind sheet of answers to label (CSV), ask nobody."
    ),
    n: int = typer.Option(60, help="Answers in the sheet."),
    grounding_model: str | None = typer.Option(
        None, help="Score grounding again with this NLI model (hub id or folder), on this machine."
    ),
    seed: int = typer.Option(0, help="Seed of the sheet and of the order of asking."),
    as_json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Ask a language model for a second opinion on the answers; it never changes the verdict."""
    from realift.run_folder import load, to_plain

    if [model, write_sheet, grounding_model].count(None) != 2:
        raise UsageError(
            "give one of --model NAME, --write-sheet FILE and --grounding-model NAME",
            hint="--model asks a judge; --write-sheet makes the sheet to check it with",
        )
    if model is None and (labels is not None or url is not None):
        raise UsageError("--labels and --url belong to --model NAME", hint="give --model too")
    if write_sheet is not None:
        from realift.judge.labels import write_sheet as write
        from realift.judge.material import answer_pairs

        rows = write(write_sheet, answer_pairs(load(folder)), n=n, seed=seed)
        if as_json:
            _print_json({"sheet": str(write_sheet), "n_answers": rows})
        else:
            typer.echo(f"{write_sheet}: {rows} answers to label; write right or wrong in each line")
        return
    try:
        with _listening(quiet=quiet or as_json) as on_event:
            if model is not None:
                from realift.judge import DEFAULT_URL, judge_run, leaving, make_endpoint
                from realift.report.terminal_judge import render_judge

                endpoint = make_endpoint(url or DEFAULT_URL, model, timeout=timeout)
                if leaving(endpoint.url):
                    typer.echo(f"note: {leaving(endpoint.url)}", err=True)
                judged = judge_run(folder, endpoint, labels=labels, seed=seed, on_event=on_event)
                found, shown = to_plain(judged), render_judge(judged, load(folder))
            else:
                from realift.judge.grounding import ground_run
                from realift.judge.nli import load_support
                from realift.model.load import quiet_loading
                from realift.report.terminal_judge import render_grounding

                assert grounding_model is not None
                with quiet_loading():
                    supports = load_support(grounding_model)
                grounded = ground_run(folder, grounding_model, supports, on_event=on_event)
                found, shown = to_plain(grounded), render_grounding(grounded, load(folder))
    except KeyboardInterrupt as err:
        kept = "every reply is kept; the same command goes on from there"
        _print_error("interrupted", kept if model is not None else "")
        raise typer.Exit(EXIT_INTERRUPTED) from err
    if as_json:
        _print_json(found)
    else:
        _console().print(shown)


@app.command()
def doctor(as_json: bool = JSON) -> None:
    """Say what this installation can do: versions, device, speed, the embedded base."""
    from realift.doctor import examine, render_findings

    findings = examine()
    if as_json:
        _print_json(findings)
    else:
        _console().print(render_findings(findings))
    if findings["problems"]:
        raise typer.Exit(1)


@app.command()
def selftest(
    quick: bool = typer.Option(False, "--quick", help="Fewer sizes and draws: under a minute."),
    mutations: bool | None = typer.Option(
        None,
        "--mutations/--no-mutations",
        help="Switch every guard off in turn and see that it is noticed.",
        show_default="in the full self-test",
    ),
    adapters: Path | None = typer.Option(
        None,
        "--adapters",
        help="Verdicts of trained adapters (a JSONL file; see docs/selftest.md).",
    ),
    out: Path | None = typer.Option(None, "--out", help="Folder to write the results to as well."),
    as_json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Measure how often realift itself is wrong, beside the rule 'the mean is higher'.

    Exit code 1 if a rate is out of its bound or a missing guard goes unnoticed.
    """
    from realift.manifest import versions
    from realift.verdict import selftest as test

    if adapters is not None and not adapters.is_file():
        raise UsageError(
            f"{adapters}: no such file", hint="benchmarks/selftest/adapters.py makes it"
        )
    with _listening(quiet=quiet or as_json) as on_event:
        result = test.run(
            quick=quick,
            mutations=not quick if mutations is None else mutations,
            adapters=adapters,
            versions=versions(),
            on_event=on_event,
        )
    if out is not None:
        test.write(result, out)
    if as_json:
        _print_json(test.to_json(result))
    else:
        _console().print(test.render(result))
    if not result.passed:
        raise typer.Exit(1)


def _version(value: bool) -> None:
    if value:
        from realift import __version__

        typer.echo(f"realift {__version__}")
        raise typer.Exit


@app.callback()
def _global(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


# --- printing ----------------------------------------------------------------------------------


def _console(*, stderr: bool = False) -> Any:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def _listening(*, quiet: bool) -> Any:
    from realift.live import listening

    return listening(_console(stderr=True), quiet=quiet)


def _show(result: RunResult, *, as_json: bool) -> None:
    if as_json:
        from realift.report.machine import to_json

        _print_json(to_json(result))
    else:
        from realift.report.terminal import render_panel

        console = _console()
        console.print(render_panel(result))


def _show_verdict(verdict: Verdict, *, as_json: bool) -> None:
    if as_json:
        from realift.report.machine import verdict_to_json

        _print_json(verdict_to_json(verdict))
    else:
        from realift.report.terminal import render_verdict

        _console().print(render_verdict(verdict))


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _leave(verdict: Verdict | None, *, gate: bool) -> None:
    code = gate_code(verdict) if gate else 0
    if code:
        raise typer.Exit(code)


def gate_code(verdict: Verdict | None) -> int:
    """The exit code of ``--gate``: 0 only for SHIP."""
    if verdict is None or verdict.label in ("INVALID", "INERT"):
        return EXIT_INVALID
    if verdict.label == "REGRESSION" or any(g.status == "REGRESSION" for g in verdict.guards):
        return EXIT_REGRESSION
    return 0 if verdict.recommendation == "SHIP" else EXIT_NOT_PROVEN


def _typed() -> str:
    return shlex.join(["realift", *sys.argv[1:]])


def main() -> None:
    """Entry point: turn errors into one clear message and an exit code."""
    for stream in (sys.stdout, sys.stderr):  # a pipe may not be UTF-8: lose a mark, not the run
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = app(standalone_mode=False)  # typer.Exit comes back as a number
        sys.exit(code if isinstance(code, int) else 0)
    except RealiftError as err:
        _print_error(str(err), err.hint)
        sys.exit(err.exit_code)
    except BrokenPipeError:  # e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as err:
        show = getattr(err, "show", None)  # click's own errors, wherever typer keeps its click
        if show is None:
            raise
        show()
        sys.exit(2)


def _print_error(message: str, hint: str) -> None:
    from rich.text import Text

    console = _console(stderr=True)
    console.print(Text("error: ", style="bold red") + Text(message), soft_wrap=True)
    if hint:
        console.print(Text("hint: ", style="bold") + Text(hint), soft_wrap=True)


__all__ = ["app", "gate_code", "main"]
