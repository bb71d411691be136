"""Effects that a text declares: « 110 000 m3 évités par an », « réduit de 15 % », « -30 % », « 20 % économisés ».

A quantity is an effect only beside a word that says something is saved, avoided or lowered, in the same clause; an objective
(« vise 10 % d'économies »), a range or a level reached (« réduit à 12 % ») is none. Money is a cost unless it is said to be
saved. Nothing is verified: it is what the text says, with how it says it. `portee` tells what is claimed: said without
reserve (« affirme »), announced, estimated, simulated or told in the conditional (« annonce »), or only possible (« peut réduire »);
`qualificatif` how exact the number is, in the words of the figures published by others; `periode` what it is counted over.
One DuckDB query over texts as received.
"""

from __future__ import annotations

from collections.abc import Iterable

from observatoire.judgement.terms import language_of
from observatoire.sql_text import literal

# Unit as written, canonical unit, by how much to multiply. Longest first: the first that matches is taken.
UNITS = (
    ("%", "%", "1"),
    ("pour ?cent|percent|per cent", "%", "1"),
    ("points?", "point", "1"),
    ("m3|m³|m[eè]tres? cubes?|cubic met(?:re|er)s?", "m3", "1"),
    ("litres?|lit(?:er|re)s?", "litre", "1"),
    ("twh", "kWh", "1000000000"),
    ("gwh", "kWh", "1000000"),
    ("mwh", "kWh", "1000"),
    ("kwh", "kWh", "1"),
    (
        "(?:tonnes?|tons?|t)(?: ?[eé]q(?:uivalent|\\.)?)?(?: de| d[’']| of)? ?(?:[eé]q(?:uivalent)?\\.? ?)?co₂",
        "t CO2",
        "1",
    ),
    ("tonnes?|tons?", "t", "1"),
    ("kilos?|kilogrammes?|kg", "t", "0.001"),
    ("kilom[eè]tres?|kilomet(?:er|re)s?|km", "km", "1"),
    ("hectares?|ha", "ha", "1"),
    ("°c|degr[eé]s?(?: celsius)?|degrees?", "°C", "1"),
    ("heures?|hours?", "heure", "1"),
    ("md ?€|mds ?€", "EUR", "1000000000"),
    ("m ?€", "EUR", "1000000"),
    ("k ?€", "EUR", "1000"),
    ("d[’']euros?|€|euros?|eur", "EUR", "1"),
)
MULTIPLES = (("milliards?|billion", "1000000000"), ("millions?", "1000000"), ("milliers|mille|thousand", "1000"))

SPACE = r"[ \x{00A0}\x{202F}\x{2009}]"
NUMBER = rf"[0-9]{{1,3}}(?:{SPACE}[0-9]{{3}})+(?:,[0-9]+)?|[0-9]+(?:[.,][0-9]+)*"
MULTIPLE = "|".join(written for written, _ in MULTIPLES)
UNIT = "|".join(written for written, _, _ in UNITS)
QUANTITY = rf"({NUMBER}){SPACE}?(?:({MULTIPLE}){SPACE}(?:de |d[’'])?)?({UNIT})"
END = r"(?:$|[^0-9A-Za-zà-öø-ÿÀ-ÖØ-ß])"  # the unit is not the start of a longer word

