"""The draw: exact sizes, probabilities that add up, a seed that repeats, an overlap that is the one stated."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as some

from observatoire.errors import ObservatoireError, SurveyError, UsageError
from observatoire.settings import Settings
from observatoire.survey.sampling.allocation import allocate
from observatoire.survey.sampling.draw import draw, permanent_number, rotated_starts
from observatoire.survey.sampling.files import edition_folder, read_draw
from observatoire.survey.sampling.frame import Frame, Unit, frame_of_file, frame_of_release
from observatoire.survey.sampling.plan import DrawOptions, draw_edition

SIZES = {"A": 400, "B": 60, "C": 8}


def frame(sizes: dict[str, int] | None = None) -> Frame:
    units = [
        Unit(f"{code}{i:08d}", f"Ville {code}{i}", "commune", stratum, "01", "84", 100 + i)
        for code, (stratum, size) in enumerate((sizes or SIZES).items(), 1)
        for i in range(size)
    ]
    return Frame(tuple(sorted(units, key=lambda unit: unit.siren)), "2025-01-01", "essai")


strata = some.dictionaries(some.sampled_from("ABCDEFGH"), some.integers(1, 900), min_size=1)


@given(sizes=strata, share=some.floats(0, 1), minimum=some.integers(1, 4), data=some.data())
@effort(max_examples=40, deadline=None)
def test_an_allocation_is_exact_and_within_its_bounds(
    sizes: dict[str, int], share: float, minimum: int, data: some.DataObject
) -> None:
    whole = data.draw(some.sets(some.sampled_from(sorted(sizes))))
    spreads = {h: data.draw(some.floats(0, 5)) for h in sizes}
    least = sum(n if h in whole else min(n, minimum) for h, n in sizes.items())
    total = least + round(share * (sum(sizes.values()) - least))
    for counts in (
        allocate(sizes, total, take_all=whole, minimum=minimum),
        allocate(sizes, total, "neyman", spreads=spreads, take_all=whole, minimum=minimum),
    ):
        assert sum(counts.values()) == total
        assert all(min(minimum, n) <= counts[h] <= n for h, n in sizes.items())
        assert all(counts[h] == sizes[h] for h in whole)


def test_allocations_on_numbers_done_by_hand() -> None:
    assert allocate({"A": 600, "B": 300, "C": 100}, 100) == {"A": 60, "B": 30, "C": 10}
    # Cochran 1977, 5.5: N S = 600 x 1, 300 x 2, 100 x 8: 600, 600, 800
    spreads = {"A": 1.0, "B": 2.0, "C": 8.0}
    assert allocate({"A": 600, "B": 300, "C": 100}, 100, "neyman", spreads=spreads) == {"A": 30, "B": 30, "C": 40}
    # C would get 200 of its 100: taken whole, and 400 shared again by halves
    assert allocate({"A": 600, "B": 300, "C": 100}, 500, "neyman", spreads=spreads) == {"A": 200, "B": 200, "C": 100}
    assert allocate({"A": 1, "B": 50}, 3, minimum=2) == {"A": 1, "B": 2}
    assert allocate({"A": 600, "B": 300, "C": 100}, 190, take_all=["C"]) == {"A": 60, "B": 30, "C": 100}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"total": 5, "minimum": 2}, "au moins 6"),
        ({"total": 469}, "le cadre en a 468"),
        ({"total": 50, "take_all": ["Z"]}, "« Z » absente du cadre"),
        ({"total": 50, "method": "neyman", "spreads": {"A": 1.0}}, "écart-type absent ou négatif pour la strate « B »"),
        ({"total": 50, "minimum": 0}, "au moins 1"),
    ],
    ids=str,
)
def test_an_impossible_allocation_says_why(options: dict[str, object], said: str) -> None:
    with pytest.raises(SurveyError, match=said):
        allocate(SIZES, **options)  # type: ignore[arg-type]


def test_a_draw_has_exact_sizes_and_probabilities_that_add_up() -> None:
    counts = {"A": 40, "B": 12, "C": 8}
    drawn = draw(frame(), counts, "2026")
    assert drawn.drawn == counts and len({unit.siren for unit in drawn.sample}) == 60
    assert sum(unit.weight for unit in drawn.sample) == pytest.approx(468)
    # over the frame, inclusion probabilities add up to n
    assert sum(SIZES[h] * p for h, p in {u.strate: u.probability for u in drawn.sample}.items()) == pytest.approx(60)
    assert all(unit.probability == 1 and unit.weight == 1 for unit in drawn.sample if unit.strate == "C")


def test_the_seed_repeats_the_draw_whatever_the_order_and_another_changes_it() -> None:
    counts = {"A": 40, "B": 12, "C": 8}
    other_way = Frame(tuple(reversed(frame().units)), "2025-01-01", "essai")
    drawn = draw(frame(), counts, "2026")
    assert draw(other_way, counts, "2026") == drawn
    assert {u.siren for u in draw(frame(), counts, "2027").sample} != {u.siren for u in drawn.sample}
    # the same on every machine and every version: a draw in the field must be repeatable in ten years
    assert permanent_number("217500016", "2026") == 0.0050608018916062925


def test_each_unit_is_drawn_as_often_as_its_probability_says() -> None:
    times: Counter[str] = Counter()
    small = frame({"A": 20})
    for seed in range(1000):
        times.update(unit.siren for unit in draw(small, {"A": 5}, str(seed)).sample)
    # 1,000 draws at 1/4: 250 ± 4.5 standard deviations of 13.7
    assert set(times) == {unit.siren for unit in small.units} and all(188 < count < 312 for count in times.values())


@given(overlap=some.floats(0, 1), count=some.integers(2, 150), seed=some.text("0123456789", min_size=1, max_size=3))
@effort(max_examples=25, deadline=None)
def test_the_overlap_is_the_one_stated(overlap: float, count: int, seed: str) -> None:
    first = draw(frame(), {"A": count, "B": 12, "C": 8}, seed)
    second = draw(
        frame(), {"A": count, "B": 12, "C": 8}, seed, rotated_starts(first, overlap), [u.siren for u in first.sample]
    )
    common = {u.siren for u in first.sample} & {u.siren for u in second.sample}
    assert sum(second.overlap.values()) == len(common) and second.overlap["C"] == 8
    assert overlap * count - 1e-6 <= second.overlap["A"] < overlap * count + 1
    assert second.drawn == first.drawn


def test_a_birth_and_a_death_touch_only_themselves() -> None:
    counts = {"A": 40, "B": 12, "C": 8}
    before = draw(frame(), counts, "2026")
    gone = before.sample[0].siren
    born = Unit("999999999", "Ville nouvelle", "commune", "A", "01", "84", 10)
    after = draw(Frame((*(u for u in frame().units if u.siren != gone), born), "2026-01-01", "essai"), counts, "2026")
    kept = {u.siren for u in before.sample} & {u.siren for u in after.sample}
    assert len(kept) >= 58 and gone not in kept


def options(**changes: object) -> DrawOptions:
    return DrawOptions(**{"size": 60, "seed": "2026", **changes})  # type: ignore[arg-type]


def test_the_files_of_a_draw_repeat_it_and_are_never_overwritten(project: Settings) -> None:
    done = draw_edition(project, "ia", "2026", frame(), options())
    folder = edition_folder(project, "ia", "2026")
    assert done.new and folder.is_relative_to(project.data / "restricted")
    assert read_draw(folder) == done.draw
    assert draw_edition(project, "ia", "2026", frame(), options()).new is False
    with pytest.raises(SurveyError, match="peut-être sur le terrain"):
        draw_edition(project, "ia", "2026", frame(), options(seed="2027"))
    assert read_draw(folder) == done.draw
    with (folder / "participants.csv").open(encoding="utf-8", newline="") as handle:
        listed = list(csv.DictReader(handle))
    assert [row["attribute_1"] for row in listed] == [unit.siren for unit in done.draw.sample]
    assert {row["firstname"] + row["email"] for row in listed} == {""} and "token" not in listed[0]


def test_a_panel_is_rotated_with_its_own_seed_only(project: Settings) -> None:
    draw_edition(project, "ia", "2025", frame(), options())
    done = draw_edition(project, "ia", "2026", frame(), options(panel="2025", overlap=0.75))
    assert all(done.draw.overlap[h] >= 0.75 * n for h, n in done.draw.drawn.items())
    assert sum(done.draw.overlap.values()) < 60
    with pytest.raises(SurveyError, match="tirée avec la graine « 2026 »"):
        draw_edition(project, "ia", "2027", frame(), options(panel="2026", seed="9"))
    with pytest.raises(UsageError, match="Pas de tirage"):
        draw_edition(project, "ia", "2027", frame(), options(panel="2019"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("siren,nom\n1,a\n", "colonne « strate » absente"),
        ("siren,nom,strate\n1,,A\n", "ligne 2 : « nom » est vide"),
        ("siren,nom,strate\n1,a,A\n1,b,A\n", "le SIREN 1 figure deux fois"),
        ("siren,nom,strate,population\n1,a,A,mille\n", "ligne 2 : population « mille »"),
        ("siren,nom,strate\n", "aucune collectivité"),
        (b"siren,nom,strate\n1,\xe9,A\n", "illisible"),
        (None, "introuvable"),
    ],
    ids=str,
)
def test_a_wrong_frame_is_refused_by_line(tmp_path: Path, text: str | bytes | None, said: str) -> None:
    path = tmp_path / "cadre.csv"
    if text is not None:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ObservatoireError, match=said) as refused:
        frame_of_file(path, "2025-01-01")
    assert "\n" not in str(refused.value)


def release_of(settings: Settings, perimeter: str) -> None:
    """A release that holds rows of territoires: Paris twice, one without a SIREN, three vintages whose last has no EPCI."""
    folder = settings.curated / "releases" / "2026-01-01-00000000"
    folder.mkdir(parents=True)
    (folder / "release.json").write_text(json.dumps({"perimetre": perimeter, "released_at": "2026"}))
    rows = """('217500016', 'commune', '75056', 'Paris', 'P', date '2025-01-01'),
        ('217500016', 'collectivite_statut_particulier', '75C', 'Paris', 'S', date '2025-01-01'),
        ('210100012', 'commune', '01001', 'Abergement', 'P', date '2025-01-01'),
        (null, 'commune', '01002', 'Sans SIREN', 'P', date '2025-01-01'),
        ('210100012', 'commune', '01001', 'Abergement', 'P', date '2024-01-01'),
        ('200000172', 'epci', '200000172', 'CC', 'CC', date '2025-01-01'),
        ('210100012', 'commune', '01001', 'Abergement', 'P', date '2026-01-01')"""
    columns = "siren, type, code, nom, strate, millesime"
    query = f"select *, ['01'] as departements, '84' as region, 10 as population from (values {rows}) as v({columns})"
    with duckdb.connect() as con:
        con.execute(f"copy ({query}) to '{folder}/territoires.parquet'")
    (settings.curated / "current").symlink_to(folder)


def test_a_release_that_holds_only_cited_authorities_is_no_frame(project: Settings) -> None:
    release_of(project, "embarque")
    with pytest.raises(SurveyError, match=r"ne peut pas servir de cadre.*--cadre"):
        frame_of_release(project)


def test_the_frame_of_a_release_holds_each_authority_once_at_one_vintage(project: Settings) -> None:
    release_of(project, "complet")
    found = frame_of_release(project)
    assert [(unit.siren, unit.strate) for unit in found.units] == [
        ("200000172", "epci CC"), ("210100012", "commune P"), ("217500016", "collectivite_statut_particulier S"),
    ]  # fmt: skip
    assert (found.vintage, found.left_out) == ("2025-01-01", 1) and "2026-01-01-00000000" in found.origin
    assert len(frame_of_release(project, vintage="2024").units) == 1
    with pytest.raises(UsageError, match="connus : 2024-01-01, 2025-01-01, 2026-01-01"):
        frame_of_release(project, vintage="1999")


@pytest.mark.parametrize("name", ["..", "a/b", "", ".cache", "été"])
def test_a_name_never_leaves_its_folder(project: Settings, name: str) -> None:
    with pytest.raises(UsageError):
        edition_folder(project, name, "2026")
