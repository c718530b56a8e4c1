"""The jail's inside, a process of its own: one SELECT on one file, within limits, its answer on standard output.

It is started without the environment of the service, so that there is nothing to be read from it.
"""

import json
import resource
import sys
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]

from vpr_metrics.sql import rendering

REFUSED = 3
"""The exit code with which it says on standard error what is wrong."""
STACKS = 8 * 2**20
LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "temp_directory": "",
    "threads": "1",
}


class Refusal(Exception):
    """The query is not run, or came to no good end; ``code`` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def main() -> None:
    """Read the order from standard input, run it, and end."""
    order = json.load(sys.stdin)
    _confine(order["memory"], order["seconds"])
    try:
        run(order, sys.stdout.buffer)
    except Refusal as refusal:
        _refuse(refusal.code, str(refusal))
    except (MemoryError, duckdb.OutOfMemoryException, pa.ArrowMemoryError):
        _refuse("query_too_large", "the query needs more memory than it may use")
    except duckdb.PermissionException as error:
        _refuse("query_forbidden", _first_line(error))
    except duckdb.Error as error:
        _refuse("query_failed", _first_line(error))


def run(order: dict[str, Any], out: BinaryIO) -> None:
    """Write a line of JSON that tells of the answer to the order's query, then the answer in the order's form.

    It holds ``rows`` rows at most; the line says whether there are more.
    """
    connection = duckdb.connect(order["path"], read_only=True, config=LIMITS | {"memory_limit": f"{order['memory']}B"})
    connection.execute("set lock_configuration = true")
    asked = connection.sql(_single(connection, order["sql"]))
    found: pa.Table = asked.limit(order["rows"] + 1).to_arrow_table().rename_columns(asked.columns)
    told = {"columns": rendering.columns_of(found), "truncated": found.num_rows > order["rows"]}
    body = rendering.rendered(connection, found.slice(0, order["rows"]), order["form"])
    out.write(json.dumps(told).encode() + b"\n" + body)


def _single(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise Refusal("query_not_single", f"send one statement, not {len(statements)}")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise Refusal("query_not_select", "only SELECT is run here")
    return statements[0]


def _confine(memory: int, seconds: int) -> None:
    """No more memory, time and files than this, for good. The interpreter and DuckDB's own code come on top."""
    resource.setrlimit(resource.RLIMIT_AS, (memory + 2**30, memory + 2**30))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_STACK, (STACKS, STACKS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:500]


def _refuse(code: str, detail: str) -> None:
    json.dump({"code": code, "detail": detail}, sys.stderr)
    sys.stderr.flush()
    sys.exit(REFUSED)


if __name__ == "__main__":
    main()
