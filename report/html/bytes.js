// SPDX-License-Identifier: MIT
// Bytes in hexadecimal, 16 a line, each coloured by what it is; those that differ from what should stand
// there are marked, and say what that is.

const byteKinds = { u: "the program's", s: "slack", r: "red zone", f: "freed", e: "free", g: "guard page (cannot be read)", o: "other" };

function bytesView(memory, focus) {
	const begin = BigInt(/^0x[0-9a-f]{1,16}$/.test(memory.begin) ? memory.begin : 0), hex = string(memory.data),
	      expected = string(memory.expected), marks = string(memory.marks);
	const focusAt = /^0x[0-9a-f]{1,16}$/.test(focus) ? Number(BigInt(focus) - begin) : -1;
	const count = Math.min(Math.floor(hex.length / 2), 4096),
	      out = make("pre", { class: "bytes", tabindex: "0", "aria-label": "Memory around the address" }), seen = new Set();
	let damaged = 0;

	const from = Number(begin & 15n);
	for (let line = -from; line < count; line += 16) {
		const digits = [], letters = [];
		for (let i = line; i < line + 16; i++) {
			if (i < 0 || i >= count) {
				digits.push("   ");
				letters.push(" ");
				continue;
			}
			const mark = marks[i] || ".", bad = mark === "!" || (mark >= "A" && mark <= "Z"),
			      kind = mark === "." || mark === "!" ? "o" : mark.toLowerCase();
			const pair = hex.slice(2 * i, 2 * i + 2), code = parseInt(pair, 16);
			const properties = { class: (kind in byteKinds ? kind : "o") + (bad ? " bad" : "") + (i === focusAt ? " here" : ""),
				title: (byteKinds[kind] || "other") + (bad ? ", should be " + expected.slice(2 * i, 2 * i + 2) : "") };
			seen.add(kind);
			damaged += bad;
			digits.push(make("span", properties, kind === "g" ? "--" : pair), " ");
			letters.push(make("span", { class: properties.class }, code >= 32 && code < 127 ? String.fromCharCode(code) : "."));
		}
		out.append(make("span", { class: "weak" }, hexText(begin + BigInt(line))), "  ", ...digits, " ", ...letters, "\n");
	}
	const legend = make("div", { class: "legend" },
		[...seen].filter(kind => kind in byteKinds).map(kind => make("span", { class: kind }, "■ " + byteKinds[kind])),
		damaged > 0 && make("span", null, make("span", { class: "bad" }, " 00 "), " damaged: " + countText(damaged, "byte")));
	return make("div", null, out, legend);
}
