"""Every figure recomputed with plain Python from the hand-kept files, without a line of the project's SQL."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pytest
import yaml

from observatoire.release.store import Release
from tests.conftest import ROOT
from tests.helpers import read_csv

REGISTER = ROOT / "data" / "register"
Row = dict[str, str]
EXCLUDED = {"idee", "prevu", "sans_objet"}  # what a confirmed use is not, by definition
AUTHORITIES = {"commune", "epci", "ept", "departement", "collectivite_statut_particulier", "region"}


def rounded(value: Decimal, digits: str) -> Decimal:
    return value.quantize(Decimal(digits), ROUND_HALF_UP)


def share(part: int, whole: int, digits: str = "0.1") -> Decimal:
    return rounded(Decimal(100) * part / whole, digits)


def confirmed() -> list[Row]:
    return [
        row
        for row in read_csv(REGISTER / "cas_usage.csv")
        if row["nature"] == "usage" and row["ia_explicite"] == "true" and row["statut"] not in ("idee", "prevu")
    ]


def vocabulary(name: str) -> list[str]:
    content = yaml.safe_load((REGISTER / "vocabulaires.yml").read_text(encoding="utf-8"))
    return list(content[name])


@pytest.fixture
def figures(current: Release) -> dict[str, dict[str, Any]]:
    """The published figures, by indicateur_id."""
    with duckdb.connect() as con:
        found = con.execute(f"select * from '{current.path}/indicateurs.parquet'")
        names = [item[0] for item in found.description]
        return {row[0]: dict(zip(names, row, strict=True)) for row in found.fetchall()}


@pytest.fixture
def resolved(current: Release) -> list[Row]:
    """The confirmed cases with the SIREN and the type that the release gives them."""
    with duckdb.connect() as con:
        query = f"select cle_source, siren, type_collectivite from '{current.path}/usages.parquet'"
        known = {key: (siren, kind) for key, siren, kind in con.execute(query).fetchall()}
    return [{**row, "siren": known[row["id"]][0], "type": known[row["id"]][1]} for row in confirmed()]


def values(figures: dict[str, dict[str, Any]], code: str, breakdown: str) -> dict[str, Any]:
    return {
        row["modalite"]: row["valeur"]
        for row in figures.values()
        if row["code"] == code and row["ventilation"] == breakdown
    }


def grouped(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def test_the_counts_the_association_announces(figures: dict[str, dict[str, Any]]) -> None:
    assert figures["REG-USA"]["valeur"] == 126 == len(confirmed())
    assert figures["REG-ENV"]["numerateur"] == 85 and figures["REG-ENV"]["n"] == 126
    assert figures["REG-ENV"]["valeur"] == Decimal("67.5")


@pytest.mark.parametrize("column", ["theme", "technique", "statut"])
def test_uses_by_what_the_register_says(figures: dict[str, dict[str, Any]], column: str) -> None:
    counted = Counter(row[column] for row in confirmed())
    outside = EXCLUDED if column == "statut" else set()
    assert values(figures, "REG-USA", column) == {
        code: None if code in outside else counted[code] for code in vocabulary(column)
    }
    assert sum(values(figures, "REG-USA", column)[code] or 0 for code in vocabulary(column)) == 126


def projects() -> list[list[Row]]:
    """The confirmed cases of each project, in the order of the register: those of a pair decided « même projet » are one."""
    pairs = [
        row["cle"].replace("cas_usage|", "").split(" + ")
        for row in read_csv(REGISTER / "decisions.csv")
        if row["objet_type"] == "fusion" and row["valeur"] == "meme_projet"
    ]
    found = [[row] for row in confirmed()]
    for pair in pairs:
        together = [group for group in found if any(row["id"] in pair for row in group)]
        found = [group for group in found if group not in together] + [[row for group in together for row in group]]
    return [sorted(group, key=lambda row: row["id"]) for group in found]


def test_a_shared_project_counts_once_in_the_total_and_in_each_breakdown(figures: dict[str, dict[str, Any]]) -> None:
    found = projects()
    assert len(found) == 125 and [[row["id"] for row in group] for group in found if len(group) > 1] == [
        ["v033", "v110"]
    ]
    assert (figures["REG-PRJ"]["valeur"], figures["REG-PRJ"]["n"]) == (125, 126)
    themes = Counter(group[0]["theme"] for group in found)
    assert values(figures, "REG-PRJ", "theme") == {theme: themes[theme] for theme in vocabulary("theme")}
    named = Counter(next((row["programme"] for row in group if row["programme"]), "") for group in found)
    assert values(figures, "REG-PRJ", "programme") == {name: number for name, number in named.items() if name}


def test_uses_by_type_of_authority(figures: dict[str, dict[str, Any]], resolved: list[Row]) -> None:
    counted = Counter(row["type"] for row in resolved)
    assert values(figures, "REG-USA", "type_collectivite") == {
        code: counted[code] for code in vocabulary("type_collectivite")
    }
    assert sum(counted.values()) == 126


def test_shares_by_theme(figures: dict[str, dict[str, Any]], resolved: list[Row]) -> None:
    counted = Counter(row["theme"] for row in resolved)
    found = values(figures, "REG-THE", "theme")
    assert found == {theme: share(counted[theme], 126) for theme in vocabulary("theme")}
    assert abs(sum(found.values()) - 100) < Decimal("0.9")
    within = values(figures, "REG-THE", "type_collectivite × theme")
    for kind, rows in grouped(resolved, lambda row: row["type"]).items():
        for theme, number in Counter(row["theme"] for row in rows).items():
            assert within[f"{kind} × {theme}"] == share(number, len(rows))
            assert figures[f"REG-THE/type_collectivite × theme={kind} × {theme}"]["n"] == len(rows)


def test_environmental_share_by_type_and_year_of_entry(figures: dict[str, dict[str, Any]], resolved: list[Row]) -> None:
    found = values(figures, "REG-ENV", "type_collectivite")
    for kind, rows in grouped(resolved, lambda row: row["type"]).items():
        assert found[kind] == share(sum(row["finalite_environnementale"] == "true" for row in rows), len(rows))
    years = {row["date"][:4] for row in read_csv(REGISTER / "historique.csv") if row["fichier"] == "cas_usage.csv"}
    by_year = values(figures, "REG-ENV", "annee_entree")
    assert set(by_year) <= years
    if len(years) == 1:
        assert by_year == {years.pop(): Decimal("67.5")}


def test_ended_uses_by_technique(figures: dict[str, dict[str, Any]]) -> None:
    ended = [row for row in confirmed() if row["statut"] in ("termine", "abandonne")]
    assert figures["REG-ARR"]["valeur"] == share(len(ended), 126)
    found = values(figures, "REG-ARR", "technique")
    for technique, rows in grouped(confirmed(), lambda row: row["technique"]).items():
        assert found[technique] == share(sum(row in ended for row in rows), len(rows))


def age(row: Row, reference: dt.date) -> int | None:
    """Full months between the evidence's date (the first day of what is known) and the reference."""
    if not row["source_date"]:
        return None
    year, month, day = (int(part) for part in (row["source_date"] + "-01-01").split("-")[:3])
    return (reference.year - year) * 12 + reference.month - month - (reference.day < day)


