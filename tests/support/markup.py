"""Pages, read as strictly as a test wants them."""

from html.parser import HTMLParser

__all__ = ["Reader"]

_VOID = {"meta", "link", "br", "path", "circle", "rect", "input"}


class Reader(HTMLParser):
    """Fails where a page is not well-formed, or holds an element or attribute we never write."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.elements.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in {"src", "action"}]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content."""

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        assert tag in _VOID or self.open.pop() == tag
