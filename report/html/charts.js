// SPDX-License-Identifier: MIT
// Sizes of live blocks, and growth over time.

const chartColors = ["#3677bd", "#d9822b", "#2a8f58", "#c8455a", "#8a63b8", "#8c6d46", "#c2569c", "#5f6f7f", "#8f8f1f", "#2099a8"];

// Lines over time: series of { name, values }, with a table of the same numbers for those who do not see it.
function seriesChart(title, times, series) {
	const width = 860, height = 260, left = 78, bottom = 34, most = Math.max(1, ...series.flatMap(s => s.values)),
	      first = times[0] || 0, span = Math.max(1e-6, (times[times.length - 1] || 0) - first);
	const x = time => left + (width - left - 14) * (time - first) / span, y = value => 12 + (height - bottom - 12) * (1 - value / most);
	const svg = makeSvg("svg", {
		viewBox: "0 0 " + width + " " + height,
		width: "100%",
		style: "max-width:" + width + "px",
		role: "img",
		"aria-label": title
	});
	for (let i = 0; i <= 4; i++)
		svg.append(makeSvg("line", { class: "axis", x1: left, x2: width - 14, y1: y(most * i / 4), y2: y(most * i / 4) }),
			makeSvg("text", { x: left - 6, y: y(most * i / 4) + 4, "text-anchor": "end" },
				bytesText(Math.round(most * i / 4))));
	[0, times.length - 1].forEach(
		(i, last) => svg.append(makeSvg("text", { x: x(times[i] || 0), y: height - 10, "text-anchor": last ? "end" : "start" },
			secondsText(times[i] || 0))));
	series.forEach((s, k) => {
		svg.append(makeSvg("polyline", {
			points: s.values.map((value, i) => x(times[i] || 0) + "," + y(value)).join(" "),
			fill: "none",
			stroke: chartColors[k % chartColors.length],
			"stroke-width": k ? 1.8 : 2.6
		}));
		s.values.forEach((value, i) => svg.append(makeSvg("circle",
					 { cx: x(times[i] || 0), cy: y(value), r: 3, fill: chartColors[k % chartColors.length] },
					 makeSvg("title", null, s.name + ": " + bytesText(value) + " at " + secondsText(times[i] || 0)))));
	});
	const table = make("details", null, make("summary", null, "Numbers"),
		make("table", null, make("tr", null, make("th", null, "Time"), series.map(s => make("th", { class: "num" }, s.name))),
			times.map((time, i) => make("tr", null, make("td", null, secondsText(time)),
					  series.map(s => make("td", { class: "num" }, bytesText(s.values[i] || 0)))))));
	return make("section", null, make("h3", null, title), make("div", { class: "chart" }, svg),
		make("div", { class: "legend" },
			series.map((s, k) => make("span", null,
					   make("span", { class: "swatch", style: "background:" + chartColors[k % chartColors.length] }),
					   s.name))),
		table);
}

function comparisonView(report) {
	const snapshots = list(report.snapshots).map(object), times = snapshots.map(s => number(s.seconds)),
	      stacks = list(report.stacks).map(object);
	const most = stacks.slice(0, 9).map(
		stack => ({ name: siteText(stack.stack), values: list(stack.snapshots).map(s => number(object(s).bytes)) }));
	return make("section", null, make("h2", null, "Growth of " + processName(report)),
		make("p", null,
			countText(number(report.stacks_total), "stack") + " grew by " + bytesText(number(report.rise)) + " in " +
				countText(snapshots.length, "snapshot")),
		seriesChart("All live bytes", times, [{ name: "all", values: snapshots.map(s => number(s.bytes)) }]),
		seriesChart("Stacks that grew most", times, most), make("h3", null, "Their stacks"),
		stacks.slice(0, 50).map(
			stack => make("details", null, make("summary", null, bytesText(number(stack.rise)) + " " + siteText(stack.stack)),
				stackView(stack.stack))));
}