# Words that lower (a quantity follows « de », « by »...) and words that save (a quantity may follow at once).
LOWER = r"r[eé]dui\pL*|r[eé]duction\pL*|baiss\pL*|diminu\pL*|abaiss\pL*|reduc\pL*|cuts?|cutting|decreas\pL*|lower\pL*|chute|recul"
SAVE = r"[eé]conomis\pL*|[eé]conomies?|[eé]vit\pL*|[eé]pargn\pL*|gagn\pL*|gains?|sav(?:e|es|ed|ing|ings)|avoid\pL*"
# How exact a number is, by the words before it: codes of `qualificatif` in sql/curated/chiffres_publies.yml.
QUALIFIERS = (
    ("au_plus", "jusqu[’']à|jusqu[’']aux?|up to|au plus|at most"),
    ("plus_de", "plus de|plus d[’']un|more than|over"),
    ("au_moins", "au moins|au minimum|at least"),
    (
        "environ",
        "environ|pr[eè]s de|quelque|presque|autour de|de l[’']ordre de|about|around|nearly|approximately|some|almost",
    ),
)
ADVERBS = "|".join(words for _, words in QUALIFIERS)
ADVERB = rf"(?:(?:{ADVERBS}) |les )*"
LINK = r"(?:de |d[’']|of |by |: ?|est de |[-−])"
IN_LESS = rf"en moins(?:{SPACE}?$|[^ \x{{00A0}}\x{{202F}}\x{{2009}}]|{SPACE}(?:[^d0-9]|d[^e’']|de\pL))"  # « en moins d'une minute » is a delay
AFTER = (
    rf"(?:d[’'](?:énergie|eau|électricité|[eé]missions) )?(?:{IN_LESS}|de moins|de r[eé]duction|de baisse|de diminution|de gains?|d[’'][eé]conomies?|"
    r"[eé]conomis[eé]\pL*|[eé]vit[eé]\pL*|[eé]pargn[eé]\pL*|gagn[eé]\pL*|saved|avoided|less|fewer|lower|reduction|savings?|decrease|cut)"
)
BEFORE_PATTERN = (
    rf"(?i)(?:^|[^\pL])(?:(?:{LOWER}|{SAVE})[^0-9]{{0,60}}?(?:^|[^\pL]){LINK}|(?:{SAVE}) ){ADVERB}{QUANTITY}{END}"
)
AFTER_PATTERN = rf"(?i){QUANTITY}(?:{SPACE}[^0-9]{{0,40}}?)?{SPACE}{AFTER}"
SIGNED_PATTERN = rf"(?i)(?:^|[ (:])[-−–]{QUANTITY}{END}"

CLAUSES = r"[.;!?:](?:\s|$)|,\s|\s[—–]\s|[()\n]|\s(?:mais|but|while|tandis que|alors que)\s"
# What makes a quantity something else than an effect: an aim, a range, a price.
AIMS = (
    r"(?i)(?:^|[^\pL])(?:objectifs?|vis(?:[eé]|ant)|cible|devrai(?:t|ent)|esp[eè]r\pL*|attendu\pL*|potentiel\pL*|ambition\pL*|"
    r"permettra\pL*|d[’']ici|horizon|target\pL*|aims?|would|will|expected|goal|potential\pL*|jusqu[’'](?:en|au [0-9]))"
)
# What a text says that a thing may do, and what it says was announced, reckoned or heard; a text that speaks of a simulation
# tells of no effect obtained.
POSSIBLE = (
    r"(?i)(?:^|[^\pL])(?:peut|peuvent|pourrai(?:t|ent)|permet(?:tent|tant)? d(?:e|[’']\pL+)|capables?|can|may|might|could|able to|allow(?:s|ing)?)"
    r"(?:[^\pL]|$)"
)
ANNOUNCED = (
    r"(?i)(?:^|[^\pL])(?:annonc\pL*|estim\pL*|[eé]valu[eé]\pL*|calcul[eé]\pL*|pr[eé]v(?:u|oi)\pL*|selon|d[’']apr[eè]s|revendiqu\pL*|"
    r"prome(?:t|ss)\pL*|th[eé]orique\pL*|(?:aur|ser)ai(?:t|ent)|claim\pL*|according to|announce\pL*|reportedly|projected|forecast\pL*|"
    r"theoretical\pL*)"
)
SIMULATED = r"(?i)(?:^|[^\pL])simul[^t]"
SCOPES = ("affirme", "annonce", "possible")  # from the strongest claim
# A period, by the words after the quantity, and by an adjective beside a quantity that is no share.
PERIODS = (
    (
        "an",
        "par an|par année|chaque année|/ ?an|per year|per annum|a year|each year|every year|yearly|annually",
        "annuel",
    ),
    ("mois", "par mois|chaque mois|/ ?mois|per month|a month|each month|every month|monthly", "mensuel"),
    ("semaine", "par semaine|chaque semaine|per week|a week|each week|every week|weekly", "hebdomadaire"),
    ("jour", "par jour|chaque jour|/ ?jour|per day|a day|each day|every day|daily", "quotidien|journali"),
)
RANGE = rf"[0-9]{SPACE}?(?:%{SPACE}?)?(?:à|-|–|to|et|and|ou|or){SPACE}?[0-9]"
PRICE = r"(?i)(?:^|[^\pL])(?:pour|for|co[uû]t\pL*|cost\pL*|subvention\pL*|budget|march[eé])(?:[^\pL]|$)"
LIMITS = ("moins de ", "less than ", "under ")
SAVED = rf"(?i)(?:^|[^\pL])(?:{SAVE}|d[’'][eé]conomies?)"


