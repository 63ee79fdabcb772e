// SPDX-License-Identifier: MIT
// One report in full.

function ownerView(title, owner, open) {
	owner = object(owner);
	if (!Object.keys(owner).length)
		return null;
	return make("details", { open },
		make("summary", null,
			title + (owner.function ? " by " + string(owner.function) : "") +
				(known(owner.thread) ? " in " + threadText(owner.thread) : "") +
				(known(owner.seconds) ? " at " + secondsText(number(owner.seconds)) : "")),
		stackView(owner.stack));
}

function blockFacts(block) {
	const offset = number(block.offset), behind = offset - number(block.bytes);
	const place = offset < 0 ? countText(-offset, "byte") + " before its start"
		: behind >= 0    ? countText(behind, "byte") + " behind its end"
				 : "at offset " + offset;
	return facts([["Block", string(block.address) + ", " + bytesFull(number(block.bytes))], ["State", block.state],
		["Address is", known(block.offset) ? place : ""], ["Guard page", block.guard]]);
}

// Who had the address when: earlier owners, this block, and the moment of the report.
function lifeView(report) {
	const block = object(report.block), events = list(object(report.history).events).map(object);
	const bars = [], open = new Map(), now = number(object(report.process).seconds);
	for (const event of events) {
		if (event.kind === "alloc")
			open.set(event.address, event);
		else if (event.kind === "free") {
			const from = open.get(event.address);
			bars.push({
				from: from ? number(from.seconds) : number(event.seconds),
				to: number(event.seconds),
				label: bytesText(number(event.bytes)) + " " + siteText((from || event).stack),
				earlier: true
			});
			open.delete(event.address);
		}
	}
	const allocated = object(block.allocated), freed = object(block.freed);
	if (known(allocated.seconds))
		bars.push({
			from: number(allocated.seconds),
			to: known(freed.seconds) ? number(freed.seconds) : now,
			label: bytesText(number(block.bytes)) + " " + siteText(allocated.stack)
		});
	if (!bars.length)
		return null;
	const first = Math.min(...bars.map(bar => bar.from)), span = Math.max(now - first, 1e-6), width = 640,
	      height = bars.length * 28 + 34;
	const precise = seconds => span < 0.1 ? seconds.toFixed(6) + " s" : secondsText(seconds); // of events that lie close together
	const x = seconds => 4 + (width - 12) * (seconds - first) / span;
	const svg = makeSvg("svg", {
		viewBox: "0 0 " + width + " " + height,
		width: "100%",
		style: "max-width:" + width + "px",
		role: "img",
		"aria-label": "Owners of the address in time: " +
			bars.map(bar => bar.label + " from " + precise(bar.from) + " to " + precise(bar.to)).join("; ")
	});
	bars.forEach((bar, i) => {
		const y = i * 28, late = x(bar.from) > width * 0.6;
		const put = (from, to, top, thickness, color, text) => svg.append(makeSvg("rect",
			{ x: x(from), y: y + top, width: Math.max(2, x(to) - x(from)), height: thickness, fill: "var(" + color + ")" },
			makeSvg("title", null, text)));
		svg.append(makeSvg("text", { x: late ? x(now) - 6 : x(bar.from), y: y + 13, "text-anchor": late ? "end" : "start" }, bar.label));
		put(bar.from, bar.to, 17, 8, bar.earlier ? "--mixed" : "--live", precise(bar.from) + " to " + precise(bar.to));
		if (!bar.earlier && bar.to < now)
			put(bar.to, now, 20, 2, "--freed", "freed, and kept from reuse, since " + precise(bar.to));
	});
	svg.append(makeSvg("line", { x1: x(now), x2: x(now), y1: 0, y2: height - 18, stroke: "var(--damaged)", "stroke-width": 2 }),
		makeSvg("text", { x: x(now), y: height - 4, "text-anchor": "end" }, "noticed at " + precise(now)),
		makeSvg("text", { x: 4, y: height - 4 }, precise(first)));
	return make("section", null, make("h3", null, "History of the address"), svg);
}

function errorRows(report) {
	const access = object(report.access), damage = object(report.damage), crash = object(report.crash);
	const accessText = string(access.kind) + (access.bytes ? " of " + countText(number(access.bytes), "byte") : "") +
		(access.function ? " by " + string(access.function) : "");
	return [
		["Address", report.address], ["Place", report.place], ["Noticed", report.noticed],
		["Access", access.kind ? accessText : ""],
		[
			"Damaged",
			damage.bytes ? countText(number(damage.bytes), "byte") + " in " + string(damage.begin) + " to " + string(damage.end)
				     : ""
		],
		["Suspect", damage.suspect], ["Signal", crash.signal ? string(crash.signal) + ", " + string(crash.cause) : ""],
		["Names missing", report.names_missing]
	];
}

