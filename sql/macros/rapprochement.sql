-- Comparing the texts of two traces of AI use.

-- A flat word without the mark of the plural.
create or replace macro mot_singulier(mot) as
    if(length(mot) > 3 and not ends_with(mot, 'ss'), regexp_replace(mot, '[sx]$', ''), mot);

-- The words of a text that can tell two uses apart: flat, singular, without those of grammar, nor numbers and years.
create or replace macro mots_utiles(texte) as
    list_transform(
        list_filter(
            string_split(nom_plat(coalesce(texte, '')), ' '),
            lambda m: length(m) > 2 and not regexp_full_match(
                m,
                '\d+|artificial|artificielle?|intelligence|the|and|for|with|from|that|this|its|are|has|have|been|will|which|into|using|use|used|les|des|une|aux|par|pour'
                || '|avec|dans|sur|son|ses|leur|leurs|qui|que|est|ont|afin|mise|place|oeuvre'
            )
        ),
        lambda m: mot_singulier(m)
    );

-- The same, cut at six letters: derived words fall together.
create or replace macro mots_radicaux(texte) as
    list_transform(mots_utiles(texte), lambda m: left(m, 6));

-- Whether the small words of a text are English ones, more than French ones.
create or replace macro texte_anglais(texte) as
    len(regexp_extract_all(nom_plat(texte), '\b(?:the|of|and|to|for|with|by|is|in|from|an)\b'))
    > len(regexp_extract_all(nom_plat(texte), '\b(?:de|la|le|les|des|et|du|l|d|un|une|au|aux|pour|par|dans|en)\b'));

-- The words of a text as they are written, « GPT@EC » and « PIAST-Q » in one piece.
create or replace macro mots_ecrits(texte) as
    regexp_extract_all(coalesce(texte, ''), '[\p{L}\d]+(?:[@&+][\p{L}\d]+|-[\p{Lu}\d][\p{L}\d]*|[.]\p{Lu}[\p{L}\d]*)*');

-- The words that open its sentences.
create or replace macro mots_de_debut(texte) as
    regexp_extract_all(coalesce(texte, ''), '(?:^|[.!?:|«»"“–—-]\s*)([\p{L}\d]+)', 1);

-- The number by which a source tells apart the cases of one project (« Use case 2 », « Pilot3 »).
create or replace macro numero_de_cas(titre) as
    nullif(regexp_extract(nom_plat(titre), '\b(?:use ?case|case|pilot|cas d usage|cas|pilote|module|axe|volet) ?(\d{1,2})\b', 1), '');

-- Whether one source wrote two records one after the other: keys that differ by a last number, ten apart at most.
create or replace macro cles_a_la_suite(cle_a, cle_b) as
    coalesce(
        regexp_replace(cle_a, '\d+$', '') = regexp_replace(cle_b, '\d+$', '')
        and abs(
            try_cast(regexp_extract(cle_a, '(\d{1,18})$', 1) as bigint) - try_cast(regexp_extract(cle_b, '(\d{1,18})$', 1) as bigint)
        ) <= 10,
        false
    );

-- An address without what varies between two links to one page.
create or replace macro url_page(url) as
    regexp_replace(regexp_replace(lower(url), '^https?://(?:www\.)?', ''), '(?:[#?].*|/+)$', '');

-- The name of an authority as an inventory in English writes it: without its acronym, small words and what says that it is a
-- municipality, with what says that it is not (« Trento » is no « province trento »).
create or replace macro autorite_plate(nom) as
    trim(regexp_replace(
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    nom_plat(regexp_replace(nom, '\([^)]*\)?', ' ', 'g')),
                    '^the\b|\b(?:(?:municipality|city|town) (?:council )?of(?: the)?|municipality|(?:city|town) (?:council|hall))\b', '', 'g'
                ),
                '\b(region|county|department)(?:al)? council\b', '\1'
            ),
            '^\s*(region|county|department|province) of (?:the )?(.*)$', '\2 \1'
        ),
        '(?:\s+(?:of|the|and|for|in))*\s+', ' ', 'g'
    ));

-- The same body abroad, known by its country, that its name may repeat, and its flat name; and every body or acronym that its
-- name joins.
create or replace macro autorite_situee(pays, nom) as
    trim(concat_ws(' ', pays, regexp_replace(autorite_plate(nom), '^(.+) ' || coalesce(nom_plat(pays), '\d{9}') || '$', '\1')));

create or replace macro autorites_situees(pays, nom) as
    list_sort(list_distinct(
        [autorite_situee(pays, nom)] || list_transform(
            list_filter(noms_parties(regexp_replace(nom, '[()]', '/', 'g')), lambda p: length(autorite_plate(p)) > 3),
            lambda p: autorite_situee(pays, p)
        )
    ));

-- How much each comparison tells that two traces of one authority are one use: points that add up, in the manner of Fellegi &
-- Sunter (1969), fitted on the learning half of tests/gold/fusions.csv (docs/decisions/010 gives the weights and how).
create or replace macro points_textes(ressemblance) as cast(floor(12 * least(ressemblance, 0.5)) as integer);

-- Words of each title that the other text says, a word that one text alone holds counting for one, a common one for less.
create or replace macro points_mots(mots) as cast(floor(2 * least(mots, 4)) as integer);

-- A name in both titles, or in one title and the other text.
create or replace macro points_nom(lieu) as
    case lieu
        when 'titres' then 3
        when 'titre et texte' then 2
        else 0
    end;

create or replace macro points_theme(meme_theme) as
    case when meme_theme then 2 when not meme_theme then -2 else 0 end;

-- From how many points two traces of one authority are one use; of two names of which one holds the other (« Ville et
-- Métropole »); and are worth an analyst's time.
create or replace macro seuil_meme_usage() as 10;
create or replace macro seuil_corps_reunis() as 12;
create or replace macro seuil_a_examiner() as 5;

-- What the machine proposes for two traces.
--   meme_usage: one authority and points enough, unless the source or the titles tell the two apart;
--   a_examiner: less than that, shown to analysts with the reason; when told apart, or of two bodies that something links,
--   only what would be one use of one body;
--   null: nothing links them.
-- `autorites` is « même », « réunies » (one name holds the body of the other among several), « communes » (a body in common)
-- or « autres »; `distinguees` when the source or the titles tell them apart; `saisie_deux_fois` when all is alike; `liees` when
-- a page, a place or a rare name is common to two bodies.
create or replace macro rapprochement_propose(points, autorites, distinguees, saisie_deux_fois, liees) as
    case
        when autorites = 'même' and (saisie_deux_fois or (points >= seuil_meme_usage() and not distinguees)) then 'meme_usage'
        when autorites = 'réunies' and points >= seuil_corps_reunis() and not distinguees then 'meme_usage'
        when (autorites <> 'autres' or liees) and points >= seuil_meme_usage() then 'a_examiner'
        when autorites <> 'autres' and not distinguees and points >= seuil_a_examiner() then 'a_examiner'
    end;

-- What the machine does by itself of a pair, null when it leaves it to analysts.
create or replace macro fusion_dite(proposition, reservee) as
    case when proposition = 'meme_usage' and not reservee then 'meme_usage' end;
