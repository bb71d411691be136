"""Measuring judgements: what the rules say of texts, against what two coders say of them (tests/gold)."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.errors import UsageError
from observatoire.judgement.detection import judgement_query, lexicon_query
from observatoire.judgement.gold import GOLD, checked_draw, read_given
from observatoire.judgement.lexicon import load_lexicon
from observatoire.judgement.models import ENGLISH_SOURCES
from observatoire.judgement.themes import load_rules, load_themes, rules_query, themes_query
from observatoire.settings import Settings
from observatoire.sql_text import literal
from observatoire.territories.evaluate import Rate

if TYPE_CHECKING:
    import duckdb

VARIABLES = ("ia", "theme", "finalite_environnementale", "technique", "statut")
DRAWS, SEED = 4000, 20261124

# Truth: what both coders say; where they differ, what the arbitration says; nothing without one.
TRUTHS = """
create or replace temp table verites as
with codes as (
    select a.gold_id, v.variable, v.a, v.b
    from read_csv('{gold}/codage_a.csv', all_varchar = true) as a
    inner join read_csv('{gold}/codage_b.csv', all_varchar = true) as b on b.gold_id = a.gold_id,
    lateral (select unnest([{pairs}], recursive := true)) as v
),
tranches as (
    select c.gold_id, c.variable, case when c.a is not distinct from c.b then c.a else r.valeur end as valeur
    from codes as c
    left join read_csv('{gold}/arbitrages.csv', all_varchar = true) as r
        on r.gold_id = c.gold_id and r.variable = c.variable
)
select gold_id, {columns} from tranches group by gold_id
"""

# COFOG labels (levels I and II) as the delivery writes them.
FUNCTIONS = """
insert into fonctions
select "PSTW ID", "Functions of Government (COFOG level I)", "Functions of Government (COFOG level II)" from pstw
"""


@dataclass(frozen=True)
class DetectionMeasure:
    """Detection on one half: positive is « oui ». `broad` also accepts « possible » among what was judged « oui ».

    `shown`: share of the texts coded « oui » or « possible » that are judged « oui » or given to an analyst.
    `f1` is the harmonic mean, with a 95 % percentile bootstrap interval (B. Efron, 1979; fixed seed).
    """

    half: str
    texts: int
    missing: int
    precision: Rate
    broad: Rate
    recall: Rate
    shown: Rate
    f1: tuple[float, float, float] | None
    confusion: tuple[tuple[str, str, int], ...]
    sources: tuple[tuple[str, Rate, Rate], ...]
    errors: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class ThemesMeasure:
    """Themes on one half, over the texts coded « oui » or « possible »."""

    half: str
    texts: int
    missing: int
    theme: Rate
    among: Rate
    purpose: Rate
    technique: Rate
    status: Rate
    by_theme: tuple[tuple[str, Rate, Rate], ...]
    confusion: tuple[tuple[str, str, int], ...]
    errors: tuple[tuple[str, str, str], ...]


def measure_detection(
    settings: Settings, half: str, fonds_vert: Path | None = None, draw: int | None = None
) -> DetectionMeasure:
    """Judge the texts of a half (of one draw only, with `draw`) and compare.

    Raises UsageError when the labelled texts are not there, for an unknown draw, and for a file of another kind.
    """
    with closing(_labelled(settings, half, fonds_vert, draw)) as con:
        missing = _missing(con)
        rows = con.execute(
            "select gold_id, source, ia, decision from juges where ia is not null order by gold_id"
        ).fetchall()
    sources = sorted({row[1] for row in rows})
    pairs = [(ia, decision) for _, _, ia, decision in rows]
    return DetectionMeasure(
        half,
        len(rows),
        missing,
        *_rates(pairs),
        _f1(pairs),
        _counted(pairs),
        tuple((source, *_two(_rates([(i, d) for _, s, i, d in rows if s == source]))) for source in sources),
        tuple((key, ia, decision) for key, _, ia, decision in rows if (ia == "oui") != (decision == "oui")),
    )


def measure_themes(
    settings: Settings, half: str, fonds_vert: Path | None = None, pstw: Path | None = None, draw: int | None = None
) -> ThemesMeasure:
    """Classify the texts of a half coded as AI and compare.

    `pstw`, a delivery of the Public Sector Tech Watch, gives the COFOG labels of its cases, which the pipeline also reads.
    Raises UsageError when the labelled texts are not there, for an unknown draw, and for a file of another kind.
    """
    rules, ranks = load_rules(settings.register), load_themes(settings.register)
    with closing(_labelled(settings, half, fonds_vert, draw)) as con:
        missing = _missing(con)
        con.execute("create temp table fonctions (cle varchar, cofog varchar, cofog_2 varchar)")
        if pstw:
            read_given(con, settings, "--pstw", "pstw", pstw)
            con.execute(FUNCTIONS)
        con.execute("create temp table formes_themes as " + rules_query(rules))
        texts = (
            "select j.gold_id as cle, texte_normalise(j.texte) as texte, null::varchar as cpv, f.cofog, f.cofog_2 from juges as j "
            "left join fonctions as f on j.source = 'pstw' and f.cle = j.cle where j.ia in ('oui', 'possible')"
        )
        con.execute("create temp table themes as " + themes_query(rules, ranks, "formes_themes", texts))
        rows = con.execute(
            "select j.gold_id, j.theme, t.theme, t.themes, (j.finalite_environnementale = 'true') = t.finalite_environnementale, "
            "j.technique = t.technique, j.statut = t.statut from juges as j inner join themes as t on t.cle = j.gold_id "
            "order by j.gold_id"
        ).fetchall()
    known = [row for row in rows if row[1]]
    names = sorted({row[1] for row in known} | {row[2] for row in known})
    return ThemesMeasure(
        half,
        len(rows),
        missing,
        _share([row[1] == row[2] for row in known]),
        _share([row[1] in row[3] for row in known]),
        _share([row[4] for row in rows if row[4] is not None]),
        _share([row[5] for row in rows if row[5] is not None]),
        _share([row[6] for row in rows if row[6] is not None]),
        tuple(
            (
                name,
                _share([row[1] == name for row in known if row[2] == name]),
                _share([row[2] == name for row in known if row[1] == name]),
            )
            for name in names
        ),
        _counted([(row[1], row[2]) for row in known if row[1] != row[2]]),
        tuple((row[0], row[1], row[2]) for row in known if row[1] != row[2]),
    )  # fmt: skip


def _labelled(settings: Settings, half: str, fonds_vert: Path | None, draw: int | None) -> duckdb.DuckDBPyConnection:
    """A connection with `juges`: the texts of a half, their truth and what the rules say of them."""
    import duckdb

    from observatoire.warehouse.models import load_macros

    gold = settings.project / GOLD
    for name in ("jugements.csv", "codage_a.csv", "codage_b.csv", "arbitrages.csv"):
        if not (gold / name).is_file():
            raise UsageError(f"{GOLD / name} manque : les textes étiquetés ne sont gardés que dans le dépôt du projet.")
    lexicon = load_lexicon(settings.register)
    con = duckdb.connect()
    for macro in load_macros(settings.sql):
        if macro.name == "texte_normalise":
            con.execute(macro.statement)
    pairs = ", ".join(
        f"{{'variable': '{name}', 'a': a.{name}, 'b': b.{name}}}" for name in VARIABLES
    )  # fmt: skip
    columns = ", ".join(f"max(valeur) filter (variable = '{name}') as {name}" for name in VARIABLES)
    con.execute(TRUTHS.format(gold=str(gold).replace("'", "''"), pairs=pairs, columns=columns))
    con.execute("create temp table aides (empreinte varchar, texte varchar)")
    if fonds_vert:
        read_given(con, settings, "--fonds-vert", "fonds_vert", fonds_vert)
        con.execute(
            "insert into aides select distinct sha256(trim(nom_du_projet)), trim(nom_du_projet) from fonds_vert"
        )
    con.execute(
        "create temp table textes as select j.gold_id, j.source, j.cle, coalesce(nullif(j.texte, ''), a.texte) as texte "
        f"from read_csv({literal(str(gold / 'jugements.csv'))}, all_varchar = true) as j "
        "left join aides as a on a.empreinte = j.empreinte where j.moitie = $1 and coalesce(j.vague = $2, true)",
        [half, checked_draw(con, gold / "jugements.csv", half, draw)],
    )
    con.execute("create temp table lexique as " + lexicon_query(lexicon))
    listed = ", ".join(literal(source) for source in ENGLISH_SOURCES)
    parts = [
        f"select cle, decision from ({judgement_query(lexicon, 'lexique', f'(from textes where source {test} ({listed}))', 'gold_id', 'texte', language)})"
        for language, test in (("fr", "not in"), ("en", "in"))
    ]
    con.execute("create temp table decisions as " + " union all ".join(parts))
    con.execute(
        "create temp table juges as select t.*, v.* exclude (gold_id), coalesce(d.decision, 'non') as decision "
        "from textes as t inner join verites as v on v.gold_id = t.gold_id "
        "left join decisions as d on d.cle = t.gold_id where t.texte is not null"
    )
    return con


def _missing(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("select count(*) from textes where texte is null").fetchone()
    assert row
    return int(row[0])


def _rates(pairs: list[tuple[str, str]]) -> tuple[Rate, Rate, Rate, Rate]:
    """Precision, the same with « possible » accepted, recall, and what is found or shown, of (truth, decision)."""
    return (
        _share([truth == "oui" for truth, decision in pairs if decision == "oui"]),
        _share([truth != "non" for truth, decision in pairs if decision == "oui"]),
        _share([decision == "oui" for truth, decision in pairs if truth == "oui"]),
        _share([decision != "non" for truth, decision in pairs if truth != "non"]),
    )


def _two(rates: tuple[Rate, Rate, Rate, Rate]) -> tuple[Rate, Rate]:
    return rates[0], rates[2]


def _share(answers: list[bool]) -> Rate:
    return Rate(sum(answers), len(answers))


def _counted(pairs: list[tuple[str, str]]) -> tuple[tuple[str, str, int], ...]:
    counts = Counter(pairs)
    return tuple((*pair, counts[pair]) for pair in sorted(counts, key=lambda pair: (-counts[pair], pair)))


def _f1(pairs: list[tuple[str, str]]) -> tuple[float, float, float] | None:
    """F1 = 2 tp / (2 tp + fp + fn) and its interval, from draws of the four counts."""
    import numpy as np

    cells = Counter((truth == "oui", decision == "oui") for truth, decision in pairs)
    counts = [cells[True, True], cells[False, True], cells[True, False], cells[False, False]]
    if not pairs or not sum(counts[:3]):
        return None
    drawn = np.random.default_rng(SEED).multinomial(len(pairs), np.array(counts) / len(pairs), DRAWS)
    values = 2 * drawn[:, 0] / np.maximum(2 * drawn[:, 0] + drawn[:, 1] + drawn[:, 2], 1)
    low, high = (float(value) for value in np.quantile(values, [0.025, 0.975]))
    return 2 * counts[0] / (2 * counts[0] + counts[1] + counts[2]), low, high
