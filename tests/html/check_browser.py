# SPDX-License-Identifier: MIT
"""Opens a page in a headless Chromium, clicks and types, and checks what that does; that what it shows is what its data say; and that nothing in the data was
run or loaded.

check_browser.py CHROMIUM PAGE DATA [FOLDER]: PAGE was made of the lines DATA (make_reports.py, or one map of a process). With FOLDER, pictures of all
views go there.
Prints what is wrong and ends with 1, or how many checks there were.
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser  # noqa: E402

CHROMIUM, PAGE, DATA = sys.argv[1:4]
FOLDER = sys.argv[4] if len(sys.argv) > 4 else None
checks, failures = 0, []


def expect(condition, *what):
    global checks
    checks += 1
    if not condition:
        failures.append(" ".join(str(value) for value in what))


def same(got, wanted, what):
    expect(got == wanted, what, "- got", repr(got), "wanted", repr(wanted))


def read_data():
    reports, damaged = [], 0
    with open(DATA, "rb") as file:
        for line in file:
            if line.startswith(b"{"):
                try:
                    reports.append(json.loads(line.decode("utf-8", "replace")))
                except json.JSONDecodeError:
                    damaged += 1
    return reports, damaged


def items_of(report):
    """How many rows of the list are of a report."""
    return {"leaks": len(report.get("groups", [])), "growth": len(report.get("stacks", [])), "map": 0, "history": 0, "constructor": 0}.get(report["type"], 1)


def text_of(page, selector):
    return page.get(f"document.querySelector({json.dumps(selector)}).textContent")


def picture(page, name):
    if FOLDER:
        page.picture(os.path.join(FOLDER, name + ".png"))


def go(page, view):
    page.get("document.activeElement.blur()")
    page.press(str(page.get("views.filter(v => v.tab).map(v => v.id)").index(view) + 1))


def check_list(page, reports, damaged):
    total = sum(items_of(report) for report in reports)
    same(page.get("views.filter(v => v.tab).map(v => v.id)"), ["reports", "map", "flame", "sizes", "growth", "history"], "views")
    status = text_of(page, "#status")
    expect(status.startswith(f"{total:,} reports"), "all reports are counted:", status, total)
    expect(f"{damaged} line could not be read" in status, "damaged lines are said:", status)
    page.click_on("#group")
    rows = page.get("document.querySelectorAll('.row').length")
    expect(5 < rows < 80, "only rows in sight are in the page:", rows)
    same(page.get("document.querySelector('.row').getAttribute('aria-setsize')"), str(total), "each report is a row")
    page.click_on("#group")
    prints = {(r["error"], r["fingerprint"]) for r in reports if r["type"] == "error" and "fingerprint" in r}
    same(page.get("new Set(data.items.filter(i => i.report.type === 'error' && i.fingerprint).map(i => i.kind + i.fingerprint)).size"), len(prints), "different bugs")
    page.click_on(".row:nth-child(3)")
    chosen = "document.querySelector('.row[aria-selected=true]')"
    same(page.get(chosen + ".getAttribute('aria-posinset')"), "3", "a click chooses")
    title = text_of(page, "#detail h2")
    page.get("document.querySelector('.list').focus()")
    page.press("ArrowDown", 2)
    same(page.get(chosen + ".getAttribute('aria-posinset')"), "5", "arrows choose")
    expect(text_of(page, "#detail h2") != title, "what is chosen is shown")
    expect(page.get("document.getElementById(document.querySelector('.list').getAttribute('aria-activedescendant')).getAttribute('aria-selected') === 'true'"), "the active row is named")
    page.press("End")
    expect(page.get(chosen + ".getBoundingClientRect().bottom <= innerHeight + 1"), "End is in sight")
    page.press("Enter")
    same(page.get("document.activeElement.id"), "detail", "Enter goes to the report")
    page.press("/")
    same(page.get("document.activeElement.id"), "filter", "/ goes to the filter")
    page.type("heap-use function_1")
    wanted = [r for r in reports if r.get("error") == "heap-use-after-free" and "function_1" in json.dumps([r["call"], r["block"], r["site"]])]
    expect(wanted and text_of(page, "#status").startswith(f"{len(wanted):,} report"), "the filter finds", text_of(page, "#status"), "of", len(wanted))
    page.press("Escape")
    same(page.get("document.activeElement.getAttribute('role')"), "listbox", "Escape leaves the filter")
    check_report(page, wanted)
    picture(page, "reports")
    page.get("document.getElementById('filter').value = ''; document.getElementById('filter').dispatchEvent(new Event('input'))")
    for kind in page.get("[...data.kinds.keys()]"):  # each kind of report can be shown, damaged ones included
        page.choose("Kind", kind)
        expect(text_of(page, "#detail h2").startswith(kind), "a report of kind", kind)
    page.choose("Kind", "")


def check_report(page, candidates):
    """The report on the right says what its line of JSON does."""
    address = page.get("[...document.querySelectorAll('#detail dt')].find(d => d.textContent === 'Address').nextSibling.textContent")
    fingerprint = page.get("[...document.querySelectorAll('#detail dt')].find(d => d.textContent === 'Fingerprint').nextSibling.textContent")
    found = [r for r in candidates if r["address"] == address and r["fingerprint"] == fingerprint]
    expect(len(found) == 1, "one report is that:", address, fingerprint, len(found))
    report = found[0]
    same(page.get("[...document.querySelectorAll('#detail .stack')].slice(0, 3).map(s => [...s.querySelectorAll('.function')].map(f => f.textContent))"),
         [[frame["function"] for frame in stack] for stack in (report["call"]["stack"], report["block"]["allocated"]["stack"], report["block"]["freed"]["stack"])], "the stacks")
    same(page.get("[...document.querySelectorAll('#detail .bytes')].map(b => b.textContent)[0].split('\\n').map(l => l.slice(16, 64).replaceAll(' ', '').replaceAll('-', '')).join('')"),
         "".join(report["memory"]["data"][2 * i:2 * i + 2] for i in range(len(report["memory"]["marks"])) if report["memory"]["marks"][i] != "g"), "the bytes")
    same(page.get("document.querySelectorAll('#detail .bytes .bad').length"), 4, "two damaged bytes are marked, in digits and in letters")
    expect(page.get("[...document.querySelectorAll('#detail .bytes .bad')][0].title.includes('should be 8b')"), "and say what should be there")
    expect(page.get("document.querySelectorAll('#detail .bytes .r').length > 0 && document.querySelectorAll('#detail .bytes .f').length > 0"), "red zone and freed bytes have their colours")
    same(page.get("document.querySelectorAll('#detail svg rect').length"), 3, "the line of time has both owners, and the block's time after its free")
    expect(page.get("[...document.querySelectorAll('#detail summary')].some(s => s.textContent.startsWith('Freed by free in T1'))"), "the stack of the free")


def check_map(page, maps):
    newest = max(maps, key=lambda m: m["process"]["started"] + m["process"]["seconds"])
    heap, blocks = newest["heap"], [block for zone in newest["zones"] for block in zone["blocks"]]
    go(page, "map")
    same(page.get("document.activeElement.id"), "map", "its number goes to the map")
    same(page.get("current.shown.state().blocks"), len(blocks), "all blocks are drawn")
    same(page.get("current.shown.state().bytes"), sum(int(r["end"], 16) - int(r["begin"], 16) for r in newest["zones"] + newest["free_runs"]), "and all their ranges")
    expect(f"{heap['live_blocks']:,} live blocks" in text_of(page, ".bar:last-of-type, .bar"), "the total is told:", text_of(page, ".bar"))
    same(page.get("document.querySelector('.zones .row').getAttribute('aria-setsize')"), str(len(newest["zones"])), "each zone is a row")
    first_zone = min(newest["zones"], key=lambda zone: int(zone["begin"], 16))
    row = page.get("[...document.querySelector('.zones .row').children].map(c => c.textContent)")
    same([row[0], row[1], row[3], row[4], row[5]], [first_zone["kind"], first_zone["begin"], *(f"{first_zone[key]:,}" for key in ("live", "quarantined", "free"))], "the row of a zone")
    box = page.get("(() => { const box = document.getElementById('map').getBoundingClientRect(); return [box.left + 30, box.top + 5]; })()")
    page.click(*box)
    first = page.get("current.shown.state().chosen")
    expect(first >= 0, "a click chooses a block")
    ordered = sorted(blocks, key=lambda block: int(block["address"], 16))
    title = f"{ordered[first]['blocks']} blocks from " if "blocks" in ordered[first] else "Block "
    same(text_of(page, "#block h2"), title + ordered[first]["address"], "the block")
    stacks = {stack["id"]: stack["frames"] for stack in newest["stacks"]}
    same(page.get("[...document.querySelector('#block .stack').querySelectorAll('.function')].map(f => f.textContent)"),
         [newest["frames"][place]["function"] for place in stacks[ordered[first]["stack"]]], "and its stack")
    expect(" zone [" in text_of(page, "#block"), "and its zone")
    page.press("ArrowRight")
    same(page.get("current.shown.state().chosen"), first + 1, "an arrow chooses the next")
    scale = page.get("current.shown.state().scale")
    page.press("+", 3)
    expect(page.get("current.shown.state().scale") < scale / 3, "+ zooms in")
    page.press("ArrowDown")
    expect(page.get("current.shown.state().chosen") > first + 1, "down goes a row on")
    for mode in ("age", "stack", "size", "state"):
        before = page.get("document.getElementById('map').toDataURL()")
        page.choose("Colour", mode)
        expect(page.get("document.getElementById('map').toDataURL()") != before, "colours by", mode)
        picture(page, "map-" + mode)
    page.press("0")
    expect(page.get("current.shown.state().scale") >= scale * 0.99 and page.get("current.shown.state().top") == 0, "0 shows all")
    page.call("Input.dispatchMouseEvent", type="mouseWheel", x=box[0] + 200, y=box[1] + 100, deltaX=0, deltaY=-100)
    expect(page.get("new Promise(done => setTimeout(() => done(current.shown.state().scale), 200))") < scale, "the wheel zooms")
    page.press("0")
    picture(page, "map")
    page.click_on(".zones .row:nth-child(4)")
    expect("Slots" in text_of(page, "#block"), "a zone of the list is shown")
    zones = sorted(newest["zones"], key=lambda zone: int(zone["begin"], 16))
    expect(zones[3]["begin"] in text_of(page, "#block h3"), "the one clicked")
    page.press("ArrowDown")
    expect(zones[4]["begin"] in text_of(page, "#block h3"), "and by an arrow the next")
    return newest


def numbers(text):
    return [float(number.replace(",", "")) for number in re.findall(r"[\d,]+(?:\.\d+)?", text)]


def check_heap(page, newest):
    heap = newest["heap"]
    go(page, "flame")
    names = {heap_frame["function"] for heap_frame in newest["frames"] if "function" in heap_frame}
    shown = set(page.get("[...document.querySelectorAll('#flame button')].map(b => b.getAttribute('aria-label').replace(/, [^,]*$/, ''))"))
    expect("main" in names & shown, "main is in the flame graph:", shown)
    expect(shown <= names | {"all", "(no stack)"} or any("function" not in frame for frame in newest["frames"]), "only frames are in it:", shown - names)
    same(page.get("document.activeElement.getAttribute('role')"), "treeitem", "its number goes to the flame graph")
    expect(f"in {heap['live_blocks']:,} blocks, 100.0 %" in text_of(page, ".told"), "all live blocks are in it:", text_of(page, ".told"), heap)
    same(page.get("current.shown.state().bytes"), heap["live_bytes"], "and all their bytes")
    page.press("ArrowDown", 2)
    name = page.get("document.activeElement.getAttribute('aria-label')")
    picture(page, "flame")
    page.press("Enter")
    same(page.get("document.querySelector('#flame [data-zoomed]').getAttribute('aria-label')"), name, "Enter zooms")
    same(page.get("document.querySelector('#flame [data-zoomed]').style.width"), "100%", "to the whole width")
    page.press("Escape")
    same(page.get("document.querySelector('#flame [data-zoomed]').textContent"), "all", "Escape goes back")
    go(page, "sizes")
    table = page.get("[...document.querySelectorAll('details tr')].slice(1).map(r => [...r.children].map(c => c.textContent))")
    same([[int(numbers(row[1])[0]), int(numbers(row[2])[0])] for row in table if row[1] != "0"], [[size["blocks"], size["bytes"]] for size in newest["sizes"]], "the histogram")
    same(page.get("document.querySelectorAll('svg rect.barp').length"), len(table), "a bar for each of its rows")
    picture(page, "sizes")


def check_others(page, growth, history):
    go(page, "growth")
    same(page.get("document.querySelectorAll('svg polyline').length"), 1 + len(growth["stacks"]), "lines of growth")
    same(page.get("data.growths[0].snapshots.map(s => s.bytes)"), [snapshot["bytes"] for snapshot in growth["snapshots"]], "with the snapshots")
    same(page.get("document.querySelectorAll('svg circle').length"), len(growth["snapshots"]) * (1 + len(growth["stacks"])), "a point for each")
    picture(page, "growth")
    go(page, "history")
    same(page.get("document.querySelector('.row.event').getAttribute('aria-setsize')"), str(len(history["events"])), "all events are there")
    page.press("ArrowDown")
    expect(page.get("document.querySelectorAll('.right .frame').length > 3"), "with stacks")
    page.press("/")
    page.type("0x7f0000001050")
    wanted = sum(event["address"] == "0x7f0000001050" for event in history["events"])
    status = text_of(page, ".bar [role=status]")
    expect(status.startswith(f"{wanted} events"), "events of an address:", status, wanted)
    picture(page, "history")
    page.press("Escape")
    columns = page.get("['.event.head', '.row.event'].map(s => [...document.querySelector(s).children].map(c => Math.round(c.getBoundingClientRect().left)))")
    same(columns[0], columns[1], "columns stand below their names")


# What is written on what.
WRITTEN = [("text", "back"), ("weak", "back"), ("link", "back"), ("text", "panel"), ("weak", "panel"), ("text", "mark"), ("weak", "mark"), ("text", "chosen"), ("weak", "chosen"),
           ("user", "panel"), ("slack", "panel"), ("red", "panel"), ("freed", "panel"), ("guard", "panel"), ("back", "damaged")]


def luminance(color):
    parts = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    return sum(weight * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4) for weight, part in zip((0.2126, 0.7152, 0.0722), parts))


def check_contrast(page, theme):
    """4.5 to 1 is what the Web Content Accessibility Guidelines ask for."""
    style = "getComputedStyle(document.documentElement).getPropertyValue('--%s').trim()"
    for front, back in WRITTEN:
        light, dark = sorted((luminance(page.get(style % name)) for name in (front, back)), reverse=True)
        expect((light + 0.05) / (dark + 0.05) >= 4.5, theme, front, "on", back, round((light + 0.05) / (dark + 0.05), 2))


def check_theme_and_keys(page):
    back = "getComputedStyle(document.body).backgroundColor"
    light = page.get(back)
    check_contrast(page, "light:")
    page.press("t")
    dark = page.get(back)
    check_contrast(page, "dark:")
    expect(light != dark, "t switches light and dark")
    page.press("1")
    picture(page, "dark")
    page.press("2")
    picture(page, "dark-map")
    page.press("6")
    picture(page, "dark-history")
    page.click_on("#theme")
    same(page.get(back), light, "and back by the button")
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    page.get("delete document.documentElement.dataset.theme")
    same(page.get(back), dark, "the system's choice counts")
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
    page.press("?")
    expect(page.get("document.getElementById('keys').open"), "? shows the keys")
    picture(page, "keys")
    page.press("Escape")
    expect(not page.get("document.getElementById('keys').open"), "Escape closes them")
    page.press("1")
    page.get("document.activeElement.blur()")
    seen = []
    for _ in range(18):
        page.press("Tab")
        seen.append(page.get("document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.tagName"))
    for name in ("tab-reports", "theme", "help", "filter", "group", "Reports"):
        expect(name in seen, "Tab reaches", name, seen)
    if "tab-reports" in seen:
        seen = seen[seen.index("tab-reports"):]
        expect([name for name in seen if name in ("tab-reports", "filter", "Reports")][:3] == ["tab-reports", "filter", "Reports"], "in order", seen)


def check_names(page):
    """What a screen reader is told of everything that can be focused; how many stops of the Tab key there are."""
    page.call("Accessibility.enable")
    for view in "123456":
        page.get("document.getElementById('tab-reports').focus()")
        page.press(view)
        nodes = page.call("Accessibility.getFullAXTree")["nodes"]
        focusable = [node for node in nodes if not node.get("ignored") and node["role"]["value"] != "RootWebArea" and
                     any(p["name"] == "focusable" and p["value"]["value"] for p in node.get("properties", []))]
        expect(len(focusable) > 5, "something can be focused in view", view)
        for node in focusable:
            expect(node.get("name", {}).get("value") or node["role"]["value"] in ("group", "generic"), "no name in view", view, node["role"]["value"])
        stops = page.get("[...document.querySelectorAll('a, button, input, select, summary, [tabindex]')].filter(e => e.tabIndex >= 0 && e.offsetParent).length")
        expect(stops < 40, "stops of the Tab key in view", view, stops)


def check_narrow(page):
    """In a narrow window nothing sticks out, and everything is still there."""
    for width, height in ((420, 800), (760, 600)):
        page.resize(width, height)
        for view in "123456":
            page.press(view)
            picture(page, f"narrow-{width}-{view}")
            expect(page.get("document.documentElement.scrollWidth <= innerWidth"), "view", view, "sticks out at", width)
            expect(page.get("[...document.querySelectorAll('header button, .bar button, .bar input, .bar select')].every(e => e.closest('nav') || e.getBoundingClientRect().right <= innerWidth + 1)"),
                   "all buttons of view", view, "are in sight at", width)
    page.call("Emulation.clearDeviceMetricsOverride")


def main():
    reports, damaged = read_data()
    of_type = {kind: [r for r in reports if r["type"] == kind] for kind in ("map", "growth", "history")}
    with Browser(CHROMIUM) as page:
        page.open(PAGE)
        if len(reports) > 1:
            check_list(page, reports, damaged)
        check_heap(page, check_map(page, of_type["map"]))
        if len(reports) > 1:
            check_others(page, of_type["growth"][0], of_type["history"][0])
            check_theme_and_keys(page)
            check_names(page)
            check_narrow(page)
        same(page.get("typeof window.hurt"), "undefined", "nothing in the data was run")
        for event in page.events:
            parameters = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                expect(False, "exception:", details.get("exception", {}).get("description", details["text"]))
            elif event["method"] == "Network.requestWillBeSent":
                expect(parameters["request"]["url"].startswith("file://") and parameters["type"] == "Document", "loads", parameters["request"]["url"])
            elif event["method"] == "Log.entryAdded" and parameters["entry"]["level"] == "error":
                expect(False, "the browser complains:", parameters["entry"]["text"])
    if failures:
        print("\n".join(failures[:30]))
        print(f"{len(failures)} of {checks} checks failed")
        sys.exit(1)
    print(f"{checks} checks passed")


main()
