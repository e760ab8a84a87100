"""Commands about runs there are: ``report``, ``judge``."""

from __future__ import annotations

from pathlib import Path

import typer

from realift.cli.app import app
from realift.cli.completing import complete_run
from realift.cli.options import JSON, QUIET, RUN
from realift.cli.printing import EXIT_INTERRUPTED, console, listening, print_error, print_json, show
from realift.errors import UsageError


@app.command()
def report(
    folders: list[Path] = typer.Argument(
        help="Name or folder of a run; of several, each is compared with the first.",
        metavar="RUN...",
        autocompletion=complete_run,
    ),
    out: Path | None = typer.Option(
        None,
        help="Where the page that compares several runs goes. "
        "[dim]\\[default: comparison.html beside the first][/dim]",
    ),
    as_json: bool = JSON,
) -> None:
    """Write report.html and report.md of a run anew, and show its panel; or compare several."""
    from realift import rendering
    from realift.history import find_run

    folders = [find_run(folder, "runs") for folder in folders]
    if len(folders) == 1:
        if out is not None:
            raise UsageError("--out is for several runs", hint="one run's pages stay in its folder")
        show(rendering.report(folders[0]), as_json=as_json)
        return
    from realift.history.diff import render_diff
    from realift.report.compare_runs import compare_runs
    from realift.report.machine import to_json
    from realift.run_folder import to_plain

    (first, *others), page = rendering.report_several(folders, out)
    diffs = [compare_runs(first, other) for other in others]
    if as_json:
        runs = [to_json(run) for run in (first, *others)]
        print_json({"runs": runs, "diffs": to_plain(diffs), "page": str(page)})
        return
    for diff in diffs:
        console().print(render_diff(diff, n_answers=3))
        console().print()
    typer.echo(f"comparison: {page}")


@app.command()
def judge(
    folder: Path = RUN,
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
    from realift.history import find_run
    from realift.run_folder import load, to_plain

    folder = find_run(folder, "runs")
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
            print_json({"sheet": str(write_sheet), "n_answers": rows})
        else:
            typer.echo(f"{write_sheet}: {rows} answers to label; write right or wrong in each line")
        return
    try:
        with listening(quiet=quiet or as_json) as on_event:
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
        print_error("interrupted", kept if model is not None else "")
        raise typer.Exit(EXIT_INTERRUPTED) from err
    from realift.report.write import write_reports

    write_reports(folder)  # the pages show the second opinion from now on
    if as_json:
        print_json(found)
    else:
        console().print(shown)
