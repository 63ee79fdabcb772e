// SPDX-License-Identifier: MIT
// Flame graph of the live heap: bytes by stack, the outermost function at the top. From a map, or from leaks, or from what grew.

function flameSources() {
	const sources = [];
	for (const m of data.maps)
		sources.push({ name: "live blocks of " + m.name, rows: () => liveRows(m) });
	for (const r of data.leaks)
		if (list(r.groups).length)
			sources.push({ name: "leaks of " + processName(r), rows: () => list(r.groups).map(object).map(g =>
				({ stack: list(g.stack), bytes: number(g.bytes), blocks: number(g.blocks) })) });
	for (const r of data.growths)
		if (list(r.stacks).length)
			sources.push({ name: "growth of " + processName(r), rows: () => list(r.stacks).map(object).map(s =>
				({ stack: list(s.stack), bytes: number(s.rise), blocks: 0 })) });
	return sources;
}

// What each stack of a map has allocated; and what is left of the totals: blocks without a stack, and stacks that there was no room for.
function liveRows(map) {
	const heap = object(map.report.heap),
	      rest = { stack: [{ function: "(no stack)" }], bytes: number(heap.live_bytes), blocks: number(heap.live_blocks) };
	const rows = list(map.report.stacks).map(object).filter(stack => number(stack.live_blocks) > 0).map(stack =>
		({ stack: map.stacks.get(stack.id), bytes: number(stack.live_bytes), blocks: number(stack.live_blocks) }));
	for (const row of rows) {
		rest.bytes -= row.bytes;
		rest.blocks -= row.blocks;
	}
	return rest.bytes > 0 || rest.blocks > 0 ? [...rows, rest] : rows;
}

const FLAME_DEPTH = 512; // the library takes 128 frames; those inlined come on top

function flameTree(rows) {
	const root = { name: "all", bytes: 0, blocks: 0, children: new Map(), parent: null };
	for (const row of rows) {
		let node = root;
		root.bytes += row.bytes;
		root.blocks += row.blocks;
		for (let i = Math.min(row.stack.length, FLAME_DEPTH) - 1; i >= 0; i--) {
			const frame = object(row.stack[i]), name = frameName(frame) || "?";
			let child = node.children.get(name);
			if (!child)
				node.children.set(name,
					child = { name, place: framePlace(frame), bytes: 0, blocks: 0, children: new Map(), parent: node });
			child.bytes += row.bytes;
			child.blocks += row.blocks;
			node = child;
		}
	}
	return root;
}

function flameView() {
	const sources = flameSources(),
	      holder = make("div", { class: "flame", role: "tree", id: "flame", "aria-label": "Flame graph: bytes by stack" }),
	      text = make("p", { class: "mono told", role: "status" });
	const search =
		make("input", { type: "search", placeholder: "Mark functions", "aria-label": "Mark functions", oninput: () => draw() });
	let root, zoomed, nodes = new Map();

	function tell(node) {
		text.textContent = node.name + (node.place ? " (" + node.place + ")" : "") + ": " + bytesText(node.bytes) +
			(node.blocks ? " in " + countText(node.blocks, "block") : "") + ", " +
			(root.bytes ? (100 * node.bytes / root.bytes).toFixed(1) : "0") + " %";
	}

	function zoom(node) {
		zoomed = node;
		draw();
		(holder.querySelector("button[data-zoomed]") || holder.firstChild || holder).focus();
	}

	function key(event, node) {
		const siblings = node.parent
			? [...node.parent.children.values()].filter(n => nodes.has(n)).sort((a, b) => b.bytes - a.bytes)
			: [node];
		const next = {
			ArrowUp: () => node.parent,
			ArrowDown: () => [...node.children.values()].sort((a, b) => b.bytes - a.bytes).find(n => nodes.has(n)),
			ArrowLeft: () => siblings[siblings.indexOf(node) - 1],
			ArrowRight: () => siblings[siblings.indexOf(node) + 1]
		}[event.key];
		if (next) {
			event.preventDefault();
			const to = next();
			if (to && nodes.has(to))
				nodes.get(to).focus();
		} else if (event.key === "Escape") {
			zoom(root);
		}
	}

	function draw() {
		const word = search.value.toLowerCase(), path = [], drawn = [];
		let deepest = 0;
		nodes = new Map();
		for (let node = zoomed; node; node = node.parent)
			path.unshift(node);
		const put = (node, left, width, depth) => {
			const button = make("button", {
				type: "button",
				role: "treeitem",
				"aria-level": String(depth + 1),
				tabindex: node === zoomed ? "0" : "-1",
				"data-zoomed": node === zoomed,
				title: node.name + ", " + bytesText(node.bytes),
				"aria-label": node.name + ", " + bytesText(node.bytes),
				class: word && node.name.toLowerCase().includes(word) ? "found" : "",
				style: "left:" + 100 * left + "%;width:" + 100 * width + "%;top:" + 20 * depth + "px;background:hsl(" +
					(8 + hashText(node.name) % 48) + " 80% " + (62 + hashText(node.name) % 12) + "%)",
				onclick: () => zoom(node),
				onfocus: () => tell(node),
				onmouseenter: () => tell(node),
				onkeydown: event => key(event, node)
			},
				width > 0.015 ? node.name : "");
			nodes.set(node, button);
			drawn.push(button);
			deepest = Math.max(deepest, depth);
		};
		path.slice(0, -1).forEach((node, depth) => put(node, 0, 1, depth));
		const visit = (node, left, width, depth) => {
			put(node, left, width, depth);
			for (const child of [...node.children.values()].sort((a, b) => b.bytes - a.bytes)) {
				const part = node.bytes ? width * child.bytes / node.bytes : 0;
				if (part > 0.001) // a pixel: more would not be seen
					visit(child, left, part, depth + 1);
				left += part;
			}
		};
		visit(zoomed, 0, 1, path.length - 1);
		holder.style.height = 20 * (deepest + 1) + "px";
		holder.replaceChildren(...drawn);
		tell(zoomed);
	}

	function setSource(index) {
		zoomed = root = flameTree(sources[index].rows());
		draw();
	}

	const element = make("div", { class: "view" },
		make("div", { class: "bar" }, selectOf("Of", sources.map((source, i) => [i, source.name]), setSource), search,
			make("button", { type: "button", onclick: () => zoom(root) }, "All"),
			make("span", { class: "weak" }, "Enter zooms, Escape goes back, arrows move")),
		make("div", { class: "scroll" }, text, holder));
	setSource(0);
	return { element, focus() { holder.firstChild.focus(); }, search, state: () => ({ bytes: root.bytes, blocks: root.blocks }) };
}

function hashText(value) {
	let hash = 2166136261;
	for (let i = 0; i < value.length; i++)
		hash = Math.imul(hash ^ value.charCodeAt(i), 16777619);
	return hash >>> 0;
}
