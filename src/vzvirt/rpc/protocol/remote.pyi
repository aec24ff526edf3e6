# ruff: noqa: N815
# Printed by tools/rpcgen.py from tools/protocol.json.
# Structures that only a server sends may hold Encoded bytes in place of others.
from collections.abc import Sequence

from vzvirt.rpc.xdr import Encoded, Struct, Union

STRUCTS: dict[str, str]
UNIONS: dict[str, dict[int, str]]

class TypedParamValue(Union): ...

class StreamHole(Struct):
    length: int
    flags: int

class NonnullDomain(Struct):
    name: str
    uuid: bytes
    id: int

class NonnullNetwork(Struct):
    name: str
    uuid: bytes

class NonnullNetworkPort(Struct):
    net: NonnullNetwork
    uuid: bytes

class NonnullNwfilter(Struct):
    name: str
    uuid: bytes

class NonnullNwfilterBinding(Struct):
    portdev: str
    filtername: str

class NonnullInterface(Struct):
    name: str
    mac: str

class NonnullStoragePool(Struct):
    name: str
    uuid: bytes

class NonnullStorageVol(Struct):
    pool: str
    name: str
    key: str

class NonnullNodeDevice(Struct):
    name: str

class NonnullSecret(Struct):
    uuid: bytes
    usageType: int
    usageID: str

class NonnullDomainCheckpoint(Struct):
    name: str
    dom: NonnullDomain

class NonnullDomainSnapshot(Struct):
    name: str
    dom: NonnullDomain

class Error(Struct):
    code: int
    domain: int
    message: str | None
    level: int
    dom: NonnullDomain | Encoded | None
    str1: str | None
    str2: str | None
    str3: str | None
    int1: int
    int2: int
    net: NonnullNetwork | Encoded | None

class VcpuInfo(Struct):
    number: int
    state: int
    cpu_time: int
    cpu: int

class TypedParam(Struct):
    field: str
    value: TypedParamValue

class NodeGetCpuStats(Struct):
    field: str
    value: int

class NodeGetMemoryStats(Struct):
    field: str
    value: int

class DomainDiskError(Struct):
    disk: str
    error: int

class ConnectOpenArgs(Struct):
    name: str | None
    flags: int

class ConnectSupportsFeatureArgs(Struct):
    feature: int

class ConnectSupportsFeatureRet(Struct):
    supported: int

class ConnectGetTypeRet(Struct):
    type: str

class ConnectGetVersionRet(Struct):
    hv_ver: int

class ConnectGetLibVersionRet(Struct):
    lib_ver: int

class ConnectGetHostnameRet(Struct):
    hostname: str

class ConnectGetSysinfoArgs(Struct):
    flags: int

class ConnectGetSysinfoRet(Struct):
    sysinfo: str

class ConnectGetUriRet(Struct):
    uri: str

class ConnectGetMaxVcpusArgs(Struct):
    type: str | None

class ConnectGetMaxVcpusRet(Struct):
    max_vcpus: int

class NodeGetInfoRet(Struct):
    model: bytes
    memory: int
    cpus: int
    mhz: int
    nodes: int
    sockets: int
    cores: int
    threads: int

class ConnectGetCapabilitiesRet(Struct):
    capabilities: str

class ConnectGetDomainCapabilitiesArgs(Struct):
    emulatorbin: str | None
    arch: str | None
    machine: str | None
    virttype: str | None
    flags: int

class ConnectGetDomainCapabilitiesRet(Struct):
    capabilities: str

class NodeGetCpuStatsArgs(Struct):
    cpuNum: int
    nparams: int
    flags: int

class NodeGetCpuStatsRet(Struct):
    params: Sequence[NodeGetCpuStats | Encoded]
    nparams: int

class NodeGetMemoryStatsArgs(Struct):
    nparams: int
    cellNum: int
    flags: int

class NodeGetMemoryStatsRet(Struct):
    params: Sequence[NodeGetMemoryStats | Encoded]
    nparams: int

class NodeGetCellsFreeMemoryArgs(Struct):
    startCell: int
    maxcells: int

class NodeGetCellsFreeMemoryRet(Struct):
    cells: Sequence[int]

class NodeGetFreeMemoryRet(Struct):
    freeMem: int

class DomainGetSchedulerTypeArgs(Struct):
    dom: NonnullDomain

class DomainGetSchedulerTypeRet(Struct):
    type: str
    nparams: int

class DomainGetSchedulerParametersArgs(Struct):
    dom: NonnullDomain
    nparams: int

class DomainGetSchedulerParametersRet(Struct):
    params: Sequence[TypedParam | Encoded]

class DomainGetSchedulerParametersFlagsArgs(Struct):
    dom: NonnullDomain
    nparams: int
    flags: int

class DomainGetSchedulerParametersFlagsRet(Struct):
    params: Sequence[TypedParam | Encoded]

class DomainSetSchedulerParametersArgs(Struct):
    dom: NonnullDomain
    params: Sequence[TypedParam]

class DomainSetSchedulerParametersFlagsArgs(Struct):
    dom: NonnullDomain
    params: Sequence[TypedParam]
    flags: int

class DomainSetBlkioParametersArgs(Struct):
    dom: NonnullDomain
    params: Sequence[TypedParam]
    flags: int

class DomainGetBlkioParametersArgs(Struct):
    dom: NonnullDomain
    nparams: int
    flags: int

class DomainGetBlkioParametersRet(Struct):
    params: Sequence[TypedParam | Encoded]
    nparams: int

class DomainSetMemoryParametersArgs(Struct):
    dom: NonnullDomain
    params: Sequence[TypedParam]
    flags: int

class DomainGetMemoryParametersArgs(Struct):
    dom: NonnullDomain
    nparams: int
    flags: int

class DomainGetMemoryParametersRet(Struct):
    params: Sequence[TypedParam | Encoded]
    nparams: int

class DomainBlockResizeArgs(Struct):
    dom: NonnullDomain
    disk: str
    size: int
    flags: int

class DomainSetNumaParametersArgs(Struct):
    dom: NonnullDomain
    params: Sequence[TypedParam]
    flags: int

class DomainGetNumaParametersArgs(Struct):
    dom: NonnullDomain
    nparams: int
    flags: int

class DomainGetNumaParametersRet(Struct):
    params: Sequence[TypedParam | Encoded]
    nparams: int

class DomainSetPerfEventsArgs(Struct):
    dom: NonnullDomain
    params: Sequence[TypedParam]
    flags: int

class DomainGetPerfEventsArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetPerfEventsRet(Struct):
    params: Sequence[TypedParam | Encoded]

class DomainBlockStatsArgs(Struct):
    dom: NonnullDomain
    path: str

class DomainBlockStatsRet(Struct):
    rd_req: int
    rd_bytes: int
    wr_req: int
    wr_bytes: int
    errs: int

class DomainBlockStatsFlagsArgs(Struct):
    dom: NonnullDomain
    path: str
    nparams: int
    flags: int

class DomainBlockStatsFlagsRet(Struct):
    params: Sequence[TypedParam | Encoded]
    nparams: int

class DomainInterfaceStatsArgs(Struct):
    dom: NonnullDomain
    device: str

class DomainInterfaceStatsRet(Struct):
    rx_bytes: int
    rx_packets: int
    rx_errs: int
    rx_drop: int
    tx_bytes: int
    tx_packets: int
    tx_errs: int
    tx_drop: int

class DomainSetInterfaceParametersArgs(Struct):
    dom: NonnullDomain
    device: str
    params: Sequence[TypedParam]
    flags: int

class DomainGetInterfaceParametersArgs(Struct):
    dom: NonnullDomain
    device: str
    nparams: int
    flags: int

class DomainGetInterfaceParametersRet(Struct):
    params: Sequence[TypedParam | Encoded]
    nparams: int

class DomainMemoryStatsArgs(Struct):
    dom: NonnullDomain
    maxStats: int
    flags: int

class DomainMemoryStat(Struct):
    tag: int
    val: int

class DomainMemoryStatsRet(Struct):
    stats: Sequence[DomainMemoryStat | Encoded]

class DomainBlockPeekArgs(Struct):
    dom: NonnullDomain
    path: str
    offset: int
    size: int
    flags: int

class DomainBlockPeekRet(Struct):
    buffer: bytes

class DomainMemoryPeekArgs(Struct):
    dom: NonnullDomain
    offset: int
    size: int
    flags: int

class DomainMemoryPeekRet(Struct):
    buffer: bytes

class DomainGetBlockInfoArgs(Struct):
    dom: NonnullDomain
    path: str
    flags: int

class DomainGetBlockInfoRet(Struct):
    allocation: int
    capacity: int
    physical: int