def effects_query(texts: str) -> str:
    """The SELECT (cle, effets) of the rows of `texts` that declare an effect.

    `texts` is a query of (cle, texte), texts as received. `effets` is a list, the strongest claim first then in the order of
    the text, of (valeur DECIMAL(18, 4), unite, portee, qualificatif, periode, extrait): the value in its canonical unit (%,
    point, m3, litre, kWh, t, t CO2, km, ha, °C, heure, EUR), how the text says it (`periode` is null when it tells none) and
    the clause. A quantity told twice keeps the reserve of either. « 1,200 » is twelve hundred in English and 1.2 in French, « 2.500 » the reverse. Uses the macro texte_normalise.
    """
    patterns = ", ".join(
        f"regexp_extract_all(proposition, {literal(pattern)})"
        for pattern in (BEFORE_PATTERN, AFTER_PATTERN, SIGNED_PATTERN)
    )
    parts = f"regexp_extract(passage, {literal('(?i)' + QUANTITY)}, ['nombre', 'multiple', 'unite'])"
    limits = " or ".join(f"strpos(lower(proposition), {literal(limit)} || q.nombre) > 0" for limit in LIMITS)
    return f"""with recits as (
    select cle, replace(replace(texte, 'CO2', 'CO₂'), 'co2', 'co₂') as texte,
        regexp_matches(texte, {literal(SIMULATED)}) as simule,
        {language_of("string_split(texte_normalise(texte), ' ')")} as langue
    from ({texts})
),
propositions as (
    select cle, langue, simule, unnest(regexp_split_to_array(texte, {literal(CLAUSES)})) as proposition,
        generate_subscripts(regexp_split_to_array(texte, {literal(CLAUSES)}), 1) as rang
    from recits
    where regexp_matches(texte, '[0-9]')
),
passages as (
    select cle, langue, simule, rang, trim(proposition) as proposition, unnest(list_concat({patterns})) as passage
    from propositions
    where not regexp_matches(proposition, {literal(AIMS)}) and not regexp_matches(proposition, {literal(RANGE)})
),
quantites as (
    select cle, langue, simule, rang, proposition, passage, {parts} as q from passages
),
valeurs as (
    select cle, rang, proposition, passage, strpos(proposition, q.nombre) as place,
        {limits} as limite,
        {_scope()} as portee,
        {_qualifier()} as qualificatif,
        {_period()} as periode,
        try_cast({_number("q.nombre")} as decimal(15, 4)) as nombre,
        {_choice("q.multiple", MULTIPLES)}::decimal(28, 0) as multiple,
        {_choice("q.unite", [(written, unit) for written, unit, _ in UNITS], text=True)} as unite,
        {_choice("q.unite", [(written, times) for written, _, times in UNITS])}::decimal(13, 3) as facteur
    from quantites
),
effets as (
    select distinct cle, rang, place, try_cast(nombre * multiple * facteur as decimal(18, 4)) as valeur, unite,
        portee, qualificatif, periode, replace(replace(proposition, 'CO₂', 'CO2'), 'co₂', 'co2') as extrait
    from valeurs
    where try_cast(nombre * multiple * facteur as decimal(18, 4)) is not null and not limite
        and (unite <> 'EUR' or regexp_matches(passage, {literal(SAVED)}) and not regexp_matches(passage, {literal(PRICE)}))
        and not regexp_matches(regexp_extract(passage, '^[^0-9]*'), {literal(PRICE)})
),
reserves as (
    select cle, rang, place, valeur, unite, extrait, periode,
        {list(SCOPES)}[max(list_position({list(SCOPES)}, portee)) over same] as portee,
        coalesce(min(nullif(qualificatif, 'exact')) over same, 'exact') as qualificatif
    from effets
    window same as (partition by cle, valeur, unite)
)
select cle, list(
        struct_pack(valeur := valeur, unite := unite, portee := portee, qualificatif := qualificatif, periode := periode,
            extrait := extrait)
        order by list_position({list(SCOPES)}, portee), rang, place, unite, valeur
    ) as effets
from reserves
group by cle"""


