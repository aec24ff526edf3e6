"""What programs do with libvirt's Python: containers from the first look to the last."""

from __future__ import annotations

import sys
from collections.abc import Callable

import libvirt

Conn = libvirt.virConnect
Dom = libvirt.virDomain

XML = """
<domain type='openvz' id='{ctid}'>
  <name>{name}</name>
  <devices><filesystem type='template'><source name='busybox'/></filesystem></devices>
</domain>
"""


def code_of(call: Callable[..., object], *arguments: object) -> tuple[int, int]:
    """The code and the domain of the error that a call must end with."""
    try:
        call(*arguments)
    except libvirt.libvirtError as exc:
        return exc.get_error_code(), exc.get_error_domain()
    raise AssertionError(f"{call} succeeded")


def looks(conn: Conn) -> Dom:
    """Each way to find a container finds the same one."""
    web = conn.defineXML(XML.format(name="web", ctid=209))
    conn.defineXMLFlags(XML.format(name="mail", ctid=210), libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    assert web.ID() == -1
    assert {dom.name() for dom in conn.listAllDomains()} == {"web", "mail"}
    assert sorted(conn.listDefinedDomains()) == ["mail", "web"]
    assert (conn.numOfDefinedDomains(), conn.numOfDomains()) == (2, 0)
    web.create()
    assert conn.listDomainsID() == [209]
    assert conn.numOfDomains() == 1
    same = [
        conn.lookupByName("web"),
        conn.lookupByID(209),
        conn.lookupByUUID(web.UUID()),
        conn.lookupByUUIDString(web.UUIDString()),
        conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)[0],
    ]
    assert {(dom.name(), dom.UUIDString(), dom.ID()) for dom in same} == {
        ("web", web.UUIDString(), 209)
    }
    assert conn.lookupByID(210).name() == "mail"  # by its number, be it off
    return same[0]


def facts(conn: Conn, web: Dom) -> None:
    """What there is to know of one."""
    state, most, used, vcpus, _time = web.info()
    assert (state, most) == (libvirt.VIR_DOMAIN_RUNNING, 262144)
    assert 0 < used <= most
    assert vcpus >= 1
    assert web.state() == [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED]
    assert (web.OSType(), web.maxMemory(), web.maxVcpus()) == ("exe", 262144, vcpus)
    assert (web.isActive(), web.isPersistent(), web.isUpdated()) == (1, 1, 0)
    assert (web.autostart(), web.hasManagedSaveImage()) == (0, 0)
    assert web.schedulerType()[0] == "posix"
    assert web.schedulerParameters()["cpu_shares"] == 1024
    assert web.memoryParameters()["hard_limit"] == 262144
    assert web.memoryStats()["actual"] == 262144
    assert web.hostname() == "web"
    assert web.getCPUStats(True)[0]["cpu_time"] >= 0
    assert "<name>web</name>" in web.XMLDesc()
    assert code_of(web.metadata, libvirt.VIR_DOMAIN_METADATA_TITLE, None) == (
        libvirt.VIR_ERR_NO_DOMAIN_METADATA,
        libvirt.VIR_FROM_OPENVZ,
    )
    web.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "A title", None, None)
    assert web.metadata(libvirt.VIR_DOMAIN_METADATA_TITLE, None) == "A title"


def statistics(conn: Conn, web: Dom) -> None:
    """Of all containers in one call, or of some; all of it, or some."""
    everything = {dom.name(): stats for dom, stats in conn.getAllDomainStats()}
    assert set(everything) == {"web", "mail"}
    assert everything["web"]["state.state"] == libvirt.VIR_DOMAIN_RUNNING
    assert everything["web"]["cpu.time"] >= 0
    assert everything["mail"]["state.state"] == libvirt.VIR_DOMAIN_SHUTOFF
    (only,) = conn.getAllDomainStats(
        libvirt.VIR_DOMAIN_STATS_BALLOON, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE
    )
    assert only[0].name() == "web"
    assert {key.split(".")[0] for key in only[1]} == {"balloon"}
    (only,) = conn.domainListGetStats([web], libvirt.VIR_DOMAIN_STATS_STATE)
    assert only[1] == {"state.state": 1, "state.reason": 1}


