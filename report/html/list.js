// SPDX-License-Identifier: MIT
// The view of reports: filters, the list, and beside it the report that is chosen. Equal reports (of one fingerprint) are one row unless
// told otherwise.

function reportsView() {
	const filter = { text: "", kind: "", process: "", module: "", group: true };
	const right = make("div", { class: "right", tabindex: "-1", id: "detail", role: "region", "aria-label": "Report" });
	const status = make("span", { class: "weak", role: "status", id: "status" });
	const rows = new VirtualList(
		"Reports", 46, fillRow, row => right.replaceChildren(detailView(row.newest, row.items, show)), () => right.focus());
	const search = make("input", {
		type: "search",
		id: "filter",
		placeholder: "Filter: function, file, address (/)",
		"aria-label": "Filter by text",
		oninput: () => {
			filter.text = search.value;
			apply();
		}
	});
	const group = make("input", {
		type: "checkbox",
		id: "group",
		checked: true,
		onchange: () => {
			filter.group = group.checked;
			apply();
		}
	});

	function show(item) {
		right.replaceChildren(detailView(item, rows.rows[rows.chosen].items, show));
		right.scrollTop = 0;
	}

	function fillRow(element, row) {
		const item = row.newest;
		element.append(
			make("div", null,
				row.items.length > 1 && make("span", { class: "count" }, "× " + row.items.length.toLocaleString("en")),
				make("span", { class: "kind" }, item.kind), " ", item.site || item.title),
			make("div", { class: "weak" }, item.process + " · " + (item.site ? item.title : dateText(item.time))));
	}

	function apply() {
		const words = filter.text.toLowerCase().split(/\s+/).filter(word => word);
		const found = data.items.filter(item => (!filter.kind || item.kind === filter.kind) &&
				(!filter.process || item.process === filter.process) &&
				(!filter.module || item.modules.has(filter.module)) && words.every(word => item.words.includes(word)));
		const groups = new Map();
		for (const item of found) {
			const key = filter.group && item.fingerprint ? item.kind + item.fingerprint : item.index;
			if (groups.has(key))
				groups.get(key).items.push(item);
			else
				groups.set(key, { newest: item, items: [item] });
		}
		const shown = [...groups.values()];
		status.textContent = countText(found.length, "report") +
			(shown.length !== found.length ? ", " + shown.length.toLocaleString("en") + " different" : "") +
			(data.damaged ? "; " + countText(data.damaged, "line") + " could not be read" : "");
		if (!shown.length)
			right.replaceChildren(
				make("p", { class: "note" }, data.items.length ? "No report matches." : "There are no reports."));
		rows.set(shown);
	}

	const kinds = [...data.kinds].sort((a, b) => b[1] - a[1]);
	const names = set => [...set].sort().map(name => [name, name]);
	const element = make("div", { class: "view" },
		make("div", { class: "bar", role: "search" }, search,
			selectOf("Kind", [["", "all"], ...kinds.map(([kind, count]) => [kind, kind + " (" + count + ")"])],
				value => { filter.kind = value; apply(); }),
			selectOf("Process", [["", "all"], ...names(data.processes)], value => { filter.process = value; apply(); }),
			selectOf("Module", [["", "all"], ...names(data.modules)], value => { filter.module = value; apply(); }),
			make("label", null, group, "equal ones together"), status),
		make("div", { class: "split" }, make("div", { class: "left" }, rows.element), right));
	apply();
	return { element, shown() { rows.draw(); }, focus() { rows.element.focus(); }, search };
}
