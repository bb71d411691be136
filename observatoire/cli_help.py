"""Help in French: the command line's own library writes its headings and kinds of values in English.

It lets a command and a group write their help themselves (`cls`, `format_…`): that is all that is used here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

Function = TypeVar("Function", bound=Callable[..., Any])

# The options that many commands share.
Json = Annotated[bool, typer.Option("--json", help="Répondre en JSON, pour un programme.")]
Wait = Annotated[
    float, typer.Option("--attendre", help="Secondes à attendre si une autre écriture est en cours.", min=0)
]

# How the library names the kinds of values, and what a reader of the help is told to give.
KINDS = {
    "str": "TEXTE",
    "int": "ENTIER",
    "int range": "ENTIER",
    "float": "NOMBRE",
    "float range": "NOMBRE",
    "path": "FICHIER",
    "Path": "FICHIER",
    "file": "FICHIER",
    "directory": "DOSSIER",
}


class FrenchHelp:
    """The parts of a help page that a command and a group share."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = "Montrer cette aide et s'arrêter."
        return option

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        pieces = " ".join(self.collect_usage_pieces(ctx))  # type: ignore[attr-defined]
        formatter.write_usage(ctx.command_path, pieces, prefix="Emploi : ")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        for kind, title in (("argument", "Arguments "), ("option", "Options ")):
            rows = [row_of(parameter) for parameter in self.get_params(ctx) if parameter.param_type_name == kind]  # type: ignore[attr-defined]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


class FrenchCommand(FrenchHelp, TyperCommand):
    """A command whose help is in French."""


class FrenchGroup(FrenchHelp, TyperGroup):
    """A group of commands whose help is in French; each command is told by its first sentence, whole."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        super().format_options(ctx, formatter)
        with formatter.section("Commandes "):
            formatter.write_dl([(name, summary(command)) for name, command in self.commands.items()])


class FrenchTyper(typer.Typer):
    """A group of commands of `observatoire`: helps in French, errors left to the entry point."""

    def __init__(self, help: str, name: str | None = None) -> None:
        super().__init__(
            name=name,
            cls=FrenchGroup,
            help=help,
            options_metavar="[OPTIONS]",
            subcommand_metavar="COMMANDE [ARGUMENTS]…",
            no_args_is_help=True,
            add_completion=False,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
        )

    def command(self, name: str | None = None, **options: Any) -> Callable[[Function], Function]:
        return super().command(name, cls=FrenchCommand, **options)


def summary(command: Any) -> str:
    """The first sentence of a command's help, never cut."""
    paragraph = " ".join(inspect.cleandoc(command.help or "").split("\n\n")[0].split())
    first, dot, _ = paragraph.partition(". ")
    return first + "." if dot else first


def row_of(parameter: Any) -> tuple[str, str]:
    """What is written to give a parameter, and what it means."""
    name = parameter.name if parameter.param_type_name == "argument" else ", ".join(parameter.opts)
    notes = []
    if getattr(parameter, "min", None) is not None and parameter.min > 0:
        notes.append(f"au moins {parameter.min}")
    if parameter.required:
        notes.append("obligatoire")
    elif parameter.default not in (None, False, "", 0) and not getattr(parameter, "is_flag", False):
        notes.append(f"par défaut : {parameter.default}")
    note = f" [{' ; '.join(notes)}]" if notes else ""
    return f"{name} {kind_of(parameter)}".rstrip(), f"{parameter.help or ''}{note}"


def kind_of(parameter: Any) -> str:
    """The kind of value that a parameter takes (its values when they are listed), « … » when it may be given several times.

    Nothing for a flag.
    """
    if getattr(parameter, "is_flag", False):
        return ""
    kind = parameter.display_type(None).strip("<>")
    inner = kind.removeprefix("list[").removesuffix("]")
    return (inner if parameter.type_descriptor.is_choice else KINDS[inner]) + ("…" if inner != kind else "")
