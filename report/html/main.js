// SPDX-License-Identifier: MIT
// Views as tabs, keys, and the switch between light and dark.

const views = [
	{
		id: "reports",
		name: "Reports",
		has: () => data.items.length > 0 || (!data.maps.length && !data.histories.length),
		make: reportsView
	},
	{ id: "map", name: "Map", has: () => data.maps.length > 0, make: mapView },
	{ id: "flame", name: "Flame graph", has: () => flameSources().length > 0, make: flameView },
	{ id: "sizes", name: "Sizes", has: () => data.maps.length > 0, make: sizesView },
	{ id: "growth", name: "Growth", has: () => hasGrowth(), make: growthView },
	{ id: "history", name: "History", has: () => data.histories.length > 0, make: historyView }
];
const VIEW_HASH = "#view-"; // no element has such an id, or the browser would scroll to it
let current = null;

function showView(view, focus) {
	current = view;
	for (const v of views.filter(each => each.tab)) {
		v.tab.setAttribute("aria-selected", String(v === view));
		v.tab.tabIndex = v === view ? 0 : -1;
	}
	view.shown = view.shown || view.make();
	const main = document.getElementById("main");
	if (main.firstChild !== view.shown.element) {
		view.shown.element.setAttribute("role", "tabpanel");
		view.shown.element.setAttribute("aria-label", view.name);
		main.replaceChildren(view.shown.element);
	}
	if (view.shown.shown)
		view.shown.shown();
	if (focus)
		view.shown.focus();
	if (location.hash.slice(VIEW_HASH.length) !== view.id)
		history.replaceState(null, "", VIEW_HASH + view.id);
}

function setTheme(theme) {
	if (theme)
		document.documentElement.dataset.theme = theme;
	for (const view of views)
		if (view.shown && view.shown.recolor)
			view.shown.recolor();
}

function switchTheme() {
	const isDark = getComputedStyle(document.documentElement).colorScheme === "dark", theme = isDark ? "light" : "dark";
	setTheme(theme);
	try {
		localStorage.setItem("malloc-debug-theme", theme);
	} catch (error) {
		// A page from a file may keep nothing: then the switch lasts as long as the page.
	}
}

const keyRows = [
	["1 … " + views.length, "views, in their order"], ["/", "filter"], ["↑ ↓ Page Home End", "choose in a list"],
	["Enter", "go to what is chosen"], ["← → ↑ ↓", "map: next block, next row"], ["+ − 0", "map: zoom in, out, show all"],
	["wheel, drag", "map: zoom, scroll"], ["Escape", "back: out of the filter, out of a zoom"], ["t", "light or dark"],
	["?", "these keys"]
];

function showKeys() {
	const dialog = document.getElementById("keys");
	dialog.replaceChildren(make("h2", null, "Keys"),
		make("table", null,
			keyRows.map(([key, text]) => make("tr", null, make("td", null, make("kbd", null, key)), make("td", null, text)))),
		make("button", { type: "button", onclick: () => dialog.close() }, "Close"));
	dialog.showModal();
}

function globalKey(event) {
	const typing = event.target instanceof HTMLInputElement && event.target.type === "search";
	if (event.ctrlKey || event.altKey || event.metaKey || document.getElementById("keys").open)
		return;
	if (typing) {
		if (event.key === "Escape" || event.key === "Enter" || event.key === "ArrowDown") {
			event.preventDefault();
			current.shown.focus();
		}
		return;
	}
	const tabs = views.filter(view => view.tab);
	if (event.key === "/" && current.shown.search) {
		event.preventDefault();
		current.shown.search.focus();
		current.shown.search.select();
	} else if (event.key === "?") {
		showKeys();
	} else if (event.key === "t") {
		switchTheme();
	} else if (/^[1-9]$/.test(event.key) && tabs[event.key - 1]) {
		showView(tabs[event.key - 1], true);
	}
}

function start() {
	let theme = null;
	try {
		theme = localStorage.getItem("malloc-debug-theme");
	} catch (error) {
		// As above.
	}
	readData();
	document.title = pageName();
	document.getElementById("title").textContent = document.title;
	const tabs = document.getElementById("tabs"), there = views.filter(view => view.has());
	there.forEach((view, i) => {
		view.tab = make("button", {
			type: "button",
			role: "tab",
			id: "tab-" + view.id,
			"aria-controls": "main",
			onclick: () => showView(view, false),
			onkeydown: event => {
				const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
				if (step) {
					const next = there[(i + step + there.length) % there.length];
					showView(next, false);
					next.tab.focus();
				}
			}
		},
			view.name);
		tabs.append(view.tab);
	});
	document.getElementById("theme").addEventListener("click", switchTheme);
	document.getElementById("help").addEventListener("click", showKeys);
	document.addEventListener("keydown", globalKey);
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(null));
	setTheme(theme === "light" || theme === "dark" ? theme : null);
	showView(there.find(view => view.id === location.hash.slice(VIEW_HASH.length)) || there[0], false);
}

start();