class ConnectListDomainsArgs(Struct):
    maxids: int

class ConnectListDomainsRet(Struct):
    ids: Sequence[int]

class ConnectNumOfDomainsRet(Struct):
    num: int

class DomainCreateXmlArgs(Struct):
    xml_desc: str
    flags: int

class DomainCreateXmlRet(Struct):
    dom: NonnullDomain | Encoded

class DomainCreateXmlWithFilesArgs(Struct):
    xml_desc: str
    flags: int

class DomainCreateXmlWithFilesRet(Struct):
    dom: NonnullDomain | Encoded

class DomainLookupByIdArgs(Struct):
    id: int

class DomainLookupByIdRet(Struct):
    dom: NonnullDomain | Encoded

class DomainLookupByUuidArgs(Struct):
    uuid: bytes

class DomainLookupByUuidRet(Struct):
    dom: NonnullDomain | Encoded

class DomainLookupByNameArgs(Struct):
    name: str

class DomainLookupByNameRet(Struct):
    dom: NonnullDomain | Encoded

class DomainSuspendArgs(Struct):
    dom: NonnullDomain

class DomainResumeArgs(Struct):
    dom: NonnullDomain

class DomainPmSuspendForDurationArgs(Struct):
    dom: NonnullDomain
    target: int
    duration: int
    flags: int

class DomainPmWakeupArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainShutdownArgs(Struct):
    dom: NonnullDomain

class DomainRebootArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainResetArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainDestroyArgs(Struct):
    dom: NonnullDomain

class DomainDestroyFlagsArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetOsTypeArgs(Struct):
    dom: NonnullDomain

class DomainGetOsTypeRet(Struct):
    type: str

class DomainGetMaxMemoryArgs(Struct):
    dom: NonnullDomain

class DomainGetMaxMemoryRet(Struct):
    memory: int

class DomainSetMaxMemoryArgs(Struct):
    dom: NonnullDomain
    memory: int

class DomainSetMemoryArgs(Struct):
    dom: NonnullDomain
    memory: int

class DomainSetMemoryFlagsArgs(Struct):
    dom: NonnullDomain
    memory: int
    flags: int

class DomainSetMemoryStatsPeriodArgs(Struct):
    dom: NonnullDomain
    period: int
    flags: int

class DomainGetInfoArgs(Struct):
    dom: NonnullDomain

class DomainGetInfoRet(Struct):
    state: int
    maxMem: int
    memory: int
    nrVirtCpu: int
    cpuTime: int

class DomainSaveArgs(Struct):
    dom: NonnullDomain
    to: str

class DomainSaveFlagsArgs(Struct):
    dom: NonnullDomain
    to: str
    dxml: str | None
    flags: int

class DomainSaveParamsArgs(Struct):
    dom: NonnullDomain
    params: Sequence[TypedParam]
    flags: int

class DomainRestoreArgs(Struct):
    from_: str

class DomainRestoreFlagsArgs(Struct):
    from_: str
    dxml: str | None
    flags: int

class DomainRestoreParamsArgs(Struct):
    params: Sequence[TypedParam]
    flags: int

class DomainSaveImageGetXmlDescArgs(Struct):
    file: str
    flags: int

class DomainSaveImageGetXmlDescRet(Struct):
    xml: str

class DomainSaveImageDefineXmlArgs(Struct):
    file: str
    dxml: str
    flags: int

class DomainCoreDumpArgs(Struct):
    dom: NonnullDomain
    to: str
    flags: int

class DomainCoreDumpWithFormatArgs(Struct):
    dom: NonnullDomain
    to: str
    dumpformat: int
    flags: int

class DomainScreenshotArgs(Struct):
    dom: NonnullDomain
    screen: int
    flags: int

class DomainScreenshotRet(Struct):
    mime: str | None

class DomainGetXmlDescArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetXmlDescRet(Struct):
    xml: str

class DomainMigratePrepareArgs(Struct):
    uri_in: str | None
    flags: int
    dname: str | None
    resource: int

class DomainMigratePrepareRet(Struct):
    cookie: bytes
    uri_out: str | None

class DomainMigratePerformArgs(Struct):
    dom: NonnullDomain
    cookie: bytes
    uri: str
    flags: int
    dname: str | None
    resource: int

class DomainMigrateFinishArgs(Struct):
    dname: str
    cookie: bytes
    uri: str
    flags: int

class DomainMigrateFinishRet(Struct):
    ddom: NonnullDomain | Encoded

class DomainMigratePrepare2Args(Struct):
    uri_in: str | None
    flags: int
    dname: str | None
    resource: int
    dom_xml: str

class DomainMigratePrepare2Ret(Struct):
    cookie: bytes
    uri_out: str | None

class DomainMigrateFinish2Args(Struct):
    dname: str
    cookie: bytes
    uri: str
    flags: int
    retcode: int

class DomainMigrateFinish2Ret(Struct):
    ddom: NonnullDomain | Encoded

class ConnectListDefinedDomainsArgs(Struct):
    maxnames: int

class ConnectListDefinedDomainsRet(Struct):
    names: Sequence[str]

class ConnectNumOfDefinedDomainsRet(Struct):
    num: int

class DomainCreateArgs(Struct):
    dom: NonnullDomain

class DomainCreateWithFlagsArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainCreateWithFlagsRet(Struct):
    dom: NonnullDomain | Encoded

class DomainCreateWithFilesArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainCreateWithFilesRet(Struct):
    dom: NonnullDomain | Encoded

class DomainDefineXmlArgs(Struct):
    xml: str

class DomainDefineXmlRet(Struct):
    dom: NonnullDomain | Encoded

class DomainDefineXmlFlagsArgs(Struct):
    xml: str
    flags: int

class DomainDefineXmlFlagsRet(Struct):
    dom: NonnullDomain | Encoded

class DomainUndefineArgs(Struct):
    dom: NonnullDomain

class DomainUndefineFlagsArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainInjectNmiArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainSendKeyArgs(Struct):
    dom: NonnullDomain
    codeset: int
    holdtime: int
    keycodes: Sequence[int]
    flags: int

class DomainSendProcessSignalArgs(Struct):
    dom: NonnullDomain
    pid_value: int
    signum: int
    flags: int

class DomainSetVcpusArgs(Struct):
    dom: NonnullDomain
    nvcpus: int

class DomainSetVcpusFlagsArgs(Struct):
    dom: NonnullDomain
    nvcpus: int
    flags: int

class DomainGetVcpusFlagsArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetVcpusFlagsRet(Struct):
    num: int

class DomainPinVcpuArgs(Struct):
    dom: NonnullDomain
    vcpu: int
    cpumap: bytes

class DomainPinVcpuFlagsArgs(Struct):
    dom: NonnullDomain
    vcpu: int
    cpumap: bytes
    flags: int

class DomainGetVcpuPinInfoArgs(Struct):
    dom: NonnullDomain
    ncpumaps: int
    maplen: int
    flags: int

class DomainGetVcpuPinInfoRet(Struct):
    cpumaps: bytes
    num: int

class DomainPinEmulatorArgs(Struct):
    dom: NonnullDomain
    cpumap: bytes
    flags: int

class DomainGetEmulatorPinInfoArgs(Struct):
    dom: NonnullDomain
    maplen: int
    flags: int

class DomainGetEmulatorPinInfoRet(Struct):
    cpumaps: bytes
    ret: int

class DomainGetVcpusArgs(Struct):
    dom: NonnullDomain
    maxinfo: int
    maplen: int

class DomainGetVcpusRet(Struct):
    info: Sequence[VcpuInfo | Encoded]
    cpumaps: bytes

class DomainGetMaxVcpusArgs(Struct):
    dom: NonnullDomain

class DomainGetMaxVcpusRet(Struct):
    num: int

class DomainIothreadInfo(Struct):
    iothread_id: int
    cpumap: bytes

class DomainGetIothreadInfoArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetIothreadInfoRet(Struct):
    info: Sequence[DomainIothreadInfo | Encoded]
    ret: int

class DomainPinIothreadArgs(Struct):
    dom: NonnullDomain
    iothreads_id: int
    cpumap: bytes
    flags: int

class DomainAddIothreadArgs(Struct):
    dom: NonnullDomain
    iothread_id: int
    flags: int

class DomainDelIothreadArgs(Struct):
    dom: NonnullDomain
    iothread_id: int
    flags: int

class DomainSetIothreadParamsArgs(Struct):
    dom: NonnullDomain
    iothread_id: int
    params: Sequence[TypedParam]
    flags: int

class DomainGetSecurityLabelArgs(Struct):
    dom: NonnullDomain

