// SPDX-License-Identifier: MIT
// A history: events in order of time, a filter, and the stack of the event that is chosen; above them, calls over time.

function historyView() {
	let entry = data.histories[0], filter = "";
	const right = make("div", { class: "right", role: "region", "aria-label": "Event", "aria-live": "polite" }),
	      status = make("span", { class: "weak", role: "status" }), chart = make("div", { style: "padding:4px 12px" });
	const search = make("input", {
		type: "search",
		placeholder: "Filter: address, call, function, T0 (/)",
		"aria-label": "Filter events",
		oninput: () => {
			filter = search.value;
			apply();
		}
	});
	const rows = new VirtualList("Events", 24, (row, event) => {
		row.className = "row cells event mono";
		row.append(make("span", null, secondsText6(event.seconds)), make("span", null, threadText(event.thread)),
			make("span", null, string(event.function) + (event.kind === "failed" ? " failed" : "")),
			make("span", null, event.kind === "failed" ? "" : string(event.address)),
			make("span", { class: "num" }, string(event.bytes)), make("span", null, siteText(entry.stacks.get(event.stack))));
	}, show, () => right.focus());

	const secondsText6 = seconds => known(seconds) ? number(seconds).toFixed(6) : "";

	function show(event) {
		right.replaceChildren(make("h2", null, string(event.function) + " " + string(event.address)), facts([
			["Kind", event.kind], ["Bytes", event.bytes], ["Time", secondsText6(event.seconds) + " s"],
			["Thread", threadText(event.thread)], ["Error", event.error]
		]),
			make("p", null,
				make("button", {
					type: "button",
					onclick: () => {
						search.value = filter = string(event.address);
						apply();
						search.focus();
					}
				},
					"Only this address")),
			make("h3", null, "Stack"), stackView(entry.stacks.get(event.stack)));
	}

	function apply() {
		const words = filter.toLowerCase().split(/\s+/).filter(word => word), texts = new Map();
		const stackText = id => {
			if (!texts.has(id))
				texts.set(id,
					list(entry.stacks.get(id))
						.map(frame => frameName(frame) + " " + string(frame.file))
						.join("\n")
						.toLowerCase());
			return texts.get(id);
		};
		const events = list(entry.report.events).map(object),
		      found = events.filter(
			      event => words.every(
				      word => [string(event.address), string(event.function), string(event.kind), threadText(event.thread)]
						      .join(" ")
						      .toLowerCase()
						      .includes(word) ||
					      stackText(event.stack).includes(word)));
		status.textContent = countText(found.length, "event") +
			(number(entry.report.total) > events.length ? "; the last " + events.length.toLocaleString("en") + " of " +
						number(entry.report.total).toLocaleString("en")
								    : "");
		chart.replaceChildren(overTime(found));
		right.replaceChildren();
		rows.set(found, found.length ? 0 : -1);
	}

	// Calls in 120 slices of time: allocations up, frees down.
	function overTime(events) {
		const times = events.map(event => number(event.seconds)), first = times.length ? times[0] : 0,
		      last = times.length ? times[times.length - 1] : 0, count = 120, up = new Array(count).fill(0),
		      down = new Array(count).fill(0);
		events.forEach((event, i) => {
			(event.kind === "free"
					? down
					: up)[Math.min(count - 1, Math.floor(count * (times[i] - first) / Math.max(1e-9, last - first)))]++;
		});
		const most = Math.max(1, ...up, ...down), svg = makeSvg("svg", {
			viewBox: "0 0 960 84",
			width: "100%",
			height: 84,
			preserveAspectRatio: "none",
			role: "img",
			"aria-label": "Allocations and frees over time, " + secondsText(first) + " to " + secondsText(last)
		});
		for (let i = 0; i < count; i++)
			svg.append(makeSvg("rect",
					   { class: "bar2", x: i * 8, y: 41 - 40 * up[i] / most, width: 7, height: 40 * up[i] / most }),
				makeSvg("rect", { class: "barp", x: i * 8, y: 43, width: 7, height: 40 * down[i] / most }));
		return make("div", null, svg,
			make("div", { class: "legend" }, make("span", null, secondsText(first) + " to " + secondsText(last)),
				make("span", null, make("span", { class: "swatch", style: "background:var(--live)" }), "allocated"),
				make("span", null, make("span", { class: "swatch", style: "background:var(--quarantined)" }), "freed"),
				make("span", null, "up to " + most.toLocaleString("en") + " in " + secondsText((last - first) / count))));
	}

	const element = make("div", { class: "view" },
		make("div", { class: "bar", role: "search" }, search,
			data.histories.length > 1 &&
				selectOf("History", data.histories.map((h, i) => [i, h.name]),
					index => {
						entry = data.histories[index];
						apply();
					}),
			status),
		chart,
		make("div", { class: "split wide" },
			make("div", { class: "left columns" },
				make("div", { class: "cells event head", "aria-hidden": "true" },
					["Time", "Thread", "Call", "Address", "Bytes", "Where"].map(
						text => make("span", { class: text === "Bytes" ? "num" : "" }, text))),
				rows.element),
			right));
	right.tabIndex = -1;
	apply();
	return { element, shown() { rows.draw(); }, focus() { rows.element.focus(); }, search };
}
