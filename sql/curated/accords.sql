-- How far independent coders of the register agree, by variable and version of the codebook.
select
    variable,
    guide,
    passes,
    n,
    accord,
    kappa,
    kappa_ic_bas,
    kappa_ic_haut,
    alpha,
    alpha_ic_bas,
    alpha_ic_haut
from core.accords