class DomainGetSecurityLabelRet(Struct):
    label: bytes
    enforcing: int

class DomainGetSecurityLabelListArgs(Struct):
    dom: NonnullDomain

class DomainGetSecurityLabelListRet(Struct):
    labels: Sequence[DomainGetSecurityLabelRet | Encoded]
    ret: int

class NodeGetSecurityModelRet(Struct):
    model: bytes
    doi: bytes

class DomainAttachDeviceArgs(Struct):
    dom: NonnullDomain
    xml: str

class DomainAttachDeviceFlagsArgs(Struct):
    dom: NonnullDomain
    xml: str
    flags: int

class DomainDetachDeviceArgs(Struct):
    dom: NonnullDomain
    xml: str

class DomainDetachDeviceFlagsArgs(Struct):
    dom: NonnullDomain
    xml: str
    flags: int

class DomainUpdateDeviceFlagsArgs(Struct):
    dom: NonnullDomain
    xml: str
    flags: int

class DomainDetachDeviceAliasArgs(Struct):
    dom: NonnullDomain
    alias: str
    flags: int

class DomainGetAutostartArgs(Struct):
    dom: NonnullDomain

class DomainGetAutostartRet(Struct):
    autostart: int

class DomainSetAutostartArgs(Struct):
    dom: NonnullDomain
    autostart: int

class DomainSetMetadataArgs(Struct):
    dom: NonnullDomain
    type: int
    metadata: str | None
    key: str | None
    uri: str | None
    flags: int

class DomainGetMetadataArgs(Struct):
    dom: NonnullDomain
    type: int
    uri: str | None
    flags: int

class DomainGetMetadataRet(Struct):
    metadata: str

class DomainBlockJobAbortArgs(Struct):
    dom: NonnullDomain
    path: str
    flags: int

class DomainGetBlockJobInfoArgs(Struct):
    dom: NonnullDomain
    path: str
    flags: int

class DomainGetBlockJobInfoRet(Struct):
    found: int
    type: int
    bandwidth: int
    cur: int
    end: int

class DomainBlockJobSetSpeedArgs(Struct):
    dom: NonnullDomain
    path: str
    bandwidth: int
    flags: int

class DomainBlockPullArgs(Struct):
    dom: NonnullDomain
    path: str
    bandwidth: int
    flags: int

class DomainBlockRebaseArgs(Struct):
    dom: NonnullDomain
    path: str
    base: str | None
    bandwidth: int
    flags: int

class DomainBlockCopyArgs(Struct):
    dom: NonnullDomain
    path: str
    destxml: str
    params: Sequence[TypedParam]
    flags: int

class DomainBlockCommitArgs(Struct):
    dom: NonnullDomain
    disk: str
    base: str | None
    top: str | None
    bandwidth: int
    flags: int

class DomainSetBlockIoTuneArgs(Struct):
    dom: NonnullDomain
    disk: str
    params: Sequence[TypedParam]
    flags: int

class DomainGetBlockIoTuneArgs(Struct):
    dom: NonnullDomain
    disk: str | None
    nparams: int
    flags: int

class DomainGetBlockIoTuneRet(Struct):
    params: Sequence[TypedParam | Encoded]
    nparams: int

class DomainGetCpuStatsArgs(Struct):
    dom: NonnullDomain
    nparams: int
    start_cpu: int
    ncpus: int
    flags: int

class DomainGetCpuStatsRet(Struct):
    params: Sequence[TypedParam | Encoded]
    nparams: int

class DomainGetHostnameArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetHostnameRet(Struct):
    hostname: str

class ConnectNumOfNetworksRet(Struct):
    num: int

class ConnectListNetworksArgs(Struct):
    maxnames: int

class ConnectListNetworksRet(Struct):
    names: Sequence[str]

class ConnectNumOfDefinedNetworksRet(Struct):
    num: int

class ConnectListDefinedNetworksArgs(Struct):
    maxnames: int

class ConnectListDefinedNetworksRet(Struct):
    names: Sequence[str]

class NetworkLookupByUuidArgs(Struct):
    uuid: bytes

class NetworkLookupByUuidRet(Struct):
    net: NonnullNetwork | Encoded

class NetworkLookupByNameArgs(Struct):
    name: str

class NetworkLookupByNameRet(Struct):
    net: NonnullNetwork | Encoded

class NetworkCreateXmlArgs(Struct):
    xml: str

class NetworkCreateXmlRet(Struct):
    net: NonnullNetwork | Encoded

class NetworkCreateXmlFlagsArgs(Struct):
    xml: str
    flags: int

class NetworkCreateXmlFlagsRet(Struct):
    net: NonnullNetwork | Encoded

class NetworkDefineXmlArgs(Struct):
    xml: str

class NetworkDefineXmlRet(Struct):
    net: NonnullNetwork | Encoded

class NetworkDefineXmlFlagsArgs(Struct):
    xml: str
    flags: int

class NetworkDefineXmlFlagsRet(Struct):
    net: NonnullNetwork | Encoded

class NetworkUndefineArgs(Struct):
    net: NonnullNetwork

class NetworkUpdateArgs(Struct):
    net: NonnullNetwork
    command: int
    section: int
    parentIndex: int
    xml: str
    flags: int

class NetworkCreateArgs(Struct):
    net: NonnullNetwork

class NetworkDestroyArgs(Struct):
    net: NonnullNetwork

class NetworkGetXmlDescArgs(Struct):
    net: NonnullNetwork
    flags: int

class NetworkGetXmlDescRet(Struct):
    xml: str

class NetworkGetBridgeNameArgs(Struct):
    net: NonnullNetwork

class NetworkGetBridgeNameRet(Struct):
    name: str

class NetworkGetAutostartArgs(Struct):
    net: NonnullNetwork

class NetworkGetAutostartRet(Struct):
    autostart: int

class NetworkSetAutostartArgs(Struct):
    net: NonnullNetwork
    autostart: int

class ConnectNumOfNwfiltersRet(Struct):
    num: int

class ConnectListNwfiltersArgs(Struct):
    maxnames: int

class ConnectListNwfiltersRet(Struct):
    names: Sequence[str]

class NwfilterLookupByUuidArgs(Struct):
    uuid: bytes

class NwfilterLookupByUuidRet(Struct):
    nwfilter: NonnullNwfilter | Encoded

class NwfilterLookupByNameArgs(Struct):
    name: str

class NwfilterLookupByNameRet(Struct):
    nwfilter: NonnullNwfilter | Encoded

class NwfilterDefineXmlArgs(Struct):
    xml: str

class NwfilterDefineXmlRet(Struct):
    nwfilter: NonnullNwfilter | Encoded

class NwfilterDefineXmlFlagsArgs(Struct):
    xml: str
    flags: int

class NwfilterDefineXmlFlagsRet(Struct):
    nwfilter: NonnullNwfilter | Encoded

class NwfilterUndefineArgs(Struct):
    nwfilter: NonnullNwfilter

class NwfilterGetXmlDescArgs(Struct):
    nwfilter: NonnullNwfilter
    flags: int

class NwfilterGetXmlDescRet(Struct):
    xml: str

class ConnectNumOfInterfacesRet(Struct):
    num: int

class ConnectListInterfacesArgs(Struct):
    maxnames: int

class ConnectListInterfacesRet(Struct):
    names: Sequence[str]

class ConnectNumOfDefinedInterfacesRet(Struct):
    num: int

class ConnectListDefinedInterfacesArgs(Struct):
    maxnames: int

class ConnectListDefinedInterfacesRet(Struct):
    names: Sequence[str]

class InterfaceLookupByNameArgs(Struct):
    name: str

class InterfaceLookupByNameRet(Struct):
    iface: NonnullInterface | Encoded

class InterfaceLookupByMacStringArgs(Struct):
    mac: str

class InterfaceLookupByMacStringRet(Struct):
    iface: NonnullInterface | Encoded

class InterfaceGetXmlDescArgs(Struct):
    iface: NonnullInterface
    flags: int

class InterfaceGetXmlDescRet(Struct):
    xml: str

class InterfaceDefineXmlArgs(Struct):
    xml: str
    flags: int

class InterfaceDefineXmlRet(Struct):
    iface: NonnullInterface | Encoded

class InterfaceUndefineArgs(Struct):
    iface: NonnullInterface

class InterfaceCreateArgs(Struct):
    iface: NonnullInterface
    flags: int

class InterfaceDestroyArgs(Struct):
    iface: NonnullInterface
    flags: int

class InterfaceChangeBeginArgs(Struct):
    flags: int

class InterfaceChangeCommitArgs(Struct):
    flags: int

