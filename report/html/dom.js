// SPDX-License-Identifier: MIT
// Elements and texts. What comes from data goes into the page as text, never as markup: nothing here or elsewhere in the page
// uses innerHTML.

function make(tag, properties, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(properties || {})) {
		if (name.startsWith("on"))
			element.addEventListener(name.slice(2), value);
		else if (name === "class")
			element.className = value;
		else if (name === "style")
			element.style.cssText = value;
		else if (value !== undefined && value !== false)
			element.setAttribute(name, value === true ? "" : value);
	}
	element.append(...children.flat().filter(child => known(child) && child !== false));
	return element;
}

function makeSvg(tag, attributes, ...children) {
	const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
	for (const [name, value] of Object.entries(attributes || {}))
		element.setAttribute(name, value);
	element.append(...children.flat());
	return element;
}

function bytesText(bytes) {
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let unit = 0;
	while (bytes >= 1024 && unit < units.length - 1) {
		bytes /= 1024;
		unit++;
	}
	return (unit ? bytes.toFixed(1) : String(bytes)) + " " + units[unit];
}

const bytesFull = bytes => bytes < 1024 ? countText(bytes, "byte") : bytesText(bytes) + " (" + countText(bytes, "byte") + ")";
const countText = (count, word) => count.toLocaleString("en") + (word ? " " + word + (count === 1 ? "" : "s") : "");
const secondsText = seconds =>
	seconds > 0 && seconds < 0.001 ? Math.round(seconds * 1e6) + " µs" : seconds.toFixed(seconds < 10 ? 3 : 1) + " s";
const dateText = seconds => seconds > 0 ? new Date(seconds * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC" : "";
const threadText = thread => known(thread) ? "T" + string(thread) : "";
const hexText = value => "0x" + value.toString(16);

// [["name", value], ...]; rows without a value are left out.
function facts(rows) {
	return make("dl", null,
		rows.filter(row => known(row[1]) && row[1] !== "")
			.map(([name, value]) => [make("dt", null, name),
				     make("dd", value instanceof Node ? null : { class: "mono" },
					     value instanceof Node ? value : string(value))])
			.flat());
}

function stackView(stack) {
	const site = siteFrame(stack);
	if (!list(stack).length)
		return make("p", { class: "weak" }, "No stack is known.");
	return make("ol", { class: "stack" }, list(stack).map((entry, i) => {
		const frame = object(entry);
		return make("li", { class: "frame" + (entry === site ? " site" : "") }, "#" + i + " ",
			make("span", { class: "function" }, frameName(frame)), " ",
			make("span", {
				class: "place",
				title: [string(frame.module), string(frame.build_id), string(frame.pc)].filter(s => s).join("\n")
			},
				framePlace(frame), frame.inlined ? " [inlined]" : "", frame.unloaded ? " [unloaded]" : ""));
	}));
}

function selectOf(label, options, onchange) {
	const select =
		make("select", { onchange: () => onchange(select.value) }, options.map(([value, text]) => make("option", { value }, text)));
	return make("label", null, label, select);
}

// A list of thousands of rows of one height, of which only those in sight are in the page. Arrows, Page, Home and End choose, Enter opens.
class VirtualList {
	constructor(label, rowHeight, fill, onchoose, onopen) {
		this.rowHeight = rowHeight;
		this.fill = fill;
		this.onchoose = onchoose;
		this.chosen = -1;
		this.rows = [];
		this.id = "list" + VirtualList.count++;
		this.space = make("div", { class: "space", role: "presentation" });
		this.element = make("div", { class: "list", role: "listbox", tabindex: "0", "aria-label": label }, this.space);
		this.element.addEventListener("scroll", () => this.draw());
		this.element.addEventListener("keydown", event => this.key(event, onopen));
		new ResizeObserver(() => this.draw()).observe(this.element);
	}

	set(rows, chosen) {
		this.rows = rows;
		this.space.style.height = rows.length * this.rowHeight + "px";
		this.chosen = -1;
		this.element.scrollTop = 0;
		if (rows.length && chosen !== -1)
			this.choose(chosen || 0);
		else
			this.draw();
	}

	choose(index) {
		index = Math.max(0, Math.min(this.rows.length - 1, index));
		if (!this.rows.length)
			return;
		this.chosen = index;
		const top = index * this.rowHeight, height = this.element.clientHeight || 400;
		if (top < this.element.scrollTop)
			this.element.scrollTop = top;
		else if (top + this.rowHeight > this.element.scrollTop + height)
			this.element.scrollTop = top + this.rowHeight - height;
		this.draw();
		this.onchoose(this.rows[index], index);
	}

	key(event, onopen) {
		const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight) - 1);
		const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
		if (event.key in moves && !event.ctrlKey && !event.altKey && !event.metaKey) {
			event.preventDefault();
			this.choose(this.chosen + moves[event.key]);
		} else if (event.key === "Enter" && onopen) {
			event.preventDefault();
			onopen();
		}
	}

	draw() {
		const first = Math.max(0, Math.floor(this.element.scrollTop / this.rowHeight) - 4);
		const last = Math.min(this.rows.length, first + Math.ceil((this.element.clientHeight || 400) / this.rowHeight) + 9);
		const drawn = [];
		for (let i = first; i < last; i++) {
			const row = make("div", {
				class: "row",
				role: "option",
				id: this.id + "-" + i,
				"aria-selected": String(i === this.chosen),
				"aria-posinset": String(i + 1),
				"aria-setsize": String(this.rows.length),
				style: "top:" + i * this.rowHeight + "px;height:" + this.rowHeight + "px",
				onclick: () => this.choose(i)
			});
			this.fill(row, this.rows[i]);
			drawn.push(row);
		}
		this.space.replaceChildren(...drawn);
		if (this.chosen >= first && this.chosen < last)
			this.element.setAttribute("aria-activedescendant", this.id + "-" + this.chosen);
		else
			this.element.removeAttribute("aria-activedescendant");
	}
}
VirtualList.count = 0;
