// SPDX-License-Identifier: MIT
// The map of a heap. All zones and free runs, in order of address and without the gaps between them, are one long line of bytes that is broken into rows, as
// a text is; zooming changes how many bytes a pixel stands for. Every block is a rectangle of its bytes.

const mapModes = {
	state: { name: "state", color: block => cssColor(block.damaged ? "--damaged" : block.state) },
	age: { name: "age", color: (block, map) => known(block.seconds) ? ramp(map.now > map.first ? (map.now - number(block.seconds)) / (map.now - map.first) : 0) : cssColor("--free") },
	stack: { name: "allocation stack", color: block => known(block.stack) ? hashColor(block.stack) : cssColor("--free") },
	size: { name: "size", color: block => ramp(Math.min(1, Math.log2(1 + number(block.bytes) / number(block.blocks || 1)) / 24)) }
};
const stateColors = { live: "--live", quarantined: "--quarantined", freeing: "--freeing", mixed: "--mixed" };
const ROW_HEIGHT = 12;

let colorCache = new Map();
function cssColor(name) {
	const key = stateColors[name] || (name.startsWith("--") ? name : "--mixed");
	if (!colorCache.has(key))
		colorCache.set(key, getComputedStyle(document.documentElement).getPropertyValue(key).trim());
	return colorCache.get(key);
}
const ramp = part => "hsl(" + Math.round(220 - 200 * Math.max(0, Math.min(1, part))) + " 70% 52%)"; // blue for the least, red for the most
const hashColor = value => { const h = Math.imul(number(value) + 1, 0x9e3779b1) >>> 0; return "hsl(" + h % 360 + " " + (45 + (h >>> 9) % 35) + "% " + (42 + (h >>> 16) % 20) + "%)"; };

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
			const begin = number(block.address), end = known(block.end) ? number(block.end) : begin + Math.max(1, number(block.bytes));
			if (begin < segment.begin || begin >= segment.end)
				continue;
			map.blocks.push({ block, segment, at: segment.at + begin - segment.begin, to: segment.at + Math.min(Math.max(end, begin + 1), segment.end) - segment.begin });
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