class InterfaceChangeRollbackArgs(Struct):
    flags: int

class AuthListRet(Struct):
    types: Sequence[int]

class AuthSaslInitRet(Struct):
    mechlist: str

class AuthSaslStartArgs(Struct):
    mech: str
    nil: int
    data: bytes

class AuthSaslStartRet(Struct):
    complete: int
    nil: int
    data: bytes

class AuthSaslStepArgs(Struct):
    nil: int
    data: bytes

class AuthSaslStepRet(Struct):
    complete: int
    nil: int
    data: bytes

class AuthPolkitRet(Struct):
    complete: int

class ConnectNumOfStoragePoolsRet(Struct):
    num: int

class ConnectListStoragePoolsArgs(Struct):
    maxnames: int

class ConnectListStoragePoolsRet(Struct):
    names: Sequence[str]

class ConnectNumOfDefinedStoragePoolsRet(Struct):
    num: int

class ConnectListDefinedStoragePoolsArgs(Struct):
    maxnames: int

class ConnectListDefinedStoragePoolsRet(Struct):
    names: Sequence[str]

class ConnectFindStoragePoolSourcesArgs(Struct):
    type: str
    srcSpec: str | None
    flags: int

class ConnectFindStoragePoolSourcesRet(Struct):
    xml: str

class StoragePoolLookupByUuidArgs(Struct):
    uuid: bytes

class StoragePoolLookupByUuidRet(Struct):
    pool: NonnullStoragePool | Encoded

class StoragePoolLookupByNameArgs(Struct):
    name: str

class StoragePoolLookupByNameRet(Struct):
    pool: NonnullStoragePool | Encoded

class StoragePoolLookupByVolumeArgs(Struct):
    vol: NonnullStorageVol

class StoragePoolLookupByVolumeRet(Struct):
    pool: NonnullStoragePool | Encoded

class StoragePoolLookupByTargetPathArgs(Struct):
    path: str

class StoragePoolLookupByTargetPathRet(Struct):
    pool: NonnullStoragePool | Encoded

class StoragePoolCreateXmlArgs(Struct):
    xml: str
    flags: int

class StoragePoolCreateXmlRet(Struct):
    pool: NonnullStoragePool | Encoded

class StoragePoolDefineXmlArgs(Struct):
    xml: str
    flags: int

class StoragePoolDefineXmlRet(Struct):
    pool: NonnullStoragePool | Encoded

class StoragePoolBuildArgs(Struct):
    pool: NonnullStoragePool
    flags: int

class StoragePoolUndefineArgs(Struct):
    pool: NonnullStoragePool

class StoragePoolCreateArgs(Struct):
    pool: NonnullStoragePool
    flags: int

class StoragePoolDestroyArgs(Struct):
    pool: NonnullStoragePool

class StoragePoolDeleteArgs(Struct):
    pool: NonnullStoragePool
    flags: int

class StoragePoolRefreshArgs(Struct):
    pool: NonnullStoragePool
    flags: int

class StoragePoolGetXmlDescArgs(Struct):
    pool: NonnullStoragePool
    flags: int

class StoragePoolGetXmlDescRet(Struct):
    xml: str

class StoragePoolGetInfoArgs(Struct):
    pool: NonnullStoragePool

class StoragePoolGetInfoRet(Struct):
    state: int
    capacity: int
    allocation: int
    available: int

class StoragePoolGetAutostartArgs(Struct):
    pool: NonnullStoragePool

class StoragePoolGetAutostartRet(Struct):
    autostart: int

class StoragePoolSetAutostartArgs(Struct):
    pool: NonnullStoragePool
    autostart: int

class StoragePoolNumOfVolumesArgs(Struct):
    pool: NonnullStoragePool

class StoragePoolNumOfVolumesRet(Struct):
    num: int

class StoragePoolListVolumesArgs(Struct):
    pool: NonnullStoragePool
    maxnames: int

class StoragePoolListVolumesRet(Struct):
    names: Sequence[str]

class StorageVolLookupByNameArgs(Struct):
    pool: NonnullStoragePool
    name: str

class StorageVolLookupByNameRet(Struct):
    vol: NonnullStorageVol | Encoded

class StorageVolLookupByKeyArgs(Struct):
    key: str

class StorageVolLookupByKeyRet(Struct):
    vol: NonnullStorageVol | Encoded

class StorageVolLookupByPathArgs(Struct):
    path: str

class StorageVolLookupByPathRet(Struct):
    vol: NonnullStorageVol | Encoded

class StorageVolCreateXmlArgs(Struct):
    pool: NonnullStoragePool
    xml: str
    flags: int

class StorageVolCreateXmlRet(Struct):
    vol: NonnullStorageVol | Encoded

class StorageVolCreateXmlFromArgs(Struct):
    pool: NonnullStoragePool
    xml: str
    clonevol: NonnullStorageVol
    flags: int

class StorageVolCreateXmlFromRet(Struct):
    vol: NonnullStorageVol | Encoded

class StorageVolDeleteArgs(Struct):
    vol: NonnullStorageVol
    flags: int

class StorageVolWipeArgs(Struct):
    vol: NonnullStorageVol
    flags: int

class StorageVolWipePatternArgs(Struct):
    vol: NonnullStorageVol
    algorithm: int
    flags: int

class StorageVolGetXmlDescArgs(Struct):
    vol: NonnullStorageVol
    flags: int

class StorageVolGetXmlDescRet(Struct):
    xml: str

class StorageVolGetInfoArgs(Struct):
    vol: NonnullStorageVol

class StorageVolGetInfoRet(Struct):
    type: int
    capacity: int
    allocation: int

class StorageVolGetInfoFlagsArgs(Struct):
    vol: NonnullStorageVol
    flags: int

class StorageVolGetInfoFlagsRet(Struct):
    type: int
    capacity: int
    allocation: int

class StorageVolGetPathArgs(Struct):
    vol: NonnullStorageVol

class StorageVolGetPathRet(Struct):
    name: str

class StorageVolResizeArgs(Struct):
    vol: NonnullStorageVol
    capacity: int
    flags: int

class NodeNumOfDevicesArgs(Struct):
    cap: str | None
    flags: int

class NodeNumOfDevicesRet(Struct):
    num: int

class NodeListDevicesArgs(Struct):
    cap: str | None
    maxnames: int
    flags: int

class NodeListDevicesRet(Struct):
    names: Sequence[str]

class NodeDeviceLookupByNameArgs(Struct):
    name: str

class NodeDeviceLookupByNameRet(Struct):
    dev: NonnullNodeDevice | Encoded

class NodeDeviceLookupScsiHostByWwnArgs(Struct):
    wwnn: str
    wwpn: str
    flags: int

class NodeDeviceLookupScsiHostByWwnRet(Struct):
    dev: NonnullNodeDevice | Encoded

class NodeDeviceGetXmlDescArgs(Struct):
    name: str
    flags: int

class NodeDeviceGetXmlDescRet(Struct):
    xml: str

class NodeDeviceGetParentArgs(Struct):
    name: str

class NodeDeviceGetParentRet(Struct):
    parentName: str | None

class NodeDeviceNumOfCapsArgs(Struct):
    name: str

class NodeDeviceNumOfCapsRet(Struct):
    num: int

class NodeDeviceListCapsArgs(Struct):
    name: str
    maxnames: int

class NodeDeviceListCapsRet(Struct):
    names: Sequence[str]

class NodeDeviceDettachArgs(Struct):
    name: str

class NodeDeviceDetachFlagsArgs(Struct):
    name: str
    driverName: str | None
    flags: int

class NodeDeviceReAttachArgs(Struct):
    name: str

class NodeDeviceResetArgs(Struct):
    name: str

class NodeDeviceCreateXmlArgs(Struct):
    xml_desc: str
    flags: int

class NodeDeviceCreateXmlRet(Struct):
    dev: NonnullNodeDevice | Encoded

class NodeDeviceDestroyArgs(Struct):
    name: str

class NodeDeviceDefineXmlArgs(Struct):
    xml_desc: str
    flags: int

class NodeDeviceDefineXmlRet(Struct):
    dev: NonnullNodeDevice | Encoded

class NodeDeviceUndefineArgs(Struct):
    name: str
    flags: int

class NodeDeviceCreateArgs(Struct):
    name: str
    flags: int

class NodeDeviceGetAutostartArgs(Struct):
    name: str

class NodeDeviceGetAutostartRet(Struct):
    autostart: int

class NodeDeviceSetAutostartArgs(Struct):
    name: str
    autostart: int

class NodeDeviceIsPersistentArgs(Struct):
    name: str

class NodeDeviceIsPersistentRet(Struct):
    persistent: int

