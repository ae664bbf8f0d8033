"""Links between the pages of a folder, followed as a browser would follow them from a file."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class Page(HTMLParser):
    """The ids of a page, the links that a reader may follow, and what a browser loads by itself."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []
        self.feed(Path(path).read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.update(attributes[name] for name in ("id", "name") if attributes.get(name))
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if address := attributes.get(LOADED.get(tag)):
            self.loads.append(address)


def follow(folder):
    """(count, faults): how many links and files of its own the pages in `folder` name, and those that lead nowhere.

    A fault is a text "page → address": a file or a place in a page that is not there, or something that a page would
    load from elsewhere. Links that a reader may follow to other sites are not looked at.
    """
    folder = Path(folder).resolve()
    pages = {path: Page(path) for path in sorted(folder.rglob("*.html"))}
    count, faults = 0, []
    for path, page in pages.items():
        for address in (*page.links, *page.loads):
            if address.startswith("data:") or (urlsplit(address).scheme and address not in page.loads):
                continue
            count += 1
            if not _leads_somewhere(urljoin(path.as_uri(), address), folder, pages):
                faults.append(f"{path.relative_to(folder)} → {address}")
    return count, faults


def _leads_somewhere(address, folder, pages):
    parts = urlsplit(address)
    path = Path(unquote(parts.path))
    if parts.scheme != "file" or not path.is_file() or not path.is_relative_to(folder):
        return False
    return not parts.fragment or path not in pages or unquote(parts.fragment) in pages[path].ids
