"""Every kind of fault, by name."""

from tests.faults.driver.kinds import deliveries, disks, network, processes, restores
from tests.faults.driver.scene import Fault

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (*processes.FAULTS, *network.FAULTS, *deliveries.FAULTS, *disks.FAULTS, *restores.FAULTS)
}