class NodeDeviceIsActiveArgs(Struct):
    name: str

class NodeDeviceIsActiveRet(Struct):
    active: int

class ConnectDomainEventRegisterRet(Struct):
    cb_registered: int

class ConnectDomainEventDeregisterRet(Struct):
    cb_registered: int

class DomainEventLifecycleMsg(Struct):
    dom: NonnullDomain | Encoded
    event: int
    detail: int

class DomainEventCallbackLifecycleMsg(Struct):
    callbackID: int
    msg: DomainEventLifecycleMsg | Encoded

class ConnectDomainXmlFromNativeArgs(Struct):
    nativeFormat: str
    nativeConfig: str
    flags: int

class ConnectDomainXmlFromNativeRet(Struct):
    domainXml: str

class ConnectDomainXmlToNativeArgs(Struct):
    nativeFormat: str
    domainXml: str
    flags: int

class ConnectDomainXmlToNativeRet(Struct):
    nativeConfig: str

class ConnectNumOfSecretsRet(Struct):
    num: int

class ConnectListSecretsArgs(Struct):
    maxuuids: int

class ConnectListSecretsRet(Struct):
    uuids: Sequence[str]

class SecretLookupByUuidArgs(Struct):
    uuid: bytes

class SecretLookupByUuidRet(Struct):
    secret: NonnullSecret | Encoded

class SecretDefineXmlArgs(Struct):
    xml: str
    flags: int

class SecretDefineXmlRet(Struct):
    secret: NonnullSecret | Encoded

class SecretGetXmlDescArgs(Struct):
    secret: NonnullSecret
    flags: int

class SecretGetXmlDescRet(Struct):
    xml: str

class SecretSetValueArgs(Struct):
    secret: NonnullSecret
    value: bytes
    flags: int

class SecretGetValueArgs(Struct):
    secret: NonnullSecret
    flags: int

class SecretGetValueRet(Struct):
    value: bytes

class SecretUndefineArgs(Struct):
    secret: NonnullSecret

class SecretLookupByUsageArgs(Struct):
    usageType: int
    usageID: str

class SecretLookupByUsageRet(Struct):
    secret: NonnullSecret | Encoded

class DomainMigratePrepareTunnelArgs(Struct):
    flags: int
    dname: str | None
    resource: int
    dom_xml: str

class ConnectIsSecureRet(Struct):
    secure: int

class DomainIsActiveArgs(Struct):
    dom: NonnullDomain

class DomainIsActiveRet(Struct):
    active: int

class DomainIsPersistentArgs(Struct):
    dom: NonnullDomain

class DomainIsPersistentRet(Struct):
    persistent: int

class DomainIsUpdatedArgs(Struct):
    dom: NonnullDomain

class DomainIsUpdatedRet(Struct):
    updated: int

class NetworkIsActiveArgs(Struct):
    net: NonnullNetwork

class NetworkIsActiveRet(Struct):
    active: int

class NetworkIsPersistentArgs(Struct):
    net: NonnullNetwork

class NetworkIsPersistentRet(Struct):
    persistent: int

class StoragePoolIsActiveArgs(Struct):
    pool: NonnullStoragePool

class StoragePoolIsActiveRet(Struct):
    active: int

class StoragePoolIsPersistentArgs(Struct):
    pool: NonnullStoragePool

class StoragePoolIsPersistentRet(Struct):
    persistent: int

class InterfaceIsActiveArgs(Struct):
    iface: NonnullInterface

class InterfaceIsActiveRet(Struct):
    active: int

class ConnectCompareCpuArgs(Struct):
    xml: str
    flags: int

class ConnectCompareCpuRet(Struct):
    result: int

class ConnectBaselineCpuArgs(Struct):
    xmlCPUs: Sequence[str]
    flags: int

class ConnectBaselineCpuRet(Struct):
    cpu: str

class DomainGetJobInfoArgs(Struct):
    dom: NonnullDomain

class DomainGetJobInfoRet(Struct):
    type: int
    timeElapsed: int
    timeRemaining: int
    dataTotal: int
    dataProcessed: int
    dataRemaining: int
    memTotal: int
    memProcessed: int
    memRemaining: int
    fileTotal: int
    fileProcessed: int
    fileRemaining: int

class DomainGetJobStatsArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetJobStatsRet(Struct):
    type: int
    params: Sequence[TypedParam | Encoded]

class DomainAbortJobArgs(Struct):
    dom: NonnullDomain

class DomainAbortJobFlagsArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainMigrateGetMaxDowntimeArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainMigrateGetMaxDowntimeRet(Struct):
    downtime: int

class DomainMigrateSetMaxDowntimeArgs(Struct):
    dom: NonnullDomain
    downtime: int
    flags: int

class DomainMigrateGetCompressionCacheArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainMigrateGetCompressionCacheRet(Struct):
    cacheSize: int

class DomainMigrateSetCompressionCacheArgs(Struct):
    dom: NonnullDomain
    cacheSize: int
    flags: int

class DomainMigrateSetMaxSpeedArgs(Struct):
    dom: NonnullDomain
    bandwidth: int
    flags: int

class DomainMigrateGetMaxSpeedArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainMigrateGetMaxSpeedRet(Struct):
    bandwidth: int

class ConnectDomainEventRegisterAnyArgs(Struct):
    eventID: int

class ConnectDomainEventDeregisterAnyArgs(Struct):
    eventID: int

class ConnectDomainEventCallbackRegisterAnyArgs(Struct):
    eventID: int
    dom: NonnullDomain | None

class ConnectDomainEventCallbackRegisterAnyRet(Struct):
    callbackID: int

class ConnectDomainEventCallbackDeregisterAnyArgs(Struct):
    callbackID: int

class DomainEventRebootMsg(Struct):
    dom: NonnullDomain | Encoded

class DomainEventCallbackRebootMsg(Struct):
    callbackID: int
    msg: DomainEventRebootMsg | Encoded

class DomainEventRtcChangeMsg(Struct):
    dom: NonnullDomain | Encoded
    offset: int

class DomainEventCallbackRtcChangeMsg(Struct):
    callbackID: int
    msg: DomainEventRtcChangeMsg | Encoded

class DomainEventWatchdogMsg(Struct):
    dom: NonnullDomain | Encoded
    action: int

class DomainEventCallbackWatchdogMsg(Struct):
    callbackID: int
    msg: DomainEventWatchdogMsg | Encoded

class DomainEventIoErrorMsg(Struct):
    dom: NonnullDomain | Encoded
    srcPath: str
    devAlias: str
    action: int

class DomainEventCallbackIoErrorMsg(Struct):
    callbackID: int
    msg: DomainEventIoErrorMsg | Encoded

class DomainEventIoErrorReasonMsg(Struct):
    dom: NonnullDomain | Encoded
    srcPath: str
    devAlias: str
    action: int
    reason: str

class DomainEventCallbackIoErrorReasonMsg(Struct):
    callbackID: int
    msg: DomainEventIoErrorReasonMsg | Encoded

class DomainEventGraphicsAddress(Struct):
    family: int
    node: str
    service: str

class DomainEventGraphicsIdentity(Struct):
    type: str
    name: str

class DomainEventGraphicsMsg(Struct):
    dom: NonnullDomain | Encoded
    phase: int
    local: DomainEventGraphicsAddress | Encoded
    remote: DomainEventGraphicsAddress | Encoded
    authScheme: str
    subject: Sequence[DomainEventGraphicsIdentity | Encoded]

class DomainEventCallbackGraphicsMsg(Struct):
    callbackID: int
    msg: DomainEventGraphicsMsg | Encoded

class DomainEventBlockJobMsg(Struct):
    dom: NonnullDomain | Encoded
    path: str
    type: int
    status: int

class DomainEventCallbackBlockJobMsg(Struct):
    callbackID: int
    msg: DomainEventBlockJobMsg | Encoded

class DomainEventDiskChangeMsg(Struct):
    dom: NonnullDomain | Encoded
    oldSrcPath: str | None
    newSrcPath: str | None
    devAlias: str
    reason: int

class DomainEventCallbackDiskChangeMsg(Struct):
    callbackID: int
    msg: DomainEventDiskChangeMsg | Encoded

class DomainEventTrayChangeMsg(Struct):
    dom: NonnullDomain | Encoded
    devAlias: str
    reason: int

class DomainEventCallbackTrayChangeMsg(Struct):
    callbackID: int
    msg: DomainEventTrayChangeMsg | Encoded

class DomainEventPmwakeupMsg(Struct):
    dom: NonnullDomain | Encoded