QUANTITY_SEEN = "regexp_escape(q.nombre) || '.{0,20}?' || regexp_escape(q.unite)"  # this quantity in its clause


def _scope() -> str:
    """The SQL of what the clause claims, the weakest of what it says."""
    possible, announced = (f"regexp_matches(proposition, {literal(words)})" for words in (POSSIBLE, ANNOUNCED))
    return f"case when {possible} then 'possible' when simule or {announced} then 'annonce' else 'affirme' end"


def _qualifier() -> str:
    """The SQL of how exact the number is: by the words just before it, or « environ » just after the quantity."""
    before = " ".join(
        f"when regexp_matches(proposition, {literal(f'(?i)(?:^|[^{chr(92)}pL])(?:{words}) (?:les )?')} || regexp_escape(q.nombre)) "
        f"then {literal(code)}"
        for code, words in QUALIFIERS
    )
    after = f"regexp_matches(proposition, '(?i)' || {QUANTITY_SEEN} || {literal(SPACE + '(?:environ|approximately)')})"
    return f"case {before} when {after} then 'environ' else 'exact' end"


def _period() -> str:
    """The SQL of the period that the clause counts the quantity over, null when it tells none."""
    cases = " ".join(
        f"when regexp_matches(proposition, '(?i)' || {QUANTITY_SEEN} || {literal(f'[^0-9]*?(?:[^{chr(92)}pL]|^)(?:{after})(?:[^{chr(92)}pL]|$)')}) "
        f"or q.unite not in ('%', 'point', 'points') and regexp_matches(proposition, {literal(f'(?i)(?:^|[^{chr(92)}pL])(?:{beside})')}) "
        f"then {literal(code)}"
        for code, after, beside in PERIODS
    )
    return f"case {cases} end"


def _number(text: str) -> str:
    """The SQL of a number: spaces out, thousands and decimals by the language of the text."""
    bare = f"regexp_replace({text}, '{SPACE}', '', 'g')"
    english = f"replace(regexp_replace({bare}, ',([0-9]{{3}})', '\\1', 'g'), ',', '.')"
    french = f"replace(regexp_replace({bare}, '\\.([0-9]{{3}})', '\\1', 'g'), ',', '.')"
    return f"if(langue = 'en', {english}, {french})"


def _choice(value: str, choices: Iterable[tuple[str, str]], text: bool = False) -> str:
    """The SQL that gives, of (pattern, result), the result of the first pattern that is the whole of `value`."""
    cases = " ".join(
        f"when regexp_full_match({value}, {literal('(?i)(?:' + written + ')')}) then {literal(result) if text else result}"
        for written, result in choices
    )
    return f"case {cases} else {'null' if text else '1'} end"