def refusals(conn: Conn, web: Dom) -> None:
    """Errors have the codes that programs look at."""
    openvz = libvirt.VIR_FROM_OPENVZ
    assert code_of(conn.lookupByName, "nobody") == (libvirt.VIR_ERR_NO_DOMAIN, openvz)
    assert code_of(conn.lookupByID, 999)[0] == libvirt.VIR_ERR_NO_DOMAIN
    assert code_of(conn.lookupByUUIDString, "0" * 32)[0] == libvirt.VIR_ERR_NO_DOMAIN
    assert code_of(conn.networkLookupByName, "nothing")[0] == libvirt.VIR_ERR_NO_NETWORK
    assert code_of(conn.storagePoolLookupByName, "nothing")[0] == libvirt.VIR_ERR_NO_STORAGE_POOL
    pool = conn.storagePoolLookupByName("templates")
    assert code_of(pool.storageVolLookupByName, "nothing")[0] == libvirt.VIR_ERR_NO_STORAGE_VOL
    assert code_of(conn.nodeDeviceLookupByName, "nothing")[0] == libvirt.VIR_ERR_NO_NODE_DEVICE
    assert code_of(web.create)[0] == libvirt.VIR_ERR_OPERATION_INVALID
    assert web.resume() == 0, "it runs already"
    mail = conn.lookupByName("mail")
    assert code_of(mail.destroy)[0] == libvirt.VIR_ERR_OPERATION_INVALID
    assert code_of(mail.memoryStats)[0] == libvirt.VIR_ERR_OPERATION_INVALID
    assert code_of(web.save, "/nowhere")[0] == libvirt.VIR_ERR_NO_SUPPORT
    assert code_of(web.snapshotCreateXML, "<domainsnapshot/>")[0] == libvirt.VIR_ERR_NO_SUPPORT
    assert code_of(conn.defineXML, "<domain")[0] == libvirt.VIR_ERR_XML_ERROR
    assert code_of(conn.defineXML, XML.format(name="web", ctid=211))[0] in {
        libvirt.VIR_ERR_OPERATION_FAILED,
        libvirt.VIR_ERR_DOM_EXIST,
    }
    assert code_of(web.XMLDesc, 1 << 20)[0] == libvirt.VIR_ERR_INVALID_ARG
    assert code_of(web.attachDevice, "<disk type='file'/>")[0] in {
        libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
        libvirt.VIR_ERR_XML_ERROR,
    }


def who_may_only_read(uri: str) -> None:
    """Such a client sees all and changes nothing."""
    conn = libvirt.openReadOnly(uri)
    web = conn.lookupByName("web")
    assert web.info()[0] == libvirt.VIR_DOMAIN_RUNNING
    denied = libvirt.VIR_ERR_OPERATION_DENIED
    for change, *arguments in (
        (web.destroy,),
        (web.suspend,),
        (web.setMemory, 1024),
        (web.setAutostart, 1),
        (web.undefine,),
        (web.attachDevice, "<interface/>"),
        (conn.defineXML, XML.format(name="more", ctid=300)),
        (conn.createXML, XML.format(name="more", ctid=300)),
        (conn.networkDefineXML, "<network><name>more</name></network>"),
    ):
        assert code_of(change, *arguments)[0] == denied, change
    conn.close()


def ends(conn: Conn, web: Dom) -> None:
    """Paused and not, rebooted, shut down, forgotten; one that is gone with its connection."""
    web.suspend()
    assert web.state()[0] == libvirt.VIR_DOMAIN_PAUSED
    web.resume()
    web.reboot()
    web.shutdown()
    assert web.state() == [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN]
    web.create()
    web.destroy()
    assert web.state() == [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED]
    web.undefine()
    conn.lookupByName("mail").undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
    assert conn.listAllDomains() == []
    other = libvirt.open(sys.argv[1])
    brief = other.createXML(
        XML.format(name="brief", ctid=212), libvirt.VIR_DOMAIN_START_AUTODESTROY
    )
    assert not brief.isPersistent()
    assert [dom.name() for dom in conn.listAllDomains()] == ["brief"]
    del brief
    other.close()


def main() -> None:
    libvirt.registerErrorHandler(lambda *_: None, None)
    conn = libvirt.open(sys.argv[1])
    assert (conn.isSecure(), conn.isEncrypted(), conn.isAlive()) == (1, 0, 1)
    web = looks(conn)
    facts(conn, web)
    statistics(conn, web)
    refusals(conn, web)
    who_may_only_read(sys.argv[1])
    ends(conn, web)
    conn.close()
    sys.stdout.write("done\n")


main()