class DomainEventCallbackPmwakeupMsg(Struct):
    callbackID: int
    reason: int
    msg: DomainEventPmwakeupMsg | Encoded

class DomainEventPmsuspendMsg(Struct):
    dom: NonnullDomain | Encoded

class DomainEventCallbackPmsuspendMsg(Struct):
    callbackID: int
    reason: int
    msg: DomainEventPmsuspendMsg | Encoded

class DomainEventBalloonChangeMsg(Struct):
    dom: NonnullDomain | Encoded
    actual: int

class DomainEventCallbackBalloonChangeMsg(Struct):
    callbackID: int
    msg: DomainEventBalloonChangeMsg | Encoded

class DomainEventPmsuspendDiskMsg(Struct):
    dom: NonnullDomain | Encoded

class DomainEventCallbackPmsuspendDiskMsg(Struct):
    callbackID: int
    reason: int
    msg: DomainEventPmsuspendDiskMsg | Encoded

class DomainManagedSaveArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainHasManagedSaveImageArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainHasManagedSaveImageRet(Struct):
    result: int

class DomainManagedSaveRemoveArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainManagedSaveGetXmlDescArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainManagedSaveGetXmlDescRet(Struct):
    xml: str

class DomainManagedSaveDefineXmlArgs(Struct):
    dom: NonnullDomain
    dxml: str | None
    flags: int

class DomainSnapshotCreateXmlArgs(Struct):
    dom: NonnullDomain
    xml_desc: str
    flags: int

class DomainSnapshotCreateXmlRet(Struct):
    snap: NonnullDomainSnapshot | Encoded

class DomainSnapshotGetXmlDescArgs(Struct):
    snap: NonnullDomainSnapshot
    flags: int

class DomainSnapshotGetXmlDescRet(Struct):
    xml: str

class DomainSnapshotNumArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainSnapshotNumRet(Struct):
    num: int

class DomainSnapshotListNamesArgs(Struct):
    dom: NonnullDomain
    maxnames: int
    flags: int

class DomainSnapshotListNamesRet(Struct):
    names: Sequence[str]

class DomainListAllSnapshotsArgs(Struct):
    dom: NonnullDomain
    need_results: int
    flags: int

class DomainListAllSnapshotsRet(Struct):
    snapshots: Sequence[NonnullDomainSnapshot | Encoded]
    ret: int

class DomainSnapshotNumChildrenArgs(Struct):
    snap: NonnullDomainSnapshot
    flags: int

class DomainSnapshotNumChildrenRet(Struct):
    num: int

class DomainSnapshotListChildrenNamesArgs(Struct):
    snap: NonnullDomainSnapshot
    maxnames: int
    flags: int

class DomainSnapshotListChildrenNamesRet(Struct):
    names: Sequence[str]

class DomainSnapshotListAllChildrenArgs(Struct):
    snapshot: NonnullDomainSnapshot
    need_results: int
    flags: int

class DomainSnapshotListAllChildrenRet(Struct):
    snapshots: Sequence[NonnullDomainSnapshot | Encoded]
    ret: int

class DomainSnapshotLookupByNameArgs(Struct):
    dom: NonnullDomain
    name: str
    flags: int

class DomainSnapshotLookupByNameRet(Struct):
    snap: NonnullDomainSnapshot | Encoded

class DomainHasCurrentSnapshotArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainHasCurrentSnapshotRet(Struct):
    result: int

class DomainSnapshotGetParentArgs(Struct):
    snap: NonnullDomainSnapshot
    flags: int

class DomainSnapshotGetParentRet(Struct):
    snap: NonnullDomainSnapshot | Encoded

class DomainSnapshotCurrentArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainSnapshotCurrentRet(Struct):
    snap: NonnullDomainSnapshot | Encoded

class DomainSnapshotIsCurrentArgs(Struct):
    snap: NonnullDomainSnapshot
    flags: int

class DomainSnapshotIsCurrentRet(Struct):
    current: int

class DomainSnapshotHasMetadataArgs(Struct):
    snap: NonnullDomainSnapshot
    flags: int

class DomainSnapshotHasMetadataRet(Struct):
    metadata: int

class DomainRevertToSnapshotArgs(Struct):
    snap: NonnullDomainSnapshot
    flags: int

class DomainSnapshotDeleteArgs(Struct):
    snap: NonnullDomainSnapshot
    flags: int

class DomainOpenConsoleArgs(Struct):
    dom: NonnullDomain
    dev_name: str | None
    flags: int

class DomainOpenChannelArgs(Struct):
    dom: NonnullDomain
    name: str | None
    flags: int

class StorageVolUploadArgs(Struct):
    vol: NonnullStorageVol
    offset: int
    length: int
    flags: int

class StorageVolDownloadArgs(Struct):
    vol: NonnullStorageVol
    offset: int
    length: int
    flags: int

class DomainGetStateArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetStateRet(Struct):
    state: int
    reason: int

class DomainMigrateBegin3Args(Struct):
    dom: NonnullDomain
    xmlin: str | None
    flags: int
    dname: str | None
    resource: int

class DomainMigrateBegin3Ret(Struct):
    cookie_out: bytes
    xml: str

class DomainMigratePrepare3Args(Struct):
    cookie_in: bytes
    uri_in: str | None
    flags: int
    dname: str | None
    resource: int
    dom_xml: str

class DomainMigratePrepare3Ret(Struct):
    cookie_out: bytes
    uri_out: str | None

class DomainMigratePrepareTunnel3Args(Struct):
    cookie_in: bytes
    flags: int
    dname: str | None
    resource: int
    dom_xml: str

class DomainMigratePrepareTunnel3Ret(Struct):
    cookie_out: bytes

class DomainMigratePerform3Args(Struct):
    dom: NonnullDomain
    xmlin: str | None
    cookie_in: bytes
    dconnuri: str | None
    uri: str | None
    flags: int
    dname: str | None
    resource: int

class DomainMigratePerform3Ret(Struct):
    cookie_out: bytes

class DomainMigrateFinish3Args(Struct):
    dname: str
    cookie_in: bytes
    dconnuri: str | None
    uri: str | None
    flags: int
    cancelled: int

class DomainMigrateFinish3Ret(Struct):
    dom: NonnullDomain | Encoded
    cookie_out: bytes

class DomainMigrateConfirm3Args(Struct):
    dom: NonnullDomain
    cookie_in: bytes
    flags: int
    cancelled: int

class DomainEventControlErrorMsg(Struct):
    dom: NonnullDomain | Encoded

class DomainEventCallbackControlErrorMsg(Struct):
    callbackID: int
    msg: DomainEventControlErrorMsg | Encoded

class DomainGetControlInfoArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetControlInfoRet(Struct):
    state: int
    details: int
    stateTime: int

class DomainOpenGraphicsArgs(Struct):
    dom: NonnullDomain
    idx: int
    flags: int

class DomainOpenGraphicsFdArgs(Struct):
    dom: NonnullDomain
    idx: int
    flags: int

class NodeSuspendForDurationArgs(Struct):
    target: int
    duration: int
    flags: int

class DomainShutdownFlagsArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetDiskErrorsArgs(Struct):
    dom: NonnullDomain
    maxerrors: int
    flags: int

class DomainGetDiskErrorsRet(Struct):
    errors: Sequence[DomainDiskError | Encoded]
    nerrors: int

class ConnectListAllDomainsArgs(Struct):
    need_results: int
    flags: int

class ConnectListAllDomainsRet(Struct):
    domains: Sequence[NonnullDomain | Encoded]
    ret: int

class ConnectListAllStoragePoolsArgs(Struct):
    need_results: int
    flags: int

class ConnectListAllStoragePoolsRet(Struct):
    pools: Sequence[NonnullStoragePool | Encoded]
    ret: int

class StoragePoolListAllVolumesArgs(Struct):
    pool: NonnullStoragePool
    need_results: int
    flags: int

class StoragePoolListAllVolumesRet(Struct):
    vols: Sequence[NonnullStorageVol | Encoded]
    ret: int

class ConnectListAllNetworksArgs(Struct):
    need_results: int
    flags: int

class ConnectListAllNetworksRet(Struct):
    nets: Sequence[NonnullNetwork | Encoded]
    ret: int

class ConnectListAllInterfacesArgs(Struct):
    need_results: int
    flags: int

class ConnectListAllInterfacesRet(Struct):
    ifaces: Sequence[NonnullInterface | Encoded]
    ret: int

class ConnectListAllNodeDevicesArgs(Struct):
    need_results: int
    flags: int

class ConnectListAllNodeDevicesRet(Struct):
    devices: Sequence[NonnullNodeDevice | Encoded]
    ret: int