def test_service_and_age(figures: dict[str, dict[str, Any]]) -> None:
    reference = figures["QUA-AGE"]["date_reference"]
    assert reference == max(dt.date.fromisoformat(row["date"]) for row in read_csv(REGISTER / "historique.csv"))
    ages = {row["id"]: age(row, reference) for row in confirmed()}
    dated = [row for row in confirmed() if ages[row["id"]] is not None]
    assert figures["QUA-AGE"]["valeur"] == Decimal(str(median(ages[row["id"]] for row in dated)))  # type: ignore[type-var]
    assert figures["QUA-AGE"]["n"] == len(dated) and figures["QUA-AGE"]["numerateur"] is None
    known = [row for row in dated if row["statut"] not in ("inconnu", "sans_objet")]
    running = [row for row in known if row["statut"] == "deploye" and (ages[row["id"]] or 0) < 24]
    assert figures["REG-SERV"]["valeur"] == share(len(running), len(known))
    assert (figures["REG-SERV"]["numerateur"], figures["REG-SERV"]["n"]) == (len(running), len(known))
    by_theme = values(figures, "QUA-AGE", "theme")
    for theme, rows in grouped(dated, lambda row: row["theme"]).items():
        assert by_theme[theme] == Decimal(str(median(ages[row["id"]] for row in rows)))  # type: ignore[type-var]
    undated = set(vocabulary("theme")) - {row["theme"] for row in dated}
    for theme in undated:
        assert by_theme[theme] is None and figures[f"QUA-AGE/theme={theme}"]["absence"] == "sans_objet"