function mapView() {
	let entry = data.maps[0], map = layMap(entry.report), mode = "state", scale = 0, top = 0, chosen = -1;
	const canvas = make("canvas", { tabindex: "0", id: "map", role: "application", "aria-label": "Map of the heap. Left and right choose a block, up and down a row, plus and minus zoom, 0 shows all." });
	const tip = make("div", { class: "tip", hidden: true }), legend = make("div", { class: "legend" });
	const right = make("div", { class: "right", role: "region", "aria-label": "Block", "aria-live": "polite", id: "block" });
	const totals = make("span", { class: "weak" });
	const zones = make("div", { class: "zones" });
	const holder = make("div", { class: "canvas" }, canvas, tip);

	const width = () => Math.max(50, holder.clientWidth), rowsInSight = () => Math.max(1, Math.floor(holder.clientHeight / ROW_HEIGHT));
	const rowBytes = () => width() * scale;
	const scaleOfAll = () => Math.max(map.bytes / (width() * rowsInSight()), 1e-9);

	function fit() {
		scale = scaleOfAll();
		top = 0;
	}

	function limit() {
		scale = Math.max(0.05, Math.min(scale, scaleOfAll()));
		const rows = Math.ceil(map.bytes / rowBytes());
		top = Math.max(0, Math.min(top, (rows - rowsInSight()) * rowBytes()));
	}

	// Calls paint(x, y, width) for each piece of a range of bytes that is in sight.
	function pieces(at, to, paint) {
		const bytes = rowBytes(), last = top + rowsInSight() * bytes + bytes;
		at = Math.max(at, top);
		to = Math.min(to, last);
		for (let row = Math.floor((at - top) / bytes); at < to; row++) {
			const end = Math.min(to, top + (row + 1) * bytes);
			paint((at - top - row * bytes) / scale, row * ROW_HEIGHT, (end - at) / scale);
			at = Math.max(end, top + (row + 1) * bytes);
		}
	}

	function draw() {
		const ratio = window.devicePixelRatio || 1, w = width(), h = Math.max(50, holder.clientHeight), context = canvas.getContext("2d");
		if (!holder.clientHeight)
			return;
		if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
			canvas.width = Math.round(w * ratio);
			canvas.height = Math.round(h * ratio);
		}
		limit();
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.fillStyle = cssColor("--back");
		context.fillRect(0, 0, w, h);
		const end = top + (rowsInSight() + 1) * rowBytes();
		for (let i = Math.max(0, findAt(map.segments, top)); i < map.segments.length && map.segments[i].at < end; i++) {
			const segment = map.segments[i], bytes = segment.end - segment.begin;
			context.fillStyle = cssColor(segment.zone ? "--free" : segment.run.kept ? "--kept" : "--panel");
			pieces(segment.at, segment.at + bytes, (x, y, length) => context.fillRect(x, y, length, ROW_HEIGHT - 2));
		}
		// Blocks smaller than a pixel are drawn a pixel wide, one for each pixel.
		let lastX = -1, lastY = -1;
		for (let i = Math.max(0, findAt(map.blocks, top)); i < map.blocks.length && map.blocks[i].at < end; i++) {
			const place = map.blocks[i], color = mapModes[mode].color(place.block, map);
			pieces(place.at, place.to, (x, y, length) => {
				if (length < 1 && Math.floor(x) === lastX && y === lastY && !place.block.damaged)
					return;
				lastX = Math.floor(x);
				lastY = y;
				context.fillStyle = color;
				context.fillRect(x, y, Math.max(1, length > 3 ? length - 0.7 : length), ROW_HEIGHT - 2);
			});
		}
		context.fillStyle = cssColor("--weak");
		for (let i = Math.max(0, findAt(map.segments, top)); i < map.segments.length && map.segments[i].at < end; i++) // where segments begin
			if (map.segments[i].at >= top)
				pieces(map.segments[i].at, map.segments[i].at + 1, (x, y) => context.fillRect(x - 0.5, y, 1, ROW_HEIGHT));
		if (chosen >= 0) {
			context.strokeStyle = cssColor("--text");
			context.lineWidth = 2;
			pieces(map.blocks[chosen].at, map.blocks[chosen].to, (x, y, length) => context.strokeRect(x, y, Math.max(3, length), ROW_HEIGHT - 2));
		}
	}

	function zoom(factor, x, y) {
		const row = Math.floor(y / ROW_HEIGHT), at = top + row * rowBytes() + x * scale;
		scale *= factor;
		limit();
		// The byte stays in the row that it was in; rows begin at multiples of their length, so that what scrolls stays in its column.
		top = Math.floor(at / rowBytes() - row) * rowBytes();
		draw();
	}

	function placeAt(event) {
		const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
		return { x, y, at: top + Math.floor(y / ROW_HEIGHT) * rowBytes() + x * scale };
	}

	// A block at a place, or within two pixels of it: small ones are hard to hit.
	function blockAt(at) {
		const i = findAt(map.blocks, at);
		for (const k of [i, i + 1])
			if (k >= 0 && k < map.blocks.length && at >= map.blocks[k].at - 2 * scale && at <= map.blocks[k].to + 2 * scale)
				return k;
		return -1;
	}

	function segmentText(segment) {
		const where = segment.zone ? segment.zone : segment.run, range = "[" + string(where.begin) + "," + string(where.end) + ") " + bytesText(segment.end - segment.begin);
		return segment.zone ? string(where.kind) + " zone " + range : "free run " + range + (where.kept ? ", pages kept" : ", pages given back");
	}

	function zoneFacts(segment) {
		const zone = segment.zone;
		return make("section", null, make("h3", null, segmentText(segment)), zone && facts([["Slots", string(zone.slots) + " of " + bytesText(number(zone.slot_bytes))], ["Live", string(zone.live) + ", " + bytesText(number(zone.live_bytes))],
			["Quarantined", zone.quarantined], ["In caches", zone.cached], ["Free", string(zone.free) + ", " + string(zone.untouched) + " never used"]]));
	}

	function choose(i, reveal) {
		chosen = i;
		if (i < 0) {
			draw();
			return;
		}
		const place = map.blocks[i], block = place.block, stack = entry.stacks.get(block.stack), many = number(block.blocks) > 1;
		if (reveal && (place.at < top || place.at >= top + rowsInSight() * rowBytes()))
			top = Math.floor(place.at / rowBytes() - rowsInSight() / 2) * rowBytes();
		right.replaceChildren(make("h2", null, many ? countText(number(block.blocks), "block") + " from " + string(block.address) : "Block " + string(block.address)),
			facts([["State", string(block.state) + (block.damaged ? ", damaged" : "")], ["Size", bytesText(number(block.bytes)) + " (" + string(block.bytes) + " bytes)"], ["Thread", threadText(block.thread)],
				["Allocated at", known(block.seconds) ? secondsText(number(block.seconds)) + ", " + secondsText(Math.max(0, map.now - number(block.seconds))) + " before the map" : ""]]),
			make("h3", null, "Allocated"), stackView(stack), known(block.free_stack) ? make("section", null, make("h3", null, "Freed"), stackView(entry.stacks.get(block.free_stack))) : "", zoneFacts(place.segment));
		draw();
	}

	function chooseSegment(segment) {
		top = Math.floor(segment.at / rowBytes()) * rowBytes();
		chosen = -1;
		right.replaceChildren(zoneFacts(segment));
		draw();
	}

	function key(event) {
		const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
		if (step && map.blocks.length) {
			choose(chosen < 0 ? Math.max(0, findAt(map.blocks, top)) : Math.max(0, Math.min(map.blocks.length - 1, chosen + step)), true);
		} else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
			const sign = event.key === "ArrowUp" ? -1 : 1;
			if (chosen >= 0)
				choose(Math.max(0, findAt(map.blocks, map.blocks[chosen].at + sign * rowBytes())), true);
			else
				top += sign * rowBytes();
			draw();
		} else if (event.key === "PageUp" || event.key === "PageDown") {
			top += (event.key === "PageUp" ? -1 : 1) * rowBytes() * Math.max(1, rowsInSight() - 1);
			draw();
		} else if (event.key === "+" || event.key === "=" || event.key === "-") {
			zoomAtChosen(event.key === "-" ? 1.6 : 1 / 1.6);
		} else if (event.key === "0") {
			fit();
			draw();
		} else {
			return;
		}
		event.preventDefault();
	}

	function zoomAtChosen(factor) {
		const at = chosen >= 0 ? map.blocks[chosen].at - top : 0, row = Math.max(0, Math.min(rowsInSight() - 1, Math.floor(at / rowBytes())));
		zoom(factor, chosen >= 0 ? Math.max(0, (at - row * rowBytes()) / scale) : width() / 2, chosen >= 0 ? row * ROW_HEIGHT : holder.clientHeight / 2);
	}

	function setMode(name) {
		mode = name;
		const states = [["live", "--live"], ["quarantined", "--quarantined"], ["being freed", "--freeing"], ["mixed", "--mixed"], ["damaged", "--damaged"]];
		const swatch = (color, text) => make("span", null, make("span", { class: "swatch", style: "background:" + color }), text);
		legend.replaceChildren(...(mode === "state" ? states.map(([text, color]) => swatch("var(" + color + ")", text)) : mode === "stack" ? ["each stack a colour of its own"] :
			[swatch(ramp(0), mode === "age" ? "newest" : "1 byte"), swatch(ramp(0.5), ""), swatch(ramp(1), mode === "age" ? "oldest" : "16 MiB")]), swatch("var(--free)", "free, red zones"), swatch("var(--kept)", "free run"));
		draw();
	}

	function setMap(index) {
		entry = data.maps[index];
		map = layMap(entry.report);
		chosen = -1;
		const heap = object(entry.report.heap);
		totals.textContent = countText(number(heap.live_blocks), "live block") + " (" + bytesText(number(heap.live_bytes)) + "), " + countText(map.segments.length, "range") + ", " + bytesText(map.bytes) +
			(entry.report.grouped ? "; neighbours put together" : "") + (entry.report.truncated ? "; not whole" : "");
		right.replaceChildren(make("p", { class: "note" }, "Choose a block to see its stacks."));
		const rows = map.segments.filter(segment => segment.zone).slice(0, 2000).map(segment => make("tr", { class: "go", tabindex: "0", onclick: () => chooseSegment(segment),
			onkeydown: event => { if (event.key === "Enter") chooseSegment(segment); } }, make("td", null, string(segment.zone.kind)), make("td", { class: "mono" }, string(segment.zone.begin)),
			...[bytesText(number(segment.zone.slot_bytes)), segment.zone.live, segment.zone.quarantined, segment.zone.free, bytesText(number(segment.zone.live_bytes))].map(text => make("td", { class: "num" }, string(text)))));
		zones.replaceChildren(make("table", null, make("thead", null, make("tr", null, ["Zone", "Begin", "Slot", "Live", "Held back", "Free", "Live bytes"].map((text, i) => make("th", { class: i > 1 ? "num" : "" }, text)))), make("tbody", null, rows)));
		fit();
		draw();
	}

	let dragged = null;
	canvas.addEventListener("wheel", event => {
		event.preventDefault();
		if (event.shiftKey) {
			top += Math.sign(event.deltaY) * 3 * rowBytes();
			draw();
		} else {
			const place = placeAt(event);
			zoom(event.deltaY > 0 ? 1.3 : 1 / 1.3, place.x, place.y);
		}
	}, { passive: false });
	canvas.addEventListener("pointerdown", event => { dragged = { y: event.clientY, top, moved: false }; canvas.setPointerCapture(event.pointerId); });
	canvas.addEventListener("pointerup", event => {
		if (dragged && !dragged.moved) {
			const place = placeAt(event), found = blockAt(place.at), segment = map.segments[findAt(map.segments, place.at)];
			choose(found, false);
			if (found < 0 && segment && place.at < map.bytes)
				right.replaceChildren(zoneFacts(segment));
		}
		dragged = null;
	});
	canvas.addEventListener("pointermove", event => {
		if (dragged) {
			const rows = Math.round((dragged.y - event.clientY) / ROW_HEIGHT);
			if (rows) {
				dragged.moved = true;
				top = dragged.top + rows * rowBytes();
				draw();
			}
			return;
		}
		const place = placeAt(event), found = blockAt(place.at), segment = map.segments[findAt(map.segments, place.at)];
		tip.hidden = !segment || place.at >= map.bytes;
		if (!tip.hidden) {
			tip.textContent = found >= 0 ? string(map.blocks[found].block.address) + ", " + bytesText(number(map.blocks[found].block.bytes)) + ", " + string(map.blocks[found].block.state) : segmentText(segment);
			tip.style.left = Math.max(0, Math.min(place.x + 12, width() - tip.offsetWidth - 4)) + "px";
			tip.style.top = (place.y + 26 > holder.clientHeight ? place.y - 26 : place.y + 14) + "px";
		}
	});
	canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
	canvas.addEventListener("keydown", key);

	const element = make("div", { class: "view" }, make("div", { class: "bar" },
		data.maps.length > 1 && selectOf("Map", data.maps.map((m, i) => [i, m.name]), setMap),
		selectOf("Colour by", Object.entries(mapModes).map(([value, m]) => [value, m.name]), setMode),
		make("button", { type: "button", onclick: () => zoomAtChosen(1 / 1.6), "aria-label": "Zoom in" }, "+"), make("button", { type: "button", onclick: () => zoomAtChosen(1.6), "aria-label": "Zoom out" }, "−"),
		make("button", { type: "button", onclick: () => { fit(); draw(); } }, "All"), totals),
		make("div", { class: "split wide" }, make("div", { class: "left" }, make("div", { class: "bar" }, legend), holder, zones), right));
	setMap(0);
	setMode("state");
	let first = true;
	new ResizeObserver(() => { if (first && holder.clientHeight) { fit(); first = false; } draw(); }).observe(holder);
	return { element, shown() { draw(); }, focus() { canvas.focus(); }, recolor() { colorCache = new Map(); draw(); },
		state: () => ({ chosen, scale, top, mode, blocks: map.blocks.length, bytes: map.bytes }) };
}
