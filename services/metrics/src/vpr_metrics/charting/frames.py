"""How orders and pictures go between the service and the process that draws."""

import struct

HEAD = struct.Struct(">?Q")
"""Whether it went well, and how many bytes follow."""