def test_primary_sources(figures: dict[str, dict[str, Any]]) -> None:
    primary = {row["hote"] for row in read_csv(REGISTER / "hotes.csv") if row["type_source"] == "primaire"}
    attested = [
        row for row in confirmed() if urlsplit(row["source_url"].lower()).hostname.removeprefix("www.") in primary
    ]  # type: ignore[union-attr]
    assert figures["QUA-PRI"]["numerateur"] == len(attested)
    assert figures["QUA-PRI"]["valeur"] == share(len(attested), 126)


def test_authorities_and_coverage(figures: dict[str, dict[str, Any]], resolved: list[Row]) -> None:
    counted = [row for row in resolved if row["siren"] and row["type"] in AUTHORITIES]
    assert figures["REG-COL"]["valeur"] == len({row["siren"] for row in counted})
    unresolved = {row["collectivite"] for row in resolved if not row["siren"] and row["type"] in AUTHORITIES}
    assert figures["REG-COL"]["n_non_resolus"] == len(unresolved)
    by_type = values(figures, "REG-COL", "type_collectivite")
    for kind in AUTHORITIES:
        assert by_type[kind] == len({row["siren"] for row in counted if row["type"] == kind})
    assert set(by_type) == AUTHORITIES, "a body outside the reference is no authority counted here"


def test_coverage_is_over_the_universe_of_each_type_and_stratum(figures: dict[str, dict[str, Any]]) -> None:
    content = yaml.safe_load((REGISTER / "vocabulaires.yml").read_text(encoding="utf-8"))["type_collectivite"]
    code_of = {value: code for code, labels in content.items() for value in (code, *labels.get("register", []))}
    universe = {
        f"{code_of[row['type']]} × {row['strate']}": int(row["nombre"])
        for row in read_csv(REGISTER / "univers_collectivites.csv")
        if row["nombre"]
    }
    found = {row["modalite"]: row for row in figures.values() if row["code"] == "REG-COUV"}
    assert universe.keys() <= found.keys()
    for name, number in universe.items():
        row = found[name]
        if name.startswith("syndicat"):
            assert (row["valeur"], row["absence"], row["statut_obs"]) == (None, "non_couvert", "M")
            continue
        assert row["n"] == number
        assert row["valeur"] == share(row["numerateur"], number, "0.01")
    strata = values(figures, "REG-COL", "strate")
    communes = {name.split(" × ")[1]: row["numerateur"] for name, row in found.items() if name.startswith("commune ×")}
    assert communes == {stratum: strata[stratum] for stratum in communes}, "the same authorities, counted two ways"


def test_regions_hold_every_authority_that_has_one(figures: dict[str, dict[str, Any]], resolved: list[Row]) -> None:
    by_region = {row["territoire"]: row for row in figures.values() if row["ventilation"] == "region"}
    cited = {row["siren"]: row["region"] for row in read_csv(REGISTER / "territoires_cites.csv") if row["region"]}
    sirens = {row["siren"] for row in resolved if row["siren"] and row["type"] in AUTHORITIES}
    counted = Counter(cited[siren] for siren in sirens if siren in cited)
    assert {code: row["valeur"] for code, row in by_region.items() if row["valeur"]} == counted
    assert all(row["niveau"] == "region" for row in by_region.values())


def test_absence_is_coded_never_guessed(figures: dict[str, dict[str, Any]]) -> None:
    for row in figures.values():
        value, absence = row["valeur"], row["absence"]
        if value is None:
            assert absence in ("sans_objet", "non_couvert") and row["statut_obs"] == "M"
        elif value == 0:
            assert absence in ("zero", "cherche_non_trouve") and row["statut_obs"] == "A"
        else:
            assert absence is None and row["statut_obs"] == "A"
    for status in EXCLUDED:
        assert figures[f"REG-USA/statut={status}"]["absence"] == "sans_objet", (
            "left out by definition, not looked for in vain"
        )
    for row in figures.values():
        assert row["absence"] != "cherche_non_trouve" or row["modalite"] not in EXCLUDED
    assert figures["REG-THE/theme=biodiversite"]["absence"] in (None, "zero")


