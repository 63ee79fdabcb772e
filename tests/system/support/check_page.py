# SPDX-License-Identifier: MIT
"""Checks a page for browsers: check_page.py FILE LINES [WORD...].

It stands alone (nothing in it names a place to load from, and the browser is told to load nothing), its elements are those of its template whatever the
data say, LINES lines of its data are JSON, and each WORD stands in a string of theirs. Prints what is wrong and ends with 1, or what there was.
"""
import html.parser
import json
import re
import sys

failures = []
# Of the template; none that could load or run anything but script and style, which have their contents in them.
ELEMENTS = {"html", "head", "meta", "title", "style", "body", "header", "h1", "nav", "span", "button", "main", "dialog", "noscript", "p", "script"}


def expect(condition, *what):
    if not condition:
        failures.append(" ".join(str(value) for value in what))


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.data, self.code, self.style, self.policy, self.elements, self.inside = [], "", "", "", [], None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append(tag)
        expect(tag in ELEMENTS, "element", tag, self.getpos())
        for name, value in attributes.items():
            expect(name not in ("src", "href", "srcset", "action", "background", "poster") and not name.startswith("on"), "attribute", name, self.getpos())
            expect("url(" not in (value or ""), "url() in", name)
        if attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes["content"]
        self.inside = tag
        if tag == "script" and "json" in (attributes.get("type") or ""):
            self.inside = "data"

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "data":
            self.data.append(data)
        elif self.inside == "script":
            self.code += data
        elif self.inside == "style":
            self.style += data


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def main():
    path, lines, words = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    with open(path, "rb") as file:
        text = file.read().decode("utf-8")  # strictly
    page = Page()
    page.feed(text)
    page.close()
    expect(page.policy.startswith("default-src 'none';") and "http" not in page.policy, "policy:", page.policy)
    expect(page.elements.count("style") == 1 and page.elements.count("body") == 1, "elements:", page.elements)
    expect("@import" not in page.style and "url(" not in page.style, "the style loads something")
    for url in re.findall(r"https?://[^\s\"']*", page.code + page.style):
        expect(url == "http://www.w3.org/2000/svg", "address in the code:", url)
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "XMLHttpRequest", "fetch(", "WebSocket", "import(", "sendBeacon"):
        expect(not re.search(r"(?<!uses )" + re.escape(word), page.code), "the code uses", word)
    expect("<" not in "".join(page.data), "markup in the data")
    read, damaged = [], 0
    for line in "".join(page.data).split("\n"):
        try:
            if line.strip():
                read.append(json.loads(line))
        except json.JSONDecodeError:
            damaged += 1
    expect(len(read) == lines, len(read), "lines of data in place of", lines)
    found = [text for report in read for text in strings(report)]
    for word in words:
        expect(any(word in text for text in found), "not in the data:", word)
    if failures:
        print("\n".join(failures[:20]))
        sys.exit(1)
    print("page with", len(read), "lines" + (f", {damaged} damaged" if damaged else ""))


main()
