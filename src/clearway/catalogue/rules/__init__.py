"""What the shapes alone cannot hold: one function a rule, each with a stable id and the provision behind it.

A rule takes a `Draft` and yields a `Finding` for every place that breaks it; `clearway.catalogue.loader` runs all of
`RULES` and turns findings into complaints with file and line. A rule stays silent about codes it does not know:
the reference rules have said so already.
"""

from __future__ import annotations

from clearway.catalogue.rules.draft import Rule
from clearway.catalogue.rules.edition import (
    duration_one_unit,
    edition_breadth,
    publicity_order,
    region_table_known,
    validity_order,
    zone_known,
)
from clearway.catalogue.rules.items import (
    deferral_deadline,
    incentive_regime_kind,
    materials_disjoint,
    natural_persons_basis,
)
from clearway.catalogue.rules.measures import (
    bar_basis_rank,
    bar_binds,
    local_authority_reach,
    local_regime_reach,
    local_regulation_reach,
    measure_adopted_by,
    measure_basis_rank,
    measure_no_wildcard,
    measure_regime_kind,
)
from clearway.catalogue.rules.references import (
    authority_known,
    basis_known,
    code_unique,
    item_known,
    regime_known,
    region_known,
)
from clearway.catalogue.rules.regimes import (
    local_regulation_region,
    regime_basis_rank,
    regime_remedies,
    regime_within_authority,
)

RULES: tuple[Rule, ...] = (
    zone_known,
    region_table_known,
    validity_order,
    duration_one_unit,
    publicity_order,
    edition_breadth,
    code_unique,
    authority_known,
    basis_known,
    regime_known,
    item_known,
    region_known,
    local_regulation_region,
    regime_basis_rank,
    regime_remedies,
    regime_within_authority,
    measure_regime_kind,
    measure_no_wildcard,
    measure_basis_rank,
    measure_adopted_by,
    bar_basis_rank,
    bar_binds,
    local_regulation_reach,
    local_authority_reach,
    local_regime_reach,
    incentive_regime_kind,
    deferral_deadline,
    materials_disjoint,
    natural_persons_basis,
)
"""Every rule, in the order of the catalogue reference."""