def test_a_total_is_the_sum_of_its_parts_only_where_parts_do_not_overlap(figures: dict[str, dict[str, Any]]) -> None:
    for code in ("REG-USA", "REG-PRJ"):
        assert sum(values(figures, code, "theme").values()) == figures[code]["valeur"]


def lines(release: Release) -> dict[str, list[dict[str, Any]]]:
    """The rows of each figure, by indicateur_id."""
    with duckdb.connect() as con:
        found = con.execute(f"select * from '{release.path}/indicateurs_lignes.parquet'").fetchall()
        names = [item[0] for item in con.description or ()]
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in found:
        rows[row[0]].append(dict(zip(names, row, strict=True)))
    return rows


def test_each_figure_is_computed_again_from_its_rows_alone(
    current: Release, figures: dict[str, dict[str, Any]]
) -> None:
    found = lines(current)
    for name, row in figures.items():
        rows, kept = found.get(name, []), [line for line in found.get(name, []) if line["retenu"]]
        if row["code"].startswith(("ENQ", "MAR", "AID")):
            assert rows == [], "nothing of these without the whole reference nor a survey"
            continue
        if row["code"] == "QUA-AGE":
            assert row["valeur"] == (median(line["mesure_ligne"] for line in kept) if kept else None), name
            assert (row["numerateur"], row["n"]) == (None, len(rows)), name
            continue
        counted = len({line["unite_comptee"] for line in kept})
        assert row["numerateur"] == counted, name
        if row["code"] != "REG-COUV":  # the base is the universe
            assert row["n"] == len(rows), name
        if row["unite"] == "%" and row["valeur"] is not None:
            assert row["valeur"] == share(counted, row["n"], "0.01" if row["code"] == "REG-COUV" else "0.1"), name


def said(row: dict[str, Any], before: str) -> int:
    """The count that the mention of a figure gives after these words; 0 when it does not say them."""
    found = re.search(re.escape(before) + "\u00a0: ([0-9\u202f]+)", row["mention"])
    return int(found[1].replace("\u202f", "")) if found else 0


def test_a_figure_says_how_many_of_its_uses_no_coder_finds_explicit(
    current: Release, figures: dict[str, dict[str, Any]]
) -> None:
    denied = grouped(
        [row for row in read_csv(REGISTER / "codages.csv") if row["variable"] == "ia_explicite"], lambda row: row["cle"]
    )
    cases = {key for key, rows in denied.items() if len(rows) == 2 and {row["valeur"] for row in rows} == {"false"}}
    with duckdb.connect() as con:
        query = f"select usage_id from '{current.path}/usages.parquet' where list_contains(?, cle_source)"
        uses = {use for (use,) in con.execute(query, [sorted(cases)]).fetchall()}
    assert len(cases & {row["id"] for row in confirmed()}) == 14
    for name, rows in lines(current).items():
        expected = sum(row["cle"] in uses for row in rows)
        assert said(figures[name], "ne lit d'IA explicite (table codages)") == expected, name
        assert not expected or f"\u00a0: {expected} sur {len(rows)}." in figures[name]["mention"], name
    assert said(figures["REG-USA"], "ne lit d'IA explicite (table codages)") == 14


def test_a_figure_says_what_it_leaves_out_or_cannot_tell(figures: dict[str, dict[str, Any]]) -> None:
    known = {row["hote"] for row in read_csv(REGISTER / "hotes.csv")}
    unknown = [
        row
        for row in confirmed()
        if urlsplit(row["source_url"].lower()).hostname.removeprefix("www.") not in known  # type: ignore[union-attr]
    ]
    assert 0 < len(unknown) == said(figures["QUA-PRI"], "dont le site n'est pas classé, comptés comme non attestés")
    assert 0 < 126 - figures["QUA-AGE"]["n"] == said(figures["QUA-AGE"], "laissés de côté, sans preuve datée")
    service = "laissés de côté, leur statut étant inconnu ou sans date"
    assert 0 < 126 - figures["REG-SERV"]["n"] == said(figures["REG-SERV"], service)
    water = figures["REG-SERV/theme=eau"]
    assert said(water, service) == figures["REG-USA/theme=eau"]["n"] - water["n"]
    assert "plafond" in figures["REG-PRJ"]["mention"] and "plafond" not in figures["REG-USA"]["mention"]
    assert said(figures["REG-PRJ"], "non tranchées") > 0
    assert "pas classé" not in figures["REG-USA"]["mention"]
