"""A data set that the example platform takes."""

__all__ = ["GOOD", "ROWS"]

ROWS = [f"{n},{n % 7},{'yes' if n % 3 else 'no'}" for n in range(60)]
GOOD = "\n".join(["size,weekday,late", *ROWS]).encode()
