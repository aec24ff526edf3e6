from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vzvirt import errors
from vzvirt.codec.xml import read_domain, write_domain
from vzvirt.model.resources import NO_QUOTA, PERCENT_PERIOD, Cpu

PERIODS = st.one_of(st.just(PERCENT_PERIOD), st.integers(1000, 1000000))
QUOTAS = st.one_of(
    st.just(NO_QUOTA), st.integers(1000, 2**44), st.integers(1, 900).map((1000).__mul__)
)


@pytest.mark.parametrize(
    ("cpu", "limit"),
    [
        (Cpu(), (None, None)),
        (Cpu(limit_percent=0), (NO_QUOTA, PERCENT_PERIOD)),
        (Cpu(limit_percent=150), (150_000, PERCENT_PERIOD)),
        (Cpu(limit_percent=14, quota=7000, period=50_000), (7000, 50_000)),
        (Cpu(period=50_000), (None, 50_000)),
    ],
)
def test_time_limit(cpu: Cpu, limit: tuple[int | None, int | None]) -> None:
    assert cpu.time_limit == limit


@given(QUOTAS, PERIODS)
def test_a_limit_that_was_set_is_the_one_there_is(quota: int, period: int) -> None:
    found = Cpu(vcpus=3, limit_percent=7).with_time_limit(quota, period)
    assert found.vcpus == 3
    if quota == NO_QUOTA:
        assert found.time_limit == (NO_QUOTA, PERCENT_PERIOD)
    else:
        assert found.time_limit == (quota, period)


@given(QUOTAS, PERIODS)
def test_documents_say_it_in_the_same_way(quota: int, period: int) -> None:
    xml = (
        "<domain type='openvz'><name>web</name><cputune>"
        f"<period>{period}</period><quota>{quota}</quota></cputune></domain>"
    )
    cpu = read_domain(xml.encode()).domain.cpu
    assert cpu == Cpu().with_time_limit(quota, period)
    assert f"<quota>{quota}</quota>" in write_domain(read_domain(xml.encode()).domain)


def test_what_no_kernel_takes() -> None:
    for quota, period in ((5, 100_000), (5000, 5)):
        with pytest.raises(errors.InvalidArgument):
            Cpu().with_time_limit(quota, period)
