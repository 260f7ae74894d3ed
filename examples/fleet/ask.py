"""Ask the logs of a fleet in SQL, on Spark: ``python examples/fleet/ask.py LOGS "select ..."``."""

import argparse
import sys
from collections.abc import Mapping

from pyspark.sql import SparkSession

from mllog_callbacks.query._sql import spark_entries


def open_spark(master: str, settings: Mapping[str, str] | None = None) -> SparkSession:
    """A session that shows timestamps in UTC, as they stand in the logs.

    Args:
        master: The cluster; ``local-cluster[2,1,1024]`` is one on this machine.
        settings: Further settings of Spark.
    """
    return (
        SparkSession.builder.config(map=dict(settings or {}))
        .master(master)
        .appName("mllog")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        # Everything stays on this machine; without it Spark looks for its name in the network
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        # The executors' Python is this one
        .config("spark.pyspark.python", sys.executable)
        .getOrCreate()
    )


def main() -> None:
    """Print the answer as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs")
    parser.add_argument("sql")
    parser.add_argument("--master", default="local-cluster[2,1,1024]")
    given = parser.parse_args()
    spark = open_spark(given.master)
    try:
        spark_entries(spark, given.logs)
        spark.sql(given.sql).show(100, truncate=False)
    finally:
        spark.stop()


if __name__ == "__main__":
    main()
