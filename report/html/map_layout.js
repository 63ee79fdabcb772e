// SPDX-License-Identifier: MIT
// Places and colours of a heap's map. All zones and free runs, in order of address and without the gaps between them, are one long
// line of bytes that is broken into rows, as a text is; zooming changes how many bytes a pixel stands for. Every block is a rectangle of
// its bytes.

const mapModes = {
	state: { name: "state", color: block => cssColor(block.damaged ? "--damaged" : block.state) },
	age: {
		name: "age",
		color: (block, map) => known(block.seconds)
			? ramp(map.now > map.first ? (map.now - number(block.seconds)) / (map.now - map.first) : 0)
			: cssColor("--free")
	},
	stack: { name: "allocation stack", color: block => known(block.stack) ? hashColor(block.stack) : cssColor("--free") },
	size: { name: "size", color: block => ramp(Math.min(1, Math.log2(1 + number(block.bytes) / number(block.blocks || 1)) / 24)) }
};
const stateColors = { live: "--live", quarantined: "--quarantined", freeing: "--freeing", mixed: "--mixed" };

let colorCache = new Map();
function cssColor(name) {
	const key = stateColors[name] || (name.startsWith("--") ? name : "--mixed");
	if (!colorCache.has(key))
		colorCache.set(key, getComputedStyle(document.documentElement).getPropertyValue(key).trim());
	return colorCache.get(key);
}
const ramp = part => "hsl(" + Math.round(220 - 200 * Math.max(0, Math.min(1, part))) + " 70% 52%)"; // blue for the least, red for the most
const hashColor = value => {
	const h = Math.imul(number(value) + 1, 0x9e3779b1) >>> 0;
	return "hsl(" + h % 360 + " " + (45 + (h >>> 9) % 35) + "% " + (42 + (h >>> 16) % 20) + "%)";
};

// Zones, free runs and blocks with their places on the line.
function layMap(report) {
	const map = { segments: [], blocks: [], bytes: 0, now: number(object(report.process).seconds), first: Infinity };
	for (const zone of list(report.zones).map(object))
		map.segments.push({ zone, begin: number(zone.begin), end: number(zone.end) });
	for (const run of list(report.free_runs).map(object))
		map.segments.push({ run, begin: number(run.begin), end: number(run.end) });
	map.segments = map.segments.filter(segment => segment.end > segment.begin).sort((a, b) => a.begin - b.begin);
	for (const segment of map.segments) {
		segment.at = map.bytes;
		map.bytes += segment.end - segment.begin;
		for (const block of segment.zone ? list(segment.zone.blocks).map(object) : []) {
			const begin = number(block.address),
			      end = known(block.end) ? number(block.end) : begin + Math.max(1, number(block.bytes));
			if (begin < segment.begin || begin >= segment.end)
				continue;
			map.blocks.push({
				block,
				segment,
				at: segment.at + begin - segment.begin,
				to: segment.at + Math.min(Math.max(end, begin + 1), segment.end) - segment.begin
			});
			if (known(block.seconds))
				map.first = Math.min(map.first, number(block.seconds));
		}
	}
	map.blocks.sort((a, b) => a.at - b.at);
	return map;
}

// Index of the last element at or before a place; -1 if there is none.
function findAt(sorted, at) {
	let low = 0, high = sorted.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (sorted[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}
