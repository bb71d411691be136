-- Comparing the texts of two traces of AI use.

-- The words of a text that can tell two uses apart: flat, cut at six letters (plural and gender fall together).
create or replace macro mots_radicaux(texte) as
    list_transform(
        list_filter(string_split(nom_plat(coalesce(texte, '')), ' '), lambda m: length(m) > 2),
        lambda m: left(m, 6)
    );

-- An address without what varies between two links to one page.
create or replace macro url_page(url) as
    regexp_replace(regexp_replace(lower(url), '^https?://(?:www\.)?', ''), '(?:[#?].*|/+)$', '');

-- What the machine proposes for two traces. The thresholds were set on tests/gold/fusions.csv, half « apprentissage ».
--   meme_usage: one authority, and words that only one use would share, in one theme or on one page;
--   a_examiner: less than that, shown to analysts with the reason;
--   null: nothing links them.
create or replace macro rapprochement_propose(meme_autorite, meme_theme, meme_page, liees, similarite) as
    case
        when meme_autorite and meme_theme and similarite >= 0.25 then 'meme_usage'
        when meme_autorite and meme_page and similarite >= 0.5 then 'meme_usage'
        when meme_autorite and (similarite >= 0.1 or (meme_theme and meme_page)) then 'a_examiner'
        when liees and similarite >= 0.25 then 'a_examiner'
    end;

-- What the machine does by itself of a pair, null when it leaves it to analysts.
create or replace macro fusion_dite(proposition, du_registre) as
    case when proposition = 'meme_usage' and not du_registre then 'meme_usage' end;