class ConnectListAllNwfiltersArgs(Struct):
    need_results: int
    flags: int

class ConnectListAllNwfiltersRet(Struct):
    filters: Sequence[NonnullNwfilter | Encoded]
    ret: int

class ConnectListAllSecretsArgs(Struct):
    need_results: int
    flags: int

class ConnectListAllSecretsRet(Struct):
    secrets: Sequence[NonnullSecret | Encoded]
    ret: int

class NodeSetMemoryParametersArgs(Struct):
    params: Sequence[TypedParam]
    flags: int

class NodeGetMemoryParametersArgs(Struct):
    nparams: int
    flags: int

class NodeGetMemoryParametersRet(Struct):
    params: Sequence[TypedParam | Encoded]
    nparams: int

class NodeGetCpuMapArgs(Struct):
    need_map: int
    need_online: int
    flags: int

class NodeGetCpuMapRet(Struct):
    cpumap: bytes
    online: int
    ret: int

class DomainFstrimArgs(Struct):
    dom: NonnullDomain
    mountPoint: str | None
    minimum: int
    flags: int

class DomainGetTimeArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetTimeRet(Struct):
    seconds: int
    nseconds: int

class DomainSetTimeArgs(Struct):
    dom: NonnullDomain
    seconds: int
    nseconds: int
    flags: int

class DomainMigrateBegin3ParamsArgs(Struct):
    dom: NonnullDomain
    params: Sequence[TypedParam]
    flags: int

class DomainMigrateBegin3ParamsRet(Struct):
    cookie_out: bytes
    xml: str

class DomainMigratePrepare3ParamsArgs(Struct):
    params: Sequence[TypedParam]
    cookie_in: bytes
    flags: int

class DomainMigratePrepare3ParamsRet(Struct):
    cookie_out: bytes
    uri_out: str | None

class DomainMigratePrepareTunnel3ParamsArgs(Struct):
    params: Sequence[TypedParam]
    cookie_in: bytes
    flags: int

class DomainMigratePrepareTunnel3ParamsRet(Struct):
    cookie_out: bytes

class DomainMigratePerform3ParamsArgs(Struct):
    dom: NonnullDomain
    dconnuri: str | None
    params: Sequence[TypedParam]
    cookie_in: bytes
    flags: int

class DomainMigratePerform3ParamsRet(Struct):
    cookie_out: bytes

class DomainMigrateFinish3ParamsArgs(Struct):
    params: Sequence[TypedParam]
    cookie_in: bytes
    flags: int
    cancelled: int

class DomainMigrateFinish3ParamsRet(Struct):
    dom: NonnullDomain | Encoded
    cookie_out: bytes

class DomainMigrateConfirm3ParamsArgs(Struct):
    dom: NonnullDomain
    params: Sequence[TypedParam]
    cookie_in: bytes
    flags: int
    cancelled: int

class DomainEventDeviceRemovedMsg(Struct):
    dom: NonnullDomain | Encoded
    devAlias: str

class DomainEventCallbackDeviceRemovedMsg(Struct):
    callbackID: int
    msg: DomainEventDeviceRemovedMsg | Encoded

class DomainEventBlockJob2Msg(Struct):
    callbackID: int
    dom: NonnullDomain | Encoded
    dst: str
    type: int
    status: int

class DomainEventBlockThresholdMsg(Struct):
    callbackID: int
    dom: NonnullDomain | Encoded
    dev: str
    path: str | None
    threshold: int
    excess: int

class DomainEventCallbackTunableMsg(Struct):
    callbackID: int
    dom: NonnullDomain | Encoded
    params: Sequence[TypedParam | Encoded]

class DomainEventCallbackDeviceAddedMsg(Struct):
    callbackID: int
    dom: NonnullDomain | Encoded
    devAlias: str

class ConnectEventConnectionClosedMsg(Struct):
    reason: int

class ConnectGetCpuModelNamesArgs(Struct):
    arch: str
    need_results: int
    flags: int

class ConnectGetCpuModelNamesRet(Struct):
    models: Sequence[str]
    ret: int

class ConnectNetworkEventRegisterAnyArgs(Struct):
    eventID: int
    net: NonnullNetwork | None

class ConnectNetworkEventRegisterAnyRet(Struct):
    callbackID: int

class ConnectNetworkEventDeregisterAnyArgs(Struct):
    callbackID: int

class NetworkEventLifecycleMsg(Struct):
    callbackID: int
    net: NonnullNetwork | Encoded
    event: int
    detail: int

class ConnectStoragePoolEventRegisterAnyArgs(Struct):
    eventID: int
    pool: NonnullStoragePool | None

class ConnectStoragePoolEventRegisterAnyRet(Struct):
    callbackID: int

class ConnectStoragePoolEventDeregisterAnyArgs(Struct):
    callbackID: int

class StoragePoolEventLifecycleMsg(Struct):
    callbackID: int
    pool: NonnullStoragePool | Encoded
    event: int
    detail: int

class StoragePoolEventRefreshMsg(Struct):
    callbackID: int
    pool: NonnullStoragePool | Encoded

class ConnectNodeDeviceEventRegisterAnyArgs(Struct):
    eventID: int
    dev: NonnullNodeDevice | None

class ConnectNodeDeviceEventRegisterAnyRet(Struct):
    callbackID: int

class ConnectNodeDeviceEventDeregisterAnyArgs(Struct):
    callbackID: int

class NodeDeviceEventLifecycleMsg(Struct):
    callbackID: int
    dev: NonnullNodeDevice | Encoded
    event: int
    detail: int

class NodeDeviceEventUpdateMsg(Struct):
    callbackID: int
    dev: NonnullNodeDevice | Encoded

class DomainFsfreezeArgs(Struct):
    dom: NonnullDomain
    mountpoints: Sequence[str]
    flags: int

class DomainFsfreezeRet(Struct):
    filesystems: int

class DomainFsthawArgs(Struct):
    dom: NonnullDomain
    mountpoints: Sequence[str]
    flags: int

class DomainFsthawRet(Struct):
    filesystems: int

class NodeGetFreePagesArgs(Struct):
    pages: Sequence[int]
    startCell: int
    cellCount: int
    flags: int

class NodeGetFreePagesRet(Struct):
    counts: Sequence[int]

class NodeAllocPagesArgs(Struct):
    pageSizes: Sequence[int]
    pageCounts: Sequence[int]
    startCell: int
    cellCount: int
    flags: int

class NodeAllocPagesRet(Struct):
    ret: int

class NetworkDhcpLease(Struct):
    iface: str
    expirytime: int
    type: int
    mac: str | None
    iaid: str | None
    ipaddr: str
    prefix: int
    hostname: str | None
    clientid: str | None

class NetworkGetDhcpLeasesArgs(Struct):
    net: NonnullNetwork
    mac: str | None
    need_results: int
    flags: int

class NetworkGetDhcpLeasesRet(Struct):
    leases: Sequence[NetworkDhcpLease | Encoded]
    ret: int

class DomainStatsRecord(Struct):
    dom: NonnullDomain | Encoded
    params: Sequence[TypedParam | Encoded]

class ConnectGetAllDomainStatsArgs(Struct):
    doms: Sequence[NonnullDomain]
    stats: int
    flags: int

class DomainEventCallbackAgentLifecycleMsg(Struct):
    callbackID: int
    dom: NonnullDomain | Encoded
    state: int
    reason: int

class ConnectGetAllDomainStatsRet(Struct):
    retStats: Sequence[DomainStatsRecord | Encoded]

class DomainFsinfo(Struct):
    mountpoint: str
    name: str
    fstype: str
    dev_aliases: Sequence[str]

class DomainGetFsinfoArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetFsinfoRet(Struct):
    info: Sequence[DomainFsinfo | Encoded]
    ret: int

class DomainIpAddr(Struct):
    type: int
    addr: str
    prefix: int

class DomainInterface(Struct):
    name: str
    hwaddr: str | None
    addrs: Sequence[DomainIpAddr | Encoded]

class DomainInterfaceAddressesArgs(Struct):
    dom: NonnullDomain
    source: int
    flags: int

class DomainInterfaceAddressesRet(Struct):
    ifaces: Sequence[DomainInterface | Encoded]

class DomainSetUserPasswordArgs(Struct):
    dom: NonnullDomain
    user: str | None
    password: str | None
    flags: int

class DomainRenameArgs(Struct):
    dom: NonnullDomain
    new_name: str | None
    flags: int

class DomainRenameRet(Struct):
    retcode: int

class DomainEventCallbackMigrationIterationMsg(Struct):
    callbackID: int
    dom: NonnullDomain | Encoded
    iteration: int

