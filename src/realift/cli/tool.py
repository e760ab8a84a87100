"""Commands about the tool itself: ``doctor``, ``selftest``."""

from __future__ import annotations

from pathlib import Path

import typer

from realift.cli.app import app
from realift.cli.options import JSON, QUIET
from realift.cli.printing import console, listening, print_json
from realift.errors import UsageError


@app.command()
def doctor(as_json: bool = JSON) -> None:
    """Say what this installation can do: versions, device, speed, the embedded base."""
    from realift.doctor import examine, render_findings

    findings = examine()
    if as_json:
        print_json(findings)
    else:
        console().print(render_findings(findings))
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
    with listening(quiet=quiet or as_json) as on_event:
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
        print_json(test.to_json(result))
    else:
        console().print(test.render(result))
    if not result.passed:
        raise typer.Exit(1)
