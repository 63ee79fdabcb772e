// SPDX-License-Identifier: MIT
// Drives a page in a headless Chromium by its DevTools protocol, over pipes: clicks, keys, what they do, and that nothing in the data was run or loaded.
// node browser.mjs CHROMIUM PAGE REPORTS [FOLDER]: REPORTS errors are in the page (tests/html/make_reports.py); with FOLDER, pictures of all views go there.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const [chromium, page, reports, folder] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "malloc-debug-page-"));
const browser = spawn(chromium, ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--user-data-dir=" + profile, "--window-size=1300,850", "--remote-debugging-pipe"],
	{ stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const waiting = new Map(), events = [];
let number = 0, session, rest = Buffer.alloc(0), checks = 0, failures = 0;

browser.stdio[4].on("data", chunk => {
	rest = Buffer.concat([rest, chunk]);
	for (let end; (end = rest.indexOf(0)) >= 0; rest = rest.subarray(end + 1)) {
		const message = JSON.parse(rest.subarray(0, end).toString());
		if (message.id && waiting.has(message.id)) {
			const { accept, reject } = waiting.get(message.id);
			waiting.delete(message.id);
			if (message.error)
				reject(new Error(message.error.message));
			else
				accept(message.result);
		} else {
			events.push(message);
		}
	}
});

function call(method, params = {}) {
	const id = ++number;
	browser.stdio[3].write(JSON.stringify({ id, method, params, ...(session ? { sessionId: session } : {}) }) + "\0");
	return new Promise((accept, reject) => waiting.set(id, { accept, reject }));
}

async function get(expression) {
	const { result, exceptionDetails } = await call("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
	if (exceptionDetails)
		throw new Error(expression + ": " + (exceptionDetails.exception?.description || exceptionDetails.text));
	return result.value;
}

function expect(condition, ...what) {
	checks++;
	if (!condition) {
		failures++;
		console.log("FAILED:", ...what);
	}
}

const same = (got, wanted, what) => expect(JSON.stringify(got) === JSON.stringify(wanted), what + ": got", got, "wanted", wanted);
const keyCodes = { ArrowDown: 40, ArrowUp: 38, ArrowLeft: 37, ArrowRight: 39, Enter: 13, Escape: 27, Tab: 9, End: 35, Home: 36, PageDown: 34 };

async function press(key, times = 1) {
	const text = key.length === 1 ? key : key === "Enter" ? "\r" : undefined;
	for (let i = 0; i < times; i++) {
		await call("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", key, text, windowsVirtualKeyCode: keyCodes[key] || key.charCodeAt(0) });
		await call("Input.dispatchKeyEvent", { type: "keyUp", key, windowsVirtualKeyCode: keyCodes[key] || key.charCodeAt(0) });
	}
}

async function click(x, y) {
	for (const type of ["mouseMoved", "mousePressed", "mouseReleased"])
		await call("Input.dispatchMouseEvent", { type, x, y, button: type === "mouseMoved" ? "none" : "left", clickCount: 1 });
}

async function clickOn(selector) {
	const [x, y] = await get(`(() => { const box = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect(); return [box.left + box.width / 2, box.top + box.height / 2]; })()`);
	await click(x, y);
}

async function picture(name) {
	if (folder)
		writeFileSync(join(folder, name + ".png"), Buffer.from((await call("Page.captureScreenshot")).data, "base64"));
}

async function open() {
	const { targetId } = await call("Target.createTarget", { url: "about:blank" });
	session = (await call("Target.attachToTarget", { targetId, flatten: true })).sessionId;
	await call("Page.enable");
	await call("Runtime.enable");
	await call("Network.enable");
	await call("Log.enable");
	await call("Page.navigate", { url: "file://" + resolve(page) });
	while (!(await get("document.readyState === 'complete' && typeof current !== 'undefined' && current !== null")))
		await new Promise(done => setTimeout(done, 100));
}

async function testList() {
	same(await get("views.filter(v => v.tab).map(v => v.id)"), ["reports", "map", "flame", "sizes", "growth", "history"], "views");
	expect((await get("document.getElementById('status').textContent")).startsWith((Number(reports) + 7).toLocaleString("en") + " reports"), "all reports are counted", await get("document.getElementById('status').textContent"));
	expect((await get("document.getElementById('status').textContent")).includes("1 line could not be read"), "damaged lines are said");
	await clickOn("#group");
	const rows = await get("document.querySelectorAll('.row').length");
	expect(rows > 5 && rows < 80, "only rows in sight are in the page:", rows);
	same(await get("document.querySelector('.row').getAttribute('aria-setsize')"), String(Number(reports) + 7), "each report is a row");
	await clickOn("#group");
	await clickOn(".row:nth-child(3)");
	same(await get("document.querySelector('.row[aria-selected=true]').getAttribute('aria-posinset')"), "3", "a click chooses");
	const title = await get("document.querySelector('#detail h2').textContent");
	await press("Tab"); // nothing chosen by that
	await get("document.querySelector('.list').focus()");
	await press("ArrowDown", 2);
	same(await get("document.querySelector('.row[aria-selected=true]').getAttribute('aria-posinset')"), "5", "arrows choose");
	expect(await get("document.querySelector('#detail h2').textContent") !== title, "what is chosen is shown");
	expect(await get("document.getElementById(document.querySelector('.list').getAttribute('aria-activedescendant')).getAttribute('aria-selected') === 'true'"), "the active row is named");
	await press("End");
	expect(await get("document.querySelector('.row[aria-selected=true]').getBoundingClientRect().bottom <= innerHeight + 1"), "End is in sight");
	await press("Enter");
	same(await get("document.activeElement.id"), "detail", "Enter goes to the report");
	await press("/");
	same(await get("document.activeElement.id"), "filter", "/ goes to the filter");
	await call("Input.insertText", { text: "heap-use function_1" });
	const found = await get("current.shown.element.querySelector('#status').textContent");
	const wanted = await get("data.items.filter(i => i.words.includes('heap-use') && i.words.includes('function_1')).length");
	expect(wanted > 0 && found.startsWith(wanted.toLocaleString("en") + " report"), "the filter finds", wanted, found);
	await press("Escape");
	same(await get("document.activeElement.getAttribute('role')"), "listbox", "Escape leaves the filter");
	expect(await get("document.querySelectorAll('#detail .bytes .bad').length") === 4, "two damaged bytes are marked, in digits and in letters");
	expect(await get("[...document.querySelectorAll('#detail .bytes .bad')][0].title.includes('should be 8b')"), "and say what should be there");
	expect(await get("document.querySelectorAll('#detail .bytes .r').length > 0 && document.querySelectorAll('#detail .bytes .f').length > 0"), "red zone and freed bytes have their colours");
	expect(await get("document.querySelector('#detail svg rect') !== null"), "there is a line of time");
	expect(await get("[...document.querySelectorAll('#detail summary')].some(s => s.textContent.startsWith('Freed by free in T1'))"), "the stack of the free");
	await picture("reports");
	await get("document.getElementById('filter').value = ''; document.getElementById('filter').dispatchEvent(new Event('input'))");
	for (const kind of await get("[...data.kinds.keys()]")) { // each kind of report can be shown, damaged ones included
		await get(`(() => { const select = document.querySelector('.bar select'); select.value = ${JSON.stringify(kind)}; select.dispatchEvent(new Event('change')); })()`);
		expect((await get("document.querySelector('#detail h2').textContent")).startsWith(kind), "a report of kind", kind);
	}
}

async function testMap() {
	await get("document.querySelector('.list').focus()");
	await press("2");
	same(await get("document.activeElement.id"), "map", "2 goes to the map");
	expect(await get("current.shown.state().blocks > 1000"), "there are blocks");
	const [x, y] = await get("(() => { const box = document.getElementById('map').getBoundingClientRect(); return [box.left + 30, box.top + 5]; })()");
	await click(x, y);
	const first = await get("current.shown.state().chosen");
	expect(first >= 0, "a click chooses a block");
	expect(await get("document.querySelectorAll('#block .frame').length > 3"), "and shows its stack");
	expect(await get("document.getElementById('block').textContent.includes('tiny zone')"), "and its zone");
	await press("ArrowRight");
	same(await get("current.shown.state().chosen"), first + 1, "an arrow chooses the next");
	const scale = await get("current.shown.state().scale");
	await press("+", 3);
	expect(await get("current.shown.state().scale") < scale / 3, "+ zooms in");
	await press("ArrowDown");
	expect(await get("current.shown.state().chosen") > first + 1, "down goes a row on");
	for (const mode of ["age", "stack", "size", "state"]) {
		const before = await get("document.getElementById('map').toDataURL()");
		await get(`(() => { const select = [...document.querySelectorAll('.bar label')].find(l => l.textContent.startsWith('Colour')).querySelector('select'); select.value = '${mode}'; select.dispatchEvent(new Event('change')); })()`);
		expect(await get("document.getElementById('map').toDataURL()") !== before, "colours by", mode);
	}
	await press("0");
	expect(await get("current.shown.state().scale") >= scale * 0.99 && await get("current.shown.state().top") === 0, "0 shows all");
	await call("Input.dispatchMouseEvent", { type: "mouseWheel", x: x + 200, y: y + 100, deltaX: 0, deltaY: -100 });
	expect(await get("new Promise(done => setTimeout(() => done(current.shown.state().scale), 200))") < scale, "the wheel zooms");
	await press("0");
	await picture("map");
	await clickOn("tr.go:nth-child(4)");
	expect(await get("document.getElementById('block').textContent.includes('slots') || document.getElementById('block').textContent.includes('Slots')"), "a zone of the table is shown");
}

async function testOthers() {
	await press("3");
	expect(await get("document.querySelectorAll('#flame button').length > 20"), "the flame graph has frames");
	same(await get("document.activeElement.getAttribute('role')"), "treeitem", "3 goes to the flame graph");
	await press("ArrowDown", 2);
	const name = await get("document.activeElement.getAttribute('aria-label')");
	await picture("flame");
	await press("Enter");
	expect(await get("document.querySelector('#flame [data-zoomed]').getAttribute('aria-label')") === name, "Enter zooms", name);
	same(await get("document.querySelector('#flame [data-zoomed]').style.width"), "100%", "to the whole width");
	await press("Escape");
	expect((await get("document.querySelector('#flame [data-zoomed]').textContent")) === "all", "Escape goes back");
	await press("4");
	expect(await get("document.querySelectorAll('svg rect.barp').length > 3"), "there is a histogram");
	await picture("sizes");
	await press("5");
	expect(await get("document.querySelectorAll('svg polyline').length === 4"), "lines of growth");
	await picture("growth");
	await press("6");
	expect(await get("document.querySelectorAll('.row.event').length > 10"), "there are events");
	await press("ArrowDown");
	expect(await get("document.querySelectorAll('.right .frame').length > 3"), "with stacks");
	await press("/");
	await call("Input.insertText", { text: "0x7f0000001050" });
	expect((await get("document.querySelector('.bar [role=status]').textContent")).startsWith("3 events"), "three events of an address", await get("document.querySelector('.bar [role=status]').textContent"));
	await picture("history");
	await press("Escape");
}

async function testThemeAndKeys() {
	const light = await get("getComputedStyle(document.body).backgroundColor");
	await press("t");
	const dark = await get("getComputedStyle(document.body).backgroundColor");
	expect(light !== dark, "t switches light and dark");
	await press("1");
	await picture("dark");
	await press("2");
	await picture("dark-map");
	await clickOn("#theme");
	same(await get("getComputedStyle(document.body).backgroundColor"), light, "and back by the button");
	await call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "dark" }] });
	await get("delete document.documentElement.dataset.theme");
	same(await get("getComputedStyle(document.body).backgroundColor"), dark, "the system's choice counts");
	await call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "light" }] });
	await press("?");
	expect(await get("document.getElementById('keys').open"), "? shows the keys");
	await press("Escape");
	expect(!(await get("document.getElementById('keys').open")), "Escape closes them");
	await press("1");
	await get("document.activeElement.blur(); window.scrollTo(0, 0)");
	const seen = [];
	for (let i = 0; i < 18; i++) {
		await press("Tab");
		seen.push(await get("document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.tagName"));
	}
	for (const id of ["tab-reports", "theme", "help", "filter", "group", "Reports"])
		expect(seen.includes(id), "Tab reaches", id, seen.join(" "));
	seen.splice(0, seen.indexOf("tab-reports"));
	expect(seen.indexOf("tab-reports") < seen.indexOf("filter") && seen.indexOf("filter") < seen.indexOf("Reports"), "in order", seen.join(" "));
}

