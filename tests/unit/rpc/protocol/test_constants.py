from __future__ import annotations

from vzvirt import errors
from vzvirt.rpc.protocol import constants


def test_numbers_are_libvirts() -> None:
    assert constants.VIR_DOMAIN_XML_INACTIVE == 2
    assert errors.NoDomain.code == constants.VIR_ERR_NO_DOMAIN
    assert constants.VIR_FROM_OPENVZ == errors.FROM_OPENVZ
    assert constants.VIR_DRV_FEATURE_REMOTE_EVENT_CALLBACK == 14