class DomainEventCallbackJobCompletedMsg(Struct):
    callbackID: int
    dom: NonnullDomain | Encoded
    params: Sequence[TypedParam | Encoded]

class DomainMigrateStartPostCopyArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainEventCallbackDeviceRemovalFailedMsg(Struct):
    callbackID: int
    dom: NonnullDomain | Encoded
    devAlias: str

class DomainGetGuestVcpusArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetGuestVcpusRet(Struct):
    params: Sequence[TypedParam | Encoded]

class DomainSetGuestVcpusArgs(Struct):
    dom: NonnullDomain
    cpumap: str
    state: int
    flags: int

class DomainSetVcpuArgs(Struct):
    dom: NonnullDomain
    cpumap: str
    state: int
    flags: int

class DomainEventCallbackMetadataChangeMsg(Struct):
    callbackID: int
    dom: NonnullDomain | Encoded
    type: int
    nsuri: str | None

class DomainEventMemoryFailureMsg(Struct):
    callbackID: int
    dom: NonnullDomain | Encoded
    recipient: int
    action: int
    flags: int

class ConnectSecretEventRegisterAnyArgs(Struct):
    eventID: int
    secret: NonnullSecret | None

class ConnectSecretEventRegisterAnyRet(Struct):
    callbackID: int

class ConnectSecretEventDeregisterAnyArgs(Struct):
    callbackID: int

class SecretEventLifecycleMsg(Struct):
    callbackID: int
    secret: NonnullSecret | Encoded
    event: int
    detail: int

class SecretEventValueChangedMsg(Struct):
    callbackID: int
    secret: NonnullSecret | Encoded

class DomainSetBlockThresholdArgs(Struct):
    dom: NonnullDomain
    dev: str
    threshold: int
    flags: int

class DomainSetLifecycleActionArgs(Struct):
    dom: NonnullDomain
    type: int
    action: int
    flags: int

class ConnectCompareHypervisorCpuArgs(Struct):
    emulator: str | None
    arch: str | None
    machine: str | None
    virttype: str | None
    xmlCPU: str
    flags: int

class ConnectCompareHypervisorCpuRet(Struct):
    result: int

class ConnectBaselineHypervisorCpuArgs(Struct):
    emulator: str | None
    arch: str | None
    machine: str | None
    virttype: str | None
    xmlCPUs: Sequence[str]
    flags: int

class ConnectBaselineHypervisorCpuRet(Struct):
    cpu: str

class NodeGetSevInfoArgs(Struct):
    nparams: int
    flags: int

class NodeGetSevInfoRet(Struct):
    params: Sequence[TypedParam | Encoded]
    nparams: int

class DomainGetLaunchSecurityInfoArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetLaunchSecurityInfoRet(Struct):
    params: Sequence[TypedParam | Encoded]

class DomainSetLaunchSecurityStateArgs(Struct):
    dom: NonnullDomain
    params: Sequence[TypedParam]
    flags: int

class NwfilterBindingLookupByPortDevArgs(Struct):
    name: str

class NwfilterBindingLookupByPortDevRet(Struct):
    nwfilter: NonnullNwfilterBinding | Encoded

class NwfilterBindingCreateXmlArgs(Struct):
    xml: str
    flags: int

class NwfilterBindingCreateXmlRet(Struct):
    nwfilter: NonnullNwfilterBinding | Encoded

class NwfilterBindingDeleteArgs(Struct):
    nwfilter: NonnullNwfilterBinding

class NwfilterBindingGetXmlDescArgs(Struct):
    nwfilter: NonnullNwfilterBinding
    flags: int

class NwfilterBindingGetXmlDescRet(Struct):
    xml: str

class ConnectListAllNwfilterBindingsArgs(Struct):
    need_results: int
    flags: int

class ConnectListAllNwfilterBindingsRet(Struct):
    bindings: Sequence[NonnullNwfilterBinding | Encoded]
    ret: int

class ConnectGetStoragePoolCapabilitiesArgs(Struct):
    flags: int

class ConnectGetStoragePoolCapabilitiesRet(Struct):
    capabilities: str

class NetworkListAllPortsArgs(Struct):
    network: NonnullNetwork
    need_results: int
    flags: int

class NetworkListAllPortsRet(Struct):
    ports: Sequence[NonnullNetworkPort | Encoded]
    ret: int

class NetworkPortLookupByUuidArgs(Struct):
    network: NonnullNetwork
    uuid: bytes

class NetworkPortLookupByUuidRet(Struct):
    port: NonnullNetworkPort | Encoded

class NetworkPortCreateXmlArgs(Struct):
    network: NonnullNetwork
    xml: str
    flags: int

class NetworkPortCreateXmlRet(Struct):
    port: NonnullNetworkPort | Encoded

class NetworkPortSetParametersArgs(Struct):
    port: NonnullNetworkPort
    params: Sequence[TypedParam]
    flags: int

class NetworkPortGetParametersArgs(Struct):
    port: NonnullNetworkPort
    nparams: int
    flags: int

class NetworkPortGetParametersRet(Struct):
    params: Sequence[TypedParam | Encoded]
    nparams: int

class NetworkPortGetXmlDescArgs(Struct):
    port: NonnullNetworkPort
    flags: int

class NetworkPortGetXmlDescRet(Struct):
    xml: str

class NetworkPortDeleteArgs(Struct):
    port: NonnullNetworkPort
    flags: int

class DomainCheckpointCreateXmlArgs(Struct):
    dom: NonnullDomain
    xml_desc: str
    flags: int

class DomainCheckpointCreateXmlRet(Struct):
    checkpoint: NonnullDomainCheckpoint | Encoded

class DomainCheckpointGetXmlDescArgs(Struct):
    checkpoint: NonnullDomainCheckpoint
    flags: int

class DomainCheckpointGetXmlDescRet(Struct):
    xml: str

class DomainListAllCheckpointsArgs(Struct):
    dom: NonnullDomain
    need_results: int
    flags: int

class DomainListAllCheckpointsRet(Struct):
    checkpoints: Sequence[NonnullDomainCheckpoint | Encoded]
    ret: int

class DomainCheckpointListAllChildrenArgs(Struct):
    checkpoint: NonnullDomainCheckpoint
    need_results: int
    flags: int

class DomainCheckpointListAllChildrenRet(Struct):
    checkpoints: Sequence[NonnullDomainCheckpoint | Encoded]
    ret: int

class DomainCheckpointLookupByNameArgs(Struct):
    dom: NonnullDomain
    name: str
    flags: int

class DomainCheckpointLookupByNameRet(Struct):
    checkpoint: NonnullDomainCheckpoint | Encoded

class DomainCheckpointGetParentArgs(Struct):
    checkpoint: NonnullDomainCheckpoint
    flags: int

class DomainCheckpointGetParentRet(Struct):
    parent: NonnullDomainCheckpoint | Encoded

class DomainCheckpointDeleteArgs(Struct):
    checkpoint: NonnullDomainCheckpoint
    flags: int

class DomainGetGuestInfoArgs(Struct):
    dom: NonnullDomain
    types: int
    flags: int

class DomainGetGuestInfoRet(Struct):
    params: Sequence[TypedParam | Encoded]

class ConnectSetIdentityArgs(Struct):
    params: Sequence[TypedParam]
    flags: int

class DomainAgentSetResponseTimeoutArgs(Struct):
    dom: NonnullDomain
    timeout: int
    flags: int

class DomainAgentSetResponseTimeoutRet(Struct):
    result: int

class DomainBackupBeginArgs(Struct):
    dom: NonnullDomain
    backup_xml: str
    checkpoint_xml: str | None
    flags: int

class DomainBackupGetXmlDescArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainBackupGetXmlDescRet(Struct):
    xml: str

class DomainAuthorizedSshKeysGetArgs(Struct):
    dom: NonnullDomain
    user: str
    flags: int

class DomainAuthorizedSshKeysGetRet(Struct):
    keys: Sequence[str]

class DomainAuthorizedSshKeysSetArgs(Struct):
    dom: NonnullDomain
    user: str
    keys: Sequence[str]
    flags: int

class DomainGetMessagesArgs(Struct):
    dom: NonnullDomain
    flags: int

class DomainGetMessagesRet(Struct):
    msgs: Sequence[str]

class DomainStartDirtyRateCalcArgs(Struct):
    dom: NonnullDomain
    seconds: int
    flags: int

class DomainEventMemoryDeviceSizeChangeMsg(Struct):
    callbackID: int
    dom: NonnullDomain | Encoded
    alias: str
    size: int

class DomainFdAssociateArgs(Struct):
    dom: NonnullDomain
    name: str
    flags: int