// What a screen reader is told of everything that can be focused.
async function testNames() {
	await call("Accessibility.enable");
	for (const view of ["1", "2", "3", "4", "5", "6"]) {
		await get("document.getElementById('tab-reports').focus()");
		await press(view);
		const { nodes } = await call("Accessibility.getFullAXTree");
		const focusable = nodes.filter(node => !node.ignored && (node.properties || []).some(p => p.name === "focusable" && p.value.value) && node.role.value !== "RootWebArea");
		expect(focusable.length > 5, "something can be focused in view", view);
		for (const node of focusable)
			expect(node.name?.value || ["group", "generic", "row"].includes(node.role.value), "no name in view", view, node.role.value, JSON.stringify(node.description || ""));
	}
}

async function main() {
	await open();
	await testList();
	await testMap();
	await testOthers();
	await testThemeAndKeys();
	await testNames();
	expect((await get("typeof window.hurt")) === "undefined", "nothing in the data was run");
	for (const event of events) {
		if (event.method === "Runtime.exceptionThrown")
			expect(false, "exception:", event.params.exceptionDetails.exception?.description || event.params.exceptionDetails.text);
		if (event.method === "Network.requestWillBeSent")
			expect(event.params.request.url.startsWith("file://") && event.params.type === "Document", "loads", event.params.request.url);
		if (event.method === "Log.entryAdded" && event.params.entry.level === "error")
			expect(false, "the browser complains:", event.params.entry.text);
	}
	console.log(failures ? failures + " of " + checks + " checks failed" : checks + " checks passed");
}

function finish(status) {
	browser.kill("SIGKILL");
	rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
	process.exit(status);
}

browser.on("exit", () => { console.log("the browser ended"); finish(1); });
setTimeout(() => { console.log("no end after 120 s"); finish(1); }, 120000);
main().then(() => { browser.removeAllListeners("exit"); finish(failures ? 1 : 0); }, error => { browser.removeAllListeners("exit"); console.log(error.stack); finish(1); });