function errorBody(report) {
	const call = object(report.call), access = object(report.access), block = object(report.block), crash = object(report.crash);
	const late = call.is_mistake === false;
	return [
		ownerView(late                ? "Noticed"
				: access.kind ? "Access"
					      : "Call",
			call, true),
		ownerView("Allocated", block.allocated, true), ownerView("Freed", block.freed, true), block.address && blockFacts(block),
		report.memory && make("section", null, make("h3", null, "Memory"), bytesView(object(report.memory), report.address)),
		lifeView(report),
		list(report.threads).length > 0 &&
			make("details", null, make("summary", null, "Threads"),
				list(report.threads)
					.map(object)
					.map(thread => [facts([
						["Thread", threadText(thread.id)], ["Name", thread.name], ["Number", thread.tid],
						["Created by", threadText(thread.creator)]
					]),
						     list(thread.created).length ? stackView(thread.created) : null])
					.flat()),
		crash.registers && make("details", null, make("summary", null, "Registers"), facts(Object.entries(object(crash.registers))))
	];
}

function leakRows(report, group) {
	const sample = object(group.sample), held = object(group.held);
	return [["Blocks", group.blocks], ["Bytes", group.bytes],
		["Holds besides", held.blocks ? countText(number(held.blocks), "block") + ", " + bytesText(number(held.bytes)) : ""],
		["Allocated by", string(group.function) + " " + threadText(group.thread)],
		["Between", known(group.oldest) ? secondsText(number(group.oldest)) + " and " + secondsText(number(group.newest)) : ""],
		["Sample", sample.address && string(sample.address) + ", " + bytesFull(number(sample.bytes))], ["When", report.when]];
}

function leakBody(group) {
	const sample = object(group.sample);
	return [
		make("h3", null, "Allocated"), stackView(group.stack),
		sample.data &&
			bytesView({
				begin: sample.address,
				data: sample.data,
				expected: "",
				marks: "u".repeat(string(sample.data).length / 2)
			},
				"")
	];
}

function growthBody(report, stack) {
	return [
		seriesChart("Bytes in each snapshot", list(report.snapshots).map(s => number(object(s).seconds)),
			[{ name: siteText(stack.stack), values: list(stack.snapshots).map(s => number(object(s).bytes)) }]),
		make("h3", null, "Allocated"), stackView(stack.stack)
	];
}

function detailView(item, equal, show) {
	const report = item.report, at = equal.indexOf(item);
	const watched = object(report.watched);
	// Of each type of report: rows of its own for the list of facts, and what stands below it.
	const types = {
		error: { rows: () => errorRows(report), body: () => errorBody(report) },
		leaks: { rows: () => leakRows(report, item.part), body: () => leakBody(item.part) },
		growth: { rows: () => [["Rise", bytesFull(number(item.part.rise))]], body: () => growthBody(report, item.part) },
		write: {
			rows: () => [["Address", watched.address], ["Bytes", watched.bytes], ["Value", watched.value],
				["Thread", threadText(report.thread)], ["First write from there", report.first]],
			body: () => [make("h3", null, "Written"), stackView(report.stack)]
		},
		message: { rows: () => [], body: () => [make("pre", { class: "raw" }, string(report.text))] },
		statistics: {
			rows: () => [],
			body: () => ["counters", "heap"].map(
				name => make("section", null, make("h3", null, name), facts(Object.entries(object(report[name])))))
		}
	};
	const raw = make("details", {
		ontoggle: () => {
			if (!raw.lastChild.textContent)
				raw.lastChild.textContent = JSON.stringify(item.part || report, null, 2);
		}
	},
		make("summary", null, "JSON"), make("pre", { class: "raw" }));
	const steps = equal.length > 1 &&
		make("p", null, make("button", { type: "button", disabled: at <= 0, onclick: () => show(equal[at - 1]) }, "Newer"), " ",
			make("button", { type: "button", disabled: at >= equal.length - 1, onclick: () => show(equal[at + 1]) }, "Older"),
			" " + (at + 1) + " of " + equal.length + " equal reports");
	return make("article", null, make("h2", null, item.kind + (item.site ? ": " + item.site : "")), make("p", null, string(item.title)),
		report.hint && make("p", { class: "weak" }, string(report.hint)), steps, facts([
			["Process", item.process], ["Program", object(report.process).program],
			["Time", [dateText(item.time), secondsText(item.seconds) + " after its start"].filter(s => s).join(", ")],
			["Fingerprint", item.fingerprint], ["Not whole", report.truncated ? "there was no room for all of it" : ""],
			...types[report.type].rows()
		]),
		types[report.type].body(), raw);
}
