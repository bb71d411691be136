"""Usage errors said in French: the command line's own library words them in English."""

from __future__ import annotations

from typing import Any

from observatoire.errors import UsageError


def in_french(error: Any) -> UsageError:
    """The usage error of the command line as one French line: what is wrong, and the command that explains it.

    Known by the name of its class, since the library does not publish these classes.
    """
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "observatoire"
    return UsageError(f"{_reason(error, context)} Voir « {command} --help ».")


def _reason(error: Any, context: Any) -> str:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "NoSuchOption" in kinds:
        near = f" Proches : {', '.join(sorted(error.possibilities))}." if error.possibilities else ""
        return f"Option « {error.option_name} » inconnue.{near}"
    if "MissingParameter" in kinds:
        agreed = "attendue et absente" if _is_option(error.param) else "attendu et absent"
        return f"{_place(error)} {agreed}."
    if "BadOptionUsage" in kinds:
        return f"L'option « {error.option_name} » attend une valeur."
    if "BadParameter" in kinds:
        return f"{_place(error)} : valeur refusée ({_detail(error.message)})."
    if error.message.startswith("No such command") and context is not None:
        name = error.message.split("'")[1] if "'" in error.message else ""
        known = ", ".join(context.command.list_commands(context))
        return f"Commande « {name} » inconnue. Commandes : {known}."
    if error.message.startswith("Got unexpected extra argument"):
        return f"Argument en trop : {error.message.split('(', 2)[-1].rstrip(')')}."
    return str(error.message)


def _place(error: Any) -> str:
    parameter = error.param
    if parameter is None:
        return "Paramètre"
    if _is_option(parameter):
        return f"Option « {parameter.opts[0]} »"
    return f"Argument « {parameter.name} »"


def _is_option(parameter: Any) -> bool:
    return parameter is not None and parameter.param_type_name == "option"


def _detail(message: str) -> str:
    """The reason a value is refused, for the kinds of values the commands take."""
    known = {
        "valid number": "un nombre est attendu",
        "valid integer": "un nombre entier est attendu",
        "greater than": "nombre trop petit",
        "less than": "nombre trop grand",
        "does not exist": "ce fichier ou dossier n'existe pas",
        "is a directory": "un fichier est attendu, c'est un dossier",
        "is a file": "un dossier est attendu, c'est un fichier",
        "valid datetime": "une date AAAA-MM-JJ est attendue",
        "valid date": "une date AAAA-MM-JJ est attendue",
    }
    return next(
        (fr for part, fr in known.items() if part in message), message.replace("'", "« ", 1).replace("'", " »", 1)
    )