function growthView() {
	const scroll = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Growth" }), comparison = make("div");
	const setComparison = index => comparison.replaceChildren(comparisonView(data.growths[index]));
	if (data.growths.length > 1) // each compares all snapshots until then: the newest says most
		scroll.append(selectOf("Comparison",
			data.growths.map((r, i) => [i, processName(r) + ", " + secondsText(number(object(r.process).seconds))]),
			setComparison));
	if (data.growths.length)
		setComparison(0);
	scroll.append(comparison);
	const maps = data.maps.slice().sort((a, b) => reportTime(a.report) - reportTime(b.report)), byProcess = new Map();
	for (const m of maps) { // several maps of one process are snapshots, too
		const p = object(m.report.process), key = [p.host, p.pid, p.started].join();
		byProcess.set(key, [...byProcess.get(key) || [], m]);
	}
	for (const group of byProcess.values())
		if (group.length > 1)
			scroll.append(make("h2", null, "Maps of " + processName(group[0].report)),
				seriesChart("Live bytes", group.map(m => number(object(m.report.process).seconds)), [
					{ name: "live", values: group.map(m => number(object(m.report.heap).live_bytes)) },
					{ name: "held back", values: group.map(m => number(object(m.report.heap).quarantined_bytes)) },
					{ name: "mapped", values: group.map(m => number(object(m.report.heap).mapped_bytes)) }
				]));
	return { element: scroll, focus() { scroll.focus(); } };
}

// Whether there is something to see in growthView.
function hasGrowth() {
	const keys = data.maps.map(m => { const p = object(m.report.process); return [p.host, p.pid, p.started].join(); });
	return data.growths.length > 0 || new Set(keys).size < keys.length;
}

// From least to less than twice as many.
function sizesText(least) {
	const from = bytesText(least).replace(".0", ""), to = bytesText(2 * least).replace(".0", "");
	return least < 2 ? least + " B" : least < 1024 ? least + " to " + (2 * least - 1) + " B" :
		(from.slice(-3) === to.slice(-3) ? from.slice(0, -4) : from) + " to " + to;
}

function sizesView() {
	const scroll = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Sizes" }), chart = make("div");
	function setMap(index) {
		const found = list(data.maps[index].report.sizes).map(object), rows = [];
		const last = found.reduce((most, size) => Math.max(most, number(size.least)), 0),
		      first = found.reduce((least, size) => Math.min(least, number(size.least)), last);
		for (let least = first; found.length && least <= last && rows.length < 65; least = least ? 2 * least : 1) {
			const size = found.find(each => number(each.least) === least) || {};
			rows.push({ name: sizesText(least), blocks: number(size.blocks), bytes: number(size.bytes) });
		}
		const mostBlocks = Math.max(1, ...rows.map(row => row.blocks)), mostBytes = Math.max(1, ...rows.map(row => row.bytes)),
		      svg = makeSvg("svg", {
			      viewBox: "0 0 900 " + (rows.length * 24 + 26),
			      width: "100%",
			      style: "max-width:900px",
			      role: "img",
			      "aria-label": "Histogram of sizes of live blocks; the table below has the numbers"
		      });
		svg.append(makeSvg("text", { x: 170, y: 14 }, "blocks"), makeSvg("text", { x: 540, y: 14 }, "bytes"));
		rows.forEach(
			(row, i) => svg.append(makeSvg("text", { x: 160, y: i * 24 + 38, "text-anchor": "end" }, row.name),
				makeSvg("rect",
					{ class: "barp", x: 170, y: i * 24 + 25, width: 260 * row.blocks / mostBlocks, height: 17 }),
				makeSvg("text", { x: 176 + 260 * row.blocks / mostBlocks, y: i * 24 + 38 },
					row.blocks.toLocaleString("en")),
				makeSvg("rect", { class: "bar2", x: 540, y: i * 24 + 25, width: 260 * row.bytes / mostBytes, height: 17 }),
				makeSvg("text", { x: 546 + 260 * row.bytes / mostBytes, y: i * 24 + 38 }, bytesText(row.bytes))));
		chart.replaceChildren(
			rows.length ? make("div", { class: "chart" }, svg) : make("p", { class: "note" }, "There are no live blocks."),
			make("details", null, make("summary", null, "Numbers"),
				make("table", null, make("tr", null, ["Size", "Blocks",
					"Bytes"].map((text, i) => make("th", { class: i ? "num" : "" }, text))),
					rows.map(row => make("tr", null, make("td", null, row.name),
							 make("td", { class: "num" }, row.blocks.toLocaleString("en")),
							 make("td", { class: "num" }, row.bytes.toLocaleString("en")))))));
	}
	scroll.append(make("h2", null, "Sizes of live blocks"),
		data.maps.length > 1 ? selectOf("Map", data.maps.map((m, i) => [i, m.name]), setMap) : "", chart);
	setMap(0);
	return { element: scroll, focus() { scroll.focus(); } };
}
