// SPDX-License-Identifier: MIT
// The map of a heap: a canvas with the rows of map_layout.js, what is chosen in it, and the table of zones.

const ROW_HEIGHT = 12;

function mapView() {
	let entry = data.maps[0], map = layMap(entry.report), mode = "state", scale = 0, top = 0, chosen = -1;
	const canvas = make("canvas", {
		tabindex: "0",
		id: "map",
		role: "application",
		"aria-label": "Map of the heap. Left and right choose a block, up and down a row, plus and minus zoom, 0 shows all."
	});
	const tip = make("div", { class: "tip", hidden: true }), legend = make("div", { class: "legend" });
	const right =
		make("div", { class: "right", tabindex: "-1", role: "region", "aria-label": "Block", "aria-live": "polite", id: "block" });
	const totals = make("span", { class: "weak" });
	const zoneColumns = [
		["Zone", zone => string(zone.kind)], ["Begin", zone => string(zone.begin)],
		["Slot", zone => bytesText(number(zone.slot_bytes))], ["Live", zone => countText(number(zone.live))],
		["Quarantined", zone => countText(number(zone.quarantined))], ["Free", zone => countText(number(zone.free))],
		["Live bytes", zone => bytesText(number(zone.live_bytes))]
	];
	const zones = new VirtualList("Zones", 22, (row, segment) => {
		row.className = "row cells zone";
		row.append(...zoneColumns.map(([, text], i) => make("span", { class: i > 1 ? "num" : "mono" }, text(segment.zone))));
	}, chooseSegment, () => right.focus());
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
		const ratio = window.devicePixelRatio || 1, w = width(), h = Math.max(50, holder.clientHeight),
		      context = canvas.getContext("2d");
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
		// Blocks smaller than a pixel are drawn a pixel wide, one for each pixel: of a million, few are.
		let last = -1;
		for (let i = Math.max(0, findAt(map.blocks, top)); i < map.blocks.length && map.blocks[i].at < end; i++) {
			const place = map.blocks[i], pixel = Math.floor((place.at - top) / scale);
			if (pixel === last && place.to - place.at < scale && !place.block.damaged)
				continue;
			last = pixel;
			context.fillStyle = mapModes[mode].color(place.block, map);
			pieces(place.at, place.to, (x, y, length) =>
				context.fillRect(x, y, Math.max(1, length > 3 ? length - 0.7 : length), ROW_HEIGHT - 2));
		}
		context.fillStyle = cssColor("--weak");
		for (let i = Math.max(0, findAt(map.segments, top)); i < map.segments.length && map.segments[i].at < end;
			i++) // where segments begin
			if (map.segments[i].at >= top)
				pieces(map.segments[i].at, map.segments[i].at + 1, (x, y) => context.fillRect(x - 0.5, y, 1, ROW_HEIGHT));
		if (chosen >= 0) {
			context.strokeStyle = cssColor("--text");
			context.lineWidth = 2;
			pieces(map.blocks[chosen].at, map.blocks[chosen].to,
				(x, y, length) => context.strokeRect(x, y, Math.max(3, length), ROW_HEIGHT - 2));
		}
	}

	function zoom(factor, x, y) {
		const row = Math.floor(y / ROW_HEIGHT), at = top + row * rowBytes() + x * scale;
		scale *= factor;
		limit();
		// The byte stays in the row that it was in; rows begin at multiples of their length, so that what scrolls stays in its
		// column.
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
		const where = segment.zone ? segment.zone : segment.run,
		      range = "[" + string(where.begin) + "," + string(where.end) + ") " + bytesText(segment.end - segment.begin);
		return segment.zone ? string(where.kind) + " zone " + range
				    : "free run " + range + (where.kept ? ", pages kept" : ", pages given back");
	}

	function zoneFacts(segment) {
		const zone = segment.zone;
		return make("section", null, make("h3", null, segmentText(segment)), zone && facts([
			["Slots", string(zone.slots) + " of " + bytesText(number(zone.slot_bytes))],
			["Live", string(zone.live) + ", " + bytesText(number(zone.live_bytes))], ["Quarantined", zone.quarantined],
			["In caches", zone.cached], ["Free", string(zone.free) + ", " + string(zone.untouched) + " never used"]
		]));
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
		right.replaceChildren(make("h2", null,
					      many ? countText(number(block.blocks), "block") + " from " + string(block.address)
						   : "Block " + string(block.address)),
			facts([
				["State", string(block.state) + (block.damaged ? ", damaged" : "")],
				["Size", bytesFull(number(block.bytes))], ["Thread", threadText(block.thread)],
				[
					"Allocated at",
					known(block.seconds) ? secondsText(number(block.seconds)) + ", " +
							secondsText(Math.max(0, map.now - number(block.seconds))) + " before the map"
							     : ""
				]
			]),
			make("h3", null, "Allocated"), stackView(stack),
			known(block.free_stack)
				? make("section", null, make("h3", null, "Freed"), stackView(entry.stacks.get(block.free_stack)))
				: "",
			zoneFacts(place.segment));
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
			choose(chosen < 0 ? Math.max(0, findAt(map.blocks, top))
					  : Math.max(0, Math.min(map.blocks.length - 1, chosen + step)),
				true);
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
		const at = chosen >= 0 ? map.blocks[chosen].at - top : 0,
		      row = Math.max(0, Math.min(rowsInSight() - 1, Math.floor(at / rowBytes())));
		zoom(factor, chosen >= 0 ? Math.max(0, (at - row * rowBytes()) / scale) : width() / 2,
			chosen >= 0 ? row * ROW_HEIGHT : holder.clientHeight / 2);
	}

	function setMode(name) {
		mode = name;
		const states = [
			["live", "--live"], ["quarantined", "--quarantined"], ["being freed", "--freeing"], ["mixed", "--mixed"],
			["damaged", "--damaged"]
		];
		const swatch = (color, text) => make("span", null, make("span", { class: "swatch", style: "background:" + color }), text);
		const shades = mode === "age" ? ["newest", "…", "oldest"] : ["1 byte", "…", "16 MiB"];
		const shown = mode === "state" ? states.map(([text, color]) => swatch("var(" + color + ")", text)) :
			mode === "stack" ? ["each stack a colour of its own"] : shades.map((text, i) => swatch(ramp(i / 2), text));
		legend.replaceChildren(...shown, swatch("var(--free)", "free, red zones"), swatch("var(--kept)", "free run"));
		draw();
	}

	function setMap(index) {
		entry = data.maps[index];
		map = layMap(entry.report);
		chosen = -1;
		const heap = object(entry.report.heap);
		totals.textContent = countText(number(heap.live_blocks), "live block") + " (" + bytesText(number(heap.live_bytes)) + "), " +
			countText(map.segments.length, "range") + ", " + bytesText(map.bytes) +
			(entry.report.grouped ? "; neighbours put together" : "") + (entry.report.truncated ? "; not whole" : "");
		right.replaceChildren(make("p", { class: "note" }, "Choose a block to see its stacks."));
		zones.set(map.segments.filter(segment => segment.zone), -1);
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
	canvas.addEventListener("pointerdown", event => {
		dragged = { y: event.clientY, top, moved: false };
		canvas.setPointerCapture(event.pointerId);
	});
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
			tip.textContent = found >= 0 ? string(map.blocks[found].block.address) + ", " +
					bytesText(number(map.blocks[found].block.bytes)) + ", " + string(map.blocks[found].block.state)
						     : segmentText(segment);
			tip.style.left = Math.max(0, Math.min(place.x + 12, width() - tip.offsetWidth - 4)) + "px";
			tip.style.top = (place.y + 26 > holder.clientHeight ? place.y - 26 : place.y + 14) + "px";
		}
	});
	canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
	canvas.addEventListener("keydown", key);

	const element = make("div", { class: "view" },
		make("div", { class: "bar" }, data.maps.length > 1 && selectOf("Map", data.maps.map((m, i) => [i, m.name]), setMap),
			selectOf("Colour by", Object.entries(mapModes).map(([value, m]) => [value, m.name]), setMode),
			make("button", { type: "button", onclick: () => zoomAtChosen(1 / 1.6), "aria-label": "Zoom in" }, "+"),
			make("button", { type: "button", onclick: () => zoomAtChosen(1.6), "aria-label": "Zoom out" }, "−"),
			make("button", {
				type: "button",
				onclick: () => {
					fit();
					draw();
				}
			},
				"All"),
			totals),
		make("div", { class: "split wide" },
			make("div", { class: "left" }, make("div", { class: "bar" }, legend), holder,
				make("div", { class: "zones columns" },
					make("div", { class: "cells zone head", "aria-hidden": "true" },
						zoneColumns.map(([name], i) => make("span", { class: i > 1 ? "num" : "" }, name))),
					zones.element)),
			right));
	setMap(0);
	setMode("state");
	let first = true;
	new ResizeObserver(() => { if (first && holder.clientHeight) { fit(); first = false; } draw(); }).observe(holder);
	return { element, shown() { draw(); }, focus() { canvas.focus(); }, recolor() { colorCache = new Map(); draw(); },
		state: () => ({ chosen, scale, top, mode, blocks: map.blocks.length, bytes: map.bytes }) };
}
