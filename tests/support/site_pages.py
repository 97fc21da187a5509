"""A built site, page by page: what each names, leads to and loads."""

import re
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

#: What a browser loads by itself, and the attribute that names it.
LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "object": "data",
    "embed": "src",
}
#: Relations of <link> that only tell something.
TELLING = {"canonical", "next", "prev", "search", "index", "genindex", "author", "copyright"}


class Page(HTMLParser):
    """One page: ``names`` of places in it, ``links`` that a reader follows, what it ``loads``."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.names, self.links, self.loads = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        self.names |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag in LOADED and values.get(LOADED[tag]):
            self.loads.append(values[LOADED[tag]])
        if tag == "link" and not set(values.get("rel", "").split()) & TELLING:
            self.loads.append(values.get("href", ""))

    handle_startendtag = handle_starttag


class Site:
    """All pages below a folder, by their resolved paths."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()

    @cached_property
    def pages(self):
        found = sorted(self.folder.rglob("*.html"))
        return {path: Page(path) for path in found if "_static" not in path.parts}

    def inside(self, page, address):
        """Return an address's path and its anchor, as browsers try it; None for one outside."""
        address, anchor = urldefrag(address)
        if urlsplit(address).scheme or address.startswith("//"):
            return None
        name = unquote(urlsplit(address).path)
        path = (page.path.parent / name).resolve() if name else page.path
        return path, {anchor, unquote(anchor)} - {""}

    def broken(self):
        """Yield every link and every loaded file that is not there."""
        for page in self.pages.values():
            for address in {*page.links, *page.loads}:
                found = self.inside(page, address)
                if found is None:
                    continue
                path, anchor = found
                if not path.is_file():
                    yield f"{self.name(page)} leads to {address}: no such file"
                elif anchor and path in self.pages and not anchor & self.pages[path].names:
                    yield f"{self.name(page)} leads to {address}: no such place"

    def fetched(self):
        """Yield everything that would be loaded from elsewhere, by pages and by style sheets."""
        for page in self.pages.values():
            for address in page.loads:
                if self.inside(page, address) is None and not address.startswith("data:"):
                    yield f"{self.name(page)} loads {address}"
        for path in self.folder.rglob("*.css"):
            text = path.read_text(encoding="utf-8")
            for address in re.findall(r"""(?:url\(|@import )\s*["']?(https?:|//)""", text):
                yield f"{path.name} loads {address}"

    def reachable(self):
        """Return the paths of pages that links lead to from the first one."""
        todo, seen = [self.folder / "index.html"], set()
        while todo:
            path = todo.pop()
            if path in seen or path not in self.pages:
                continue
            seen.add(path)
            page = self.pages[path]
            found = (self.inside(page, address) for address in page.links)
            todo += [place[0] for place in found if place is not None]
        return seen

    def name(self, page):
        return page.path.relative_to(self.folder).as_posix()
