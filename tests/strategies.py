"""Hypothesis strategies shared by the tests: codes that are valid by construction, and names of nobody."""

from __future__ import annotations

from hypothesis import strategies as st

from clearway.subjects.schemes.orgcode import make_orgcode
from clearway.subjects.schemes.uscc import ALPHABET, make_uscc

DEPARTMENTS = "123456789ANY"
"""First signs of a unified social credit code in use."""


def region_digits() -> st.SearchStrategy[str]:
    """Six digits where a region stands."""
    return st.text("0123456789", min_size=6, max_size=6)


def orgcodes() -> st.SearchStrategy[str]:
    """Valid `cn-orgcode` codes."""
    return st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=8, max_size=8).map(make_orgcode)


def usccs(departments: str = DEPARTMENTS) -> st.SearchStrategy[str]:
    """Valid `cn-uscc` codes, of the departments given."""
    return st.builds(
        lambda department, kind, region, organisation: make_uscc(department + kind + region + organisation),
        st.sampled_from(departments),
        st.sampled_from(ALPHABET),
        region_digits(),
        st.text(ALPHABET, min_size=9, max_size=9),
    )


def names() -> st.SearchStrategy[str]:
    """Made-up organisation names in Chinese and English, with the punctuation clerks use."""
    chinese = st.builds(
        "{}{}{}".format,
        st.sampled_from(["虚构", "样例", "示范", "假想"]),
        st.text("甲乙丙丁戊己庚辛壬癸", min_size=2, max_size=4),
        st.sampled_from(["有限公司", "股份有限公司", "（集团）有限公司", "个体工商户", "合作社"]),
    )
    english = st.builds(
        "{} {}{}".format,
        st.sampled_from(["Example", "Imaginary", "Nowhere"]),
        st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=10).map(str.title),
        st.sampled_from([" Ltd", ", Inc.", " & Sons", " GmbH", " CO., LTD."]),
    )
    return chinese | english
