-- What each coder said of each case of the register, and what the register says.
select
    cle_source,
    usage_id,
    variable,
    passe,
    valeur,
    valeur_registre,
    codeur,
    date,
    guide
from core.codages
